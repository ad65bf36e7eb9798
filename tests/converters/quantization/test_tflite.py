"""Every knob of an int8 plan on a small ``.tflite`` with two inputs and two outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from converters.quantization.plan import Int8Plan
from converters.quantization.tflite import quantize_tflite
from converters.quantization.trace import Trace
from converters.sources import open_source
from edgecnn.errors import ConversionError
from tests.helpers.quantized_nets import (
    image_feeds,
    net_with_a_bad_layer,
    passes,
    two_sided_feeds,
    two_sided_net,
)

FEEDS = two_sided_feeds(24)


@pytest.fixture(scope="module")
def float32() -> bytes:
    with open_source(two_sided_net()) as source:
        return source.tflite()


@pytest.fixture(scope="module")
def lopsided() -> bytes:
    with open_source(net_with_a_bad_layer(times=8.0)) as source:
        return source.tflite()


def answers(model: bytes, feeds: list[Any]) -> dict[str, np.ndarray]:
    trace = Trace(model)
    found = []
    for feed in feeds:
        trace.run(feed)
        found.append(trace.answers())
    return {name: np.concatenate([answer[name] for answer in found]) for name in found[0]}


def error(float32: bytes, model: bytes, feeds: list[Any] = FEEDS) -> float:
    """Largest of the outputs' rms differences, each over the rms of its float values."""
    exact, rounded = answers(float32, feeds), answers(model, feeds)
    return max(
        float(np.sqrt(np.mean((rounded[name] - exact[name]) ** 2) / np.mean(exact[name] ** 2)))
        for name in exact
    )


def interpreter(model: bytes) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(model_content=model)


def rim_types(model: bytes) -> set[str]:
    opened = interpreter(model)
    details = [*opened.get_input_details(), *opened.get_output_details()]
    return {detail["dtype"].__name__ for detail in details}


def float_operations(model: bytes) -> set[str]:
    trace = Trace(model)
    return {
        operation.name
        for operation in trace.operations
        if operation.kind not in ("QUANTIZE", "DEQUANTIZE")
        and trace.step(operation.outputs[0]) is None
    }


def stem_step(model: bytes) -> float:
    trace = Trace(model)
    stem = next(operation for operation in trace.operations if operation.kind == "CONV_2D")
    step = trace.step(stem.outputs[0])
    assert step is not None
    return step


@pytest.mark.parametrize(
    "plan",
    [
        Int8Plan(),
        Int8Plan(ranges="percentile"),
        Int8Plan(ranges="mse"),
        Int8Plan(per_channel=False),
        Int8Plan(even_channels=True),
        Int8Plan(bias_correction="fast"),
        Int8Plan(bias_correction="accurate"),
    ],
)
def test_every_way_is_close_and_gives_the_same_bytes_again(float32: bytes, plan: Int8Plan) -> None:
    model = quantize_tflite(float32, passes(FEEDS), plan)
    assert 0 < error(float32, model) < 0.05
    assert not float_operations(model)
    assert model == quantize_tflite(float32, passes(FEEDS), plan)


@pytest.mark.parametrize("rim", ["int8", "uint8", "float32"])
def test_the_rim_has_the_type_asked_for_and_the_names_of_the_source(
    float32: bytes, rim: Any
) -> None:
    model = quantize_tflite(float32, passes(FEEDS), Int8Plan(rim=rim))
    assert rim_types(model) == {rim}
    (signature,) = interpreter(model).get_signature_list().values()
    assert set(signature["inputs"]) == {"picture", "numbers"}
    assert set(signature["outputs"]) == {"shares", "scores"}
    runner = interpreter(model).get_signature_runner()
    assert runner.get_input_details()["picture"]["shape"].tolist() == [1, 12, 12, 3]
    assert runner.get_output_details()["scores"]["shape"].tolist() == [1, 2]


def test_a_uint8_rim_changes_no_answer(float32: bytes) -> None:
    one = quantize_tflite(float32, passes(FEEDS), Int8Plan())
    two = quantize_tflite(float32, passes(FEEDS), Int8Plan(rim="uint8"))
    expected, actual = answers(one, FEEDS), answers(two, FEEDS)
    for name, values in expected.items():
        np.testing.assert_array_equal(actual[name], values)


def test_the_delegate_of_devices_agrees_with_what_is_traced(float32: bytes) -> None:
    model = quantize_tflite(float32, passes(FEEDS), Int8Plan(rim="uint8"))
    runner = interpreter(model).get_signature_runner()
    slots = runner.get_input_details()
    feed = {}
    for name, values in FEEDS[0].items():
        scale, zero = slots[name]["quantization"]
        feed[name] = np.clip(np.rint(values / scale) + zero, 0, 255).astype(np.uint8)
    scale, zero = runner.get_output_details()["scores"]["quantization"]
    scores = (runner(**feed)["scores"].astype(np.int64) - zero) * scale
    np.testing.assert_allclose(scores, answers(model, FEEDS[:1])["scores"], atol=1.5 * scale)


def test_named_layers_stay_in_float_and_the_rim_stays_int8(float32: bytes) -> None:
    names = tuple(operation.name for operation in Trace(float32).operations)
    chosen = (names[1], names[2])
    model = quantize_tflite(float32, passes(FEEDS), Int8Plan(float_layers=chosen))
    assert float_operations(model) == set(chosen)
    assert rim_types(model) == {"int8"}


def test_per_channel_scales_serve_uneven_weights_better(lopsided: bytes) -> None:
    feeds = image_feeds(24)
    per_channel, per_tensor = (
        quantize_tflite(lopsided, passes(feeds), Int8Plan(per_channel=each, ranges="minmax"))
        for each in (True, False)
    )
    assert error(lopsided, per_channel, feeds) < error(lopsided, per_tensor, feeds)


def test_a_percentile_clips_a_rare_peak(float32: bytes) -> None:
    feeds = two_sided_feeds(300)
    feeds[7]["picture"][0, 0, 0] *= 100.0  # what this pixel needs is taken from all others
    plain = quantize_tflite(float32, passes(feeds), Int8Plan())
    clipped = quantize_tflite(float32, passes(feeds), Int8Plan(ranges="percentile"))
    assert stem_step(clipped) < 0.5 * stem_step(plain)


def test_the_least_error_counts_behind_the_hard_swish(float32: bytes) -> None:
    # Strong inputs give the stem values far below -3, of which hard-swish passes nothing on.
    feeds = [{name: 30 * values for name, values in feed.items()} for feed in FEEDS]
    plain = quantize_tflite(float32, passes(feeds), Int8Plan())
    raised = quantize_tflite(float32, passes(feeds), Int8Plan(ranges="mse"))
    assert stem_step(raised) < 0.75 * stem_step(plain)


@pytest.mark.parametrize("how", ["fast", "accurate"])
def test_bias_correction_takes_off_a_shift_of_means(lopsided: bytes, how: Any) -> None:
    feeds = image_feeds(64)
    plain = quantize_tflite(lopsided, passes(feeds), Int8Plan(per_channel=False))
    mended = quantize_tflite(
        lopsided, passes(feeds), Int8Plan(per_channel=False, bias_correction=how)
    )
    exact = answers(lopsided, feeds)["answer"].mean(axis=0)
    before, after = (
        float(np.abs(answers(model, feeds)["answer"].mean(axis=0) - exact).max())
        for model in (plain, mended)
    )
    assert after < 0.5 * before


def test_refuses_a_layer_that_is_not_there(float32: bytes) -> None:
    with pytest.raises(ConversionError, match="'stern'"):
        quantize_tflite(float32, passes(FEEDS), Int8Plan(float_layers=("stern",)))


def test_refuses_to_quantize_without_a_calibration_input(float32: bytes) -> None:
    with pytest.raises(ConversionError, match="no calibration input"):
        quantize_tflite(float32, passes([]), Int8Plan())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"numbers": np.zeros((1, 6), np.float32)}, r"\(1, 6\).*\(1, 5\)"),
        ({"numbers": np.full((1, 5), np.nan, np.float32)}, "NaN"),
        ({"number": np.zeros((1, 5), np.float32)}, "'number'"),
    ],
)
def test_refuses_inputs_that_do_not_fit(float32: bytes, change: Any, says: str) -> None:
    with pytest.raises(ConversionError, match=says):
        quantize_tflite(float32, passes([FEEDS[0], {**FEEDS[1], **change}]), Int8Plan())


def test_uses_no_more_inputs_than_planned(float32: bytes) -> None:
    few = quantize_tflite(float32, passes(FEEDS[:5]), Int8Plan())
    assert quantize_tflite(float32, passes(FEEDS), Int8Plan(samples=5)) == few
