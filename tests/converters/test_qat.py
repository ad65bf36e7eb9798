"""Files of quantization-aware networks: integers all through, and the answers of the training."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
pytest.importorskip("tensorflow")

from converters.openvino.ir import serialize  # noqa: E402
from converters.qat import qat_to_openvino, qat_to_tflite  # noqa: E402
from converters.quantization import flatbuffer  # noqa: E402
from edgecnn.errors import ConversionError  # noqa: E402
from edgecnn.runtime.backends.openvino import shared_core  # noqa: E402
from edgecnn.training import quantize  # noqa: E402
from tests.helpers import fashion, qat_nets  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

LEVELS = 256


def tflite_answers(tflite: bytes, pictures: Any) -> Any:
    """Real values of the only output, (N, classes)."""
    runtime = pytest.importorskip("ai_edge_litert.interpreter")
    interpreter = runtime.Interpreter(model_content=tflite, num_threads=1)
    interpreter.allocate_tensors()
    into, out_of = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    assert (into["dtype"], out_of["dtype"]) == (np.int8, np.int8)
    (step, zero), (out_step, out_zero) = into["quantization"], out_of["quantization"]
    levels = np.clip(np.rint(pictures / step + zero), -128, 127).astype(np.int8)
    found = []
    for picture in levels:
        interpreter.set_tensor(into["index"], picture[None])
        interpreter.invoke()
        found.append(interpreter.get_tensor(out_of["index"])[0].astype(np.float32))
    return (np.stack(found) - out_zero) * out_step


def openvino_answers(model: Any, pictures: Any) -> tuple[Any, Any]:
    """Answers (N, classes), and the compiled model."""
    pytest.importorskip("openvino")
    compiled = shared_core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.stack([compiled(picture[None])[0][0] for picture in pictures]), compiled


def simulated(model: Any, pictures: Any) -> Any:
    parts = [pictures[start : start + 250] for start in range(0, len(pictures), 250)]
    answers = [keras.ops.convert_to_numpy(model(part, training=False)) for part in parts]
    return np.concatenate([np.asarray(answer) for answer in answers])


def agreement(one: Any, other: Any) -> float:
    return float((one.argmax(axis=1) == other.argmax(axis=1)).mean())


def tensor_types(tflite: bytes) -> set[str]:
    model = flatbuffer.unpack(tflite)
    words = {number: word for word, number in vars(flatbuffer.schema().TensorType).items()}
    return {words[tensor.type] for tensor in model.subgraphs[0].tensors}


def weights_of(tflite: bytes, part: str) -> Any:
    model = flatbuffer.unpack(tflite)
    tensors = model.subgraphs[0].tensors
    for operator in model.subgraphs[0].operators:
        kind = flatbuffer.kind(model, operator)
        if kind == part:
            tensor = tensors[operator.inputs[1]]
            data = np.asarray(model.buffers[tensor.buffer].data, np.uint8).view(np.int8)
            return data, tensor.quantization.scale
    raise AssertionError(part)


@pytest.fixture(scope="module", params=sorted(qat_nets.SHAPES))
def shape(request: pytest.FixtureRequest) -> tuple[Any, bytes]:
    """A prepared net of some shape with observed ranges, and its file."""
    prepared = quantize.prepare(qat_nets.build(request.param))
    quantize.observe(prepared, qat_nets.pictures(64))
    return prepared, qat_to_tflite(prepared)


def test_every_tensor_is_an_integer(shape: tuple[Any, bytes]) -> None:
    assert tensor_types(shape[1]) <= {"INT8", "INT32"}
    model = flatbuffer.unpack(shape[1])
    kinds = {flatbuffer.kind(model, operator) for operator in model.subgraphs[0].operators}
    assert not kinds & {"DEQUANTIZE", "FAKE_QUANT"}


def test_the_file_gives_the_levels_that_the_training_saw(shape: tuple[Any, bytes]) -> None:
    prepared, tflite = shape
    x = qat_nets.pictures(64, seed=2)
    ours, theirs = simulated(prepared, x), tflite_answers(tflite, x)
    # A logit that is one level off moves a probability by some.
    assert np.abs(ours - theirs).max() <= 8 / LEVELS
    # The kernel of the leaky ReLU, which "nested" has, rounds its two slopes to 8 bits.
    least = 0.8 if prepared.name == "nested" else 0.9
    assert np.mean(np.rint(ours * LEVELS) == np.rint(theirs * LEVELS)) > least


def test_openvino_rounds_at_the_same_places(shape: tuple[Any, bytes]) -> None:
    prepared, _ = shape
    x = qat_nets.pictures(32, seed=2)
    answers, _ = openvino_answers(qat_to_openvino(prepared), x)
    assert np.abs(simulated(prepared, x) - answers).max() <= 8 / LEVELS


@pytest.fixture(scope="module")
def trained(fashion_net: Path) -> Any:
    """A Fashion-MNIST net after a short training in 8 bits."""
    prepared = quantize.prepare(keras.models.load_model(fashion_net))
    x = fashion.seen()[..., None].astype(np.float32)
    quantize.observe(prepared, x[:200])
    fit(prepared, x)
    return prepared


def fit(model: Any, x: Any, epochs: int = 1) -> None:
    keras.utils.set_random_seed(0)
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    labels = fashion.pictures().labels[: len(x)]
    model.fit(x, labels, batch_size=50, epochs=epochs, verbose=0)


def test_decisions_on_fashion_mnist_are_those_of_the_simulation(trained: Any) -> None:
    x = fashion.pictures().images[..., None].astype(np.float32)
    assert len(x) == 2000
    ours = simulated(trained, x)
    assert agreement(ours, tflite_answers(qat_to_tflite(trained), x)) >= 0.995
    answers, _ = openvino_answers(qat_to_openvino(trained), x)
    assert agreement(ours, answers) >= 0.995


def test_openvino_computes_convolutions_and_products_in_bytes(trained: Any) -> None:
    _, compiled = openvino_answers(qat_to_openvino(trained), np.zeros((1, 28, 28, 1), np.float32))
    kinds: dict[str, set[str]] = {}
    for operation in compiled.get_runtime_model().get_ordered_ops():
        facts = operation.get_rt_info()
        kind, precision = facts["layerType"].astype(str), facts["runtimePrecision"].astype(str)
        kinds.setdefault(kind, set()).add(precision)
    assert kinds["Convolution"] <= {"u8", "i8"}
    assert kinds["FullyConnected"] <= {"u8", "i8"}


def test_4_bit_weights_use_15_levels_and_training_wins_back_what_they_cost(
    fashion_net: Path,
) -> None:
    net = keras.models.load_model(fashion_net)
    x = fashion.seen()[..., None].astype(np.float32)
    held_out, labels = fashion.held_out()
    held_out = held_out[..., None].astype(np.float32)

    def accuracy(model: Any) -> float:
        return float((simulated(model, held_out).argmax(axis=1) == labels).mean())

    rounded = quantize.prepare(net, quantize.QATConfig(weight_bits=4))
    quantize.observe(rounded, x[:200])
    learned = quantize.prepare(net, quantize.int4_weights())
    quantize.observe(learned, x[:200])
    fit(learned, x, epochs=2)
    before, after, full = accuracy(rounded), accuracy(learned), accuracy(net)
    assert before < full
    assert after > before + 0.5 * (full - before)

    four, eight = qat_to_tflite(learned), qat_to_tflite(eight_bits(net, x))
    levels, _ = weights_of(four, "FULLY_CONNECTED")
    assert levels.min() >= -7
    assert levels.max() <= 7
    assert len(gzip.compress(four)) < 0.75 * len(gzip.compress(eight))
    assert agreement(simulated(learned, held_out), tflite_answers(four, held_out)) >= 0.995


def eight_bits(net: Any, x: Any) -> Any:
    prepared = quantize.prepare(net)
    quantize.observe(prepared, x[:200])
    return prepared


def test_a_step_for_each_channel_of_convolutions_reaches_the_file(trained: Any) -> None:
    tflite = qat_to_tflite(trained)
    assert len(weights_of(tflite, "CONV_2D")[1]) == 16
    assert len(weights_of(tflite, "FULLY_CONNECTED")[1]) == 1


def test_the_same_model_gives_the_same_bytes_with_named_ends(trained: Any) -> None:
    tflite = qat_to_tflite(trained, outputs=["scores"])
    assert qat_to_tflite(trained, outputs=["scores"]) == tflite
    model = flatbuffer.unpack(tflite)
    assert list(flatbuffer.inputs(model)) == ["image"]
    assert list(flatbuffer.outputs(model)) == ["scores"]


def test_the_openvino_file_depends_on_the_model_alone(trained: Any) -> None:
    openvino = pytest.importorskip("openvino")
    files = [serialize(openvino, qat_to_openvino(trained)) for _ in range(2)]
    assert files[0] == files[1]


def test_says_what_is_missing() -> None:
    prepared = quantize.prepare(qat_nets.build("residual"))
    with pytest.raises(ConversionError, match="'pixels_range' among them"):
        qat_to_tflite(prepared)
    with pytest.raises(ConversionError, match="prepare"):
        qat_to_openvino(qat_nets.build("residual"))
    quantize.observe(prepared, qat_nets.pictures(2))
    with pytest.raises(ConversionError, match="1 outputs, but 2 names"):
        qat_to_tflite(prepared, outputs=["a", "b"])
