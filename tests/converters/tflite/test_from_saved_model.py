from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from converters.graphs.graph import Graph
from converters.graphs.saved_model import save_graph
from converters.openvino.ir import QuantizeOptions, quantize, signature_outputs
from converters.tflite.from_saved_model import to_tflite
from converters.tflite.ranges import choose_ranges, to_ranged_tflite
from edgecnn.errors import ConversionError
from edgecnn.runtime.backend import ModelFile
from edgecnn.runtime.policy import get_backend
from tests.helpers.graphs import constant, convolution, empty, run

SHAPE = (1, 12, 12, 3)
OUTPUTS = {"features": "leaky", "probabilities": "end"}


def images() -> Iterator[np.ndarray]:
    rng = np.random.default_rng(3)
    return (rng.uniform(-1, 1, SHAPE).astype(np.float32) for _ in range(12))


def network() -> Graph:
    """Convolution, leaky ReLU (an output), convolution, sigmoid (an output)."""
    graph = empty(SHAPE)
    rng = np.random.default_rng(0)
    conv = convolution(graph, "x", rng.normal(size=(3, 3, 3, 8)))
    total = graph.add("BiasAdd", "sum", [conv, constant(graph, np.linspace(-1, 1, 8))])
    leaky = graph.add("LeakyRelu", "leaky", [total], alpha=0.1)
    head = convolution(graph, leaky, rng.normal(scale=0.2, size=(1, 1, 8, 2)))
    graph.add("Sigmoid", "end", [head])
    return graph


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`network` as a SavedModel."""
    return save_graph(
        network().definition(),
        tmp_path_factory.mktemp("saved") / "model",
        inputs={"image": "x:0"},
        outputs={name: f"{node}:0" for name, node in OUTPUTS.items()},
    )


def answers(model: ModelFile, backend: str) -> dict[str, np.ndarray]:
    """Real values of the outputs for one image, by the signature's names."""
    engine = get_backend(backend).open(model, threads=1)
    feed = next(images())
    (info,) = engine.inputs.values()
    if info.scale:
        feed = np.clip(np.rint(feed / info.scale) + info.zero_point, -128, 127).astype(np.int8)
    found = engine.infer({info.name: feed})
    names = model.tensor_names or {}
    real = {
        names.get(name, name): (value.astype(np.float32) - engine.outputs[name].zero_point)
        * (engine.outputs[name].scale or 1.0)
        for name, value in found.items()
    }
    engine.close()
    return real


def tflite_file(content: bytes) -> ModelFile:
    return ModelFile("m", "tflite", content, tensor_names=None)


@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
def test_outputs_carry_the_names_that_were_chosen_and_values_stay(
    saved: Path, precision: Any
) -> None:
    reference = to_tflite(saved, "float32")
    model = to_tflite(saved, precision, images)
    assert sorted(signature_outputs(model).values()) == ["features", "probabilities"]
    exact, found = answers(tflite_file(reference), "litert"), answers(tflite_file(model), "litert")
    names = signature_outputs(model)
    limit = {"float32": 0.0, "float16": 0.01, "int8": 0.05}[precision]
    for tensor, name in signature_outputs(reference).items():
        other = next(key for key, value in names.items() if value == name)
        spread = float(np.ptp(exact[tensor]))
        assert np.abs(found[other] - exact[tensor]).max() <= limit * spread


def test_int8_is_int8_outside_and_smaller(saved: Path) -> None:
    engine = get_backend("litert").open(tflite_file(to_tflite(saved, "int8", images)), threads=1)
    tensors = [*engine.inputs.values(), *engine.outputs.values()]
    assert {tensor.dtype.name for tensor in tensors} == {"int8"}
    assert all(tensor.scale > 0 for tensor in tensors)


@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_converting_again_gives_the_same_bytes(saved: Path, precision: Any) -> None:
    assert to_tflite(saved, precision, images) == to_tflite(saved, precision, images)


def test_int8_without_calibration_is_refused(saved: Path) -> None:
    with pytest.raises(ConversionError, match="calibration"):
        to_tflite(saved, "int8")


def test_operators_that_tflite_lacks_are_named(tmp_path: Path) -> None:
    graph = empty(SHAPE)
    graph.add("Digamma", "end", ["x"])
    folder = save_graph(
        graph.definition(), tmp_path / "m", inputs={"image": "x:0"}, outputs={"y": "end:0"}
    )
    with pytest.raises(ConversionError, match="Digamma"):
        to_tflite(folder, "float32")


def test_nothing_is_written_to_the_terminal(saved: Path, capfd: pytest.CaptureFixture[str]) -> None:
    to_tflite(saved, "float16")
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_ranges_look_behind_a_leaky_relu(saved: Path) -> None:
    """The convolution reaches as far down as up, but only a tenth of that passes on."""
    lowest = min(float(run(network(), "sum", image).min()) for image in images())
    lows = [low for low, _ in choose_ranges(to_tflite(saved, "float32"), images()).values()]
    assert lowest * 0.9 < min(lows) < 0.0


def test_chosen_ranges_err_no_more_than_plain_ones(saved: Path) -> None:
    reference = to_tflite(saved, "float32")
    exact = answers(tflite_file(reference), "litert")
    tensor = next(t for t, name in signature_outputs(reference).items() if name == "features")

    def error(model: bytes) -> float:
        other = next(t for t, name in signature_outputs(model).items() if name == "features")
        found = answers(tflite_file(model), "litert")
        return float(np.mean((found[other] - exact[tensor]) ** 2))

    ranged = to_ranged_tflite(saved, images)
    assert ranged == to_ranged_tflite(saved, images)
    assert error(ranged) < error(to_tflite(saved, "int8", images))


def test_nncf_gives_a_small_model_of_the_same_names_and_bytes(saved: Path) -> None:
    pytest.importorskip("nncf")
    reference = to_tflite(saved, "float32")
    options = QuantizeOptions(samples=8)
    xml, weights = quantize(reference, images, options=options)
    assert (xml, weights) == quantize(reference, images, options=options)
    assert b'"FakeQuantize"' in xml
    exact = answers(tflite_file(reference), "litert")
    found = answers(ModelFile("m", "openvino", xml, weights), "openvino")
    for tensor, name in signature_outputs(reference).items():
        spread = float(np.ptp(exact[tensor]))
        assert np.abs(found[name] - exact[tensor]).max() <= 0.06 * spread
