from __future__ import annotations

from converters.tflite.errors import explain

LINE = (
    '<unknown>:0: error: loc(callsite(fused["{op}:", "{node}@__inference_serve_379"] at '
    'callsite(fused["StatefulPartitionedCall:", "StatefulPartitionedCall_1"]))): '
    "'tf.{op}' op is neither a custom op nor a flex op"
)
LOG = "\n".join(
    LINE.format(op=op, node=node)
    for op, node in [
        ("FFT2D", "net_1/spectrum_1/FFT2D"),
        ("Erfinv", "net_1/inner_1/inverse_2/erfinv/Erfinv"),
        ("Erfinv", "net_1/inner_1/inverse_3/erfinv/Erfinv"),
    ]
)


def test_operators_are_named_with_the_layers_that_need_them() -> None:
    text = explain(LOG, "float32", ["spectrum", "inner", "inverse_2", "inverse_3"])
    assert "Erfinv in inverse_2, inverse_3; FFT2D in spectrum." in text
    assert "loc(" not in text


def test_without_names_of_layers_nodes_are_named() -> None:
    assert "FFT2D in net_1/spectrum_1" in explain(LOG, "float32")


def test_operators_without_a_place_are_named_all_the_same() -> None:
    assert "counterpart: FFT." in explain("tf.FFT(tensor<4xcomplex<f32>>) -> ()", "float32")


def test_many_layers_are_cut_short() -> None:
    lines = [LINE.format(op="Erfinv", node=f"net/layer{n}/Erfinv") for n in range(30)]
    text = explain("\n".join(lines), "float32")
    assert "and 22 more" in text
    assert len(text) < 500


def test_any_other_failure_is_one_line() -> None:
    assert explain("\nno such folder\nmore\n", "int8").endswith("int8 failed: no such folder")
