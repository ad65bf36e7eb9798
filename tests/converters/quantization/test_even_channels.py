"""Even channels: float answers stay, and 8 bits are shared out better."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

from converters.quantization import flatbuffer  # noqa: E402
from converters.quantization.channel_factors import Factors  # noqa: E402
from converters.quantization.even_channels import can_even, even_channels  # noqa: E402
from converters.quantization.layers import layer_errors_tflite  # noqa: E402
from converters.quantization.plan import Int8Plan  # noqa: E402
from converters.quantization.remedies import Judgement, repair  # noqa: E402
from converters.quantization.tflite import float_form, quantize_tflite  # noqa: E402
from converters.quantization.trace import Trace  # noqa: E402
from converters.report.int8 import LOSING  # noqa: E402
from converters.sources import open_source  # noqa: E402
from converters.tflite.weights import float16_tflite  # noqa: E402
from edgecnn.errors import ConversionError  # noqa: E402
from tests.helpers import net_families, qat_nets  # noqa: E402
from tests.helpers.quantized_nets import (  # noqa: E402
    image_feeds,
    net_with_a_bad_layer,
    passes,
    two_sided_feeds,
    two_sided_net,
)

layers = keras.layers
Feeds = list[dict[str, Any]]


def float_file(model: Any) -> bytes:
    with open_source(model) as source:
        return source.tflite()


def answers(model: bytes, feeds: Feeds) -> dict[str, np.ndarray]:
    trace = Trace(model)
    found = []
    for feed in feeds:
        trace.run(feed)
        found.append(trace.answers())
    return {name: np.concatenate([answer[name] for answer in found]) for name in found[0]}


def assert_same_answers(before: bytes, after: bytes, feeds: Feeds, share: float) -> None:
    exact, found = answers(before, feeds), answers(after, feeds)
    assert list(exact) == list(found)
    for name, values in exact.items():
        np.testing.assert_allclose(found[name], values, rtol=0, atol=share * np.abs(values).max())


def error(exact: bytes, model: bytes, feeds: Feeds) -> float:
    """Largest of the outputs' rms differences, each over the rms of its float values."""
    wanted, found = answers(exact, feeds), answers(model, feeds)
    return max(
        float(np.sqrt(np.mean((found[name] - wanted[name]) ** 2) / np.mean(wanted[name] ** 2)))
        for name in wanted
    )


def fed(name: str, values: np.ndarray) -> Feeds:
    return [{name: np.asarray(value[None], np.float32)} for value in values]


def pictures(count: int, side: int = 8, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (count, side, side, channels))


def uneven() -> Any:
    """A residual net, one in two channels of which reach fifty times less far than the others."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((12, 12, 3), name="image")
    x = layers.Conv2D(8, 3, activation="relu", name="first")(inputs)
    y = layers.DepthwiseConv2D(3, padding="same", name="deep")(x)
    y = layers.Conv2D(8, 1, activation="relu", name="second")(y)
    x = layers.ReLU(name="sum_relu")(layers.Add(name="sum")([x, y]))
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    model = keras.Model(inputs, {"logits": layers.Dense(5, name="logits")(x)}, name="uneven")
    shrink = np.array([1.0, 0.02] * 4, np.float32)
    for name in ("first", "second"):
        kernel, bias = model.get_layer(name).get_weights()
        model.get_layer(name).set_weights([np.abs(kernel) * shrink, bias])
    for name in ("deep", "logits"):
        kernel, bias = model.get_layer(name).get_weights()
        model.get_layer(name).set_weights([kernel / (10.0 * shrink[:, None]), bias])
    return model


UNEVEN_FEEDS = fed("image", pictures(40, 12))


@pytest.fixture(scope="module")
def uneven_file() -> bytes:
    return float_file(uneven())


@pytest.fixture(scope="module")
def evened_file(uneven_file: bytes) -> bytes:
    return even_channels(uneven_file, passes(UNEVEN_FEEDS), 40)


@pytest.mark.parametrize("name", ["concatenated", "depthwise", "nested", "squeezed"])
def test_answers_of_nets_of_many_shapes_stay(name: str) -> None:
    feeds = fed("image", qat_nets.pictures(6))
    before = float_file(qat_nets.build(name))
    after = even_channels(before, passes(feeds), 6)
    assert_same_answers(before, after, feeds, 1e-5)
    assert (after != before) == can_even(before)


def test_answers_of_a_net_for_small_devices_stay() -> None:
    model = net_families.build("separable_resnet")
    qat_nets.shake(model, 0)
    before = float_file(model)
    pixels = np.random.default_rng(0).uniform(0, 1, (4, *net_families.SHAPE))
    feeds = fed("image", pixels)
    after = even_channels(before, passes(feeds), 4)
    assert after != before
    assert_same_answers(before, after, feeds, 1e-4)


def test_two_inputs_and_a_gate_stay_as_they_are() -> None:
    feeds = two_sided_feeds(8)
    before = float_file(two_sided_net())
    assert_same_answers(before, even_channels(before, passes(feeds), 8), feeds, 1e-5)


def test_names_and_signature_stay(uneven_file: bytes, evened_file: bytes) -> None:
    before, after = Trace(uneven_file), Trace(evened_file)
    assert after.operations == before.operations or [
        (each.name, each.kind) for each in after.operations
    ] == [(each.name, each.kind) for each in before.operations]
    for side in (flatbuffer.inputs, flatbuffer.outputs):
        assert side(after.model) == side(before.model)
    assert list(after.answers()) == ["logits"]


def test_channels_reach_alike_even_in_a_residual_stream(
    uneven_file: bytes, evened_file: bytes
) -> None:
    def spread(file: bytes, name: str) -> float:
        trace = Trace(file)
        (index,) = (each.outputs[0] for each in trace.operations if name in each.name)
        reach = np.zeros(8)
        for feed in UNEVEN_FEEDS:
            trace.run(feed)
            reach = np.maximum(reach, np.abs(trace.value(index)).max(axis=(0, 1, 2)))
        return float(reach.max() / reach.min())

    for name in ("first", "sum_relu"):
        assert spread(evened_file, name) < 0.5 * spread(uneven_file, name)


@pytest.mark.parametrize("ranges", ["minmax", "mse"])
def test_8_bits_answer_closer_to_the_float_net(uneven_file: bytes, ranges: Any) -> None:
    plain, even = (
        quantize_tflite(
            uneven_file, passes(UNEVEN_FEEDS), Int8Plan(even_channels=each, ranges=ranges)
        )
        for each in (False, True)
    )
    assert error(uneven_file, even, UNEVEN_FEEDS) < 0.5 * error(uneven_file, plain, UNEVEN_FEEDS)


@pytest.mark.parametrize("how", ["fast", "accurate"])
def test_biases_are_corrected_against_the_evened_net(uneven_file: bytes, how: Any) -> None:
    plan = Int8Plan(even_channels=True, bias_correction=how)
    model = quantize_tflite(uneven_file, passes(UNEVEN_FEEDS), plan)
    assert error(uneven_file, model, UNEVEN_FEEDS) < 0.05


def test_layer_errors_compare_with_the_evened_net(uneven_file: bytes) -> None:
    plan = Int8Plan(even_channels=True)
    model = quantize_tflite(uneven_file, passes(UNEVEN_FEEDS), plan)
    exact = float_form(uneven_file, passes(UNEVEN_FEEDS), plan)
    found = layer_errors_tflite(exact, model, passes(UNEVEN_FEEDS), 8)
    assert max(layer.rmse_over_scale for layer in found) < LOSING
    wrong = layer_errors_tflite(uneven_file, model, passes(UNEVEN_FEEDS), 8)
    assert max(layer.rmse_over_scale for layer in wrong) > 10 * LOSING


def test_a_plan_without_it_rounds_the_file_as_it_is(uneven_file: bytes) -> None:
    assert float_form(uneven_file, passes(UNEVEN_FEEDS), Int8Plan()) is uneven_file


def shifted(x: Any) -> Any:
    return layers.MaxPooling2D(2)(layers.Rescaling(1.0, offset=0.3)(layers.ReLU()(x)))


HELD: dict[str, Callable[[Any], Any]] = {
    "relu6": lambda x: layers.ReLU(6.0)(x),
    "silu": lambda x: layers.Activation("silu")(x),
    "hard_silu": lambda x: layers.Activation("hard_silu")(x),
    "tanh": lambda x: layers.Activation("tanh")(x),
    "squared": lambda x: layers.Multiply()([x, x]),
    "layer_norm": lambda x: layers.LayerNormalization()(x),
    "shifted": shifted,
    "reshaped": lambda x: layers.MaxPooling2D(2)(layers.Reshape((12, 12, 1))(x)),
}
"""What four channels meet that would answer otherwise if one of them were larger."""


def gated(x: Any) -> Any:
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    return layers.Multiply()([x, layers.Conv2D(4, 1, activation="sigmoid")(gate)])


def parametric(x: Any) -> Any:
    slopes = keras.initializers.RandomUniform(0.1, 0.4, seed=1)
    return layers.PReLU(shared_axes=[1, 2], alpha_initializer=slopes)(x)


def normalised(x: Any) -> Any:
    return layers.ReLU()(layers.BatchNormalization()(layers.MaxPooling2D(2)(layers.ReLU()(x))))


def differences(x: Any) -> Any:
    return layers.ReLU()(layers.Subtract()([x, layers.Conv2D(4, 3, padding="same")(x)]))


FOLLOWED: dict[str, Callable[[Any], Any]] = {
    "difference": differences,
    "gated": gated,
    "grouped": lambda x: layers.Conv2D(6, 3, groups=2, activation="relu")(x),
    "joined": lambda x: layers.Concatenate()([x, layers.Conv2D(3, 1, activation="relu")(x)]),
    "largest": lambda x: layers.GlobalMaxPooling2D(keepdims=True)(x),
    "leaky": lambda x: layers.LeakyReLU(0.1)(x),
    "normalised": normalised,
    "padded": lambda x: layers.ReLU()(layers.ZeroPadding2D(((0, 2), (1, 0)))(x)),
    "parametric": parametric,
    "pooled": lambda x: layers.AveragePooling2D(2)(layers.MaxPooling2D(2, strides=1)(x)),
    "resized": lambda x: layers.UpSampling2D(2, interpolation="bilinear")(x),
}
"""What keeps the channels of 4 apart and in order, up to a flattening and a dense layer."""


def fan(branches: dict[str, Callable[[Any], Any]]) -> bytes:
    """A net with a branch for each: its own convolution in front, and its own dense layer."""
    keras.utils.set_random_seed(3)
    image = keras.Input((8, 8, 3), name="image")
    answers = {}
    for name, between in branches.items():
        x = between(layers.Conv2D(4, 3, name=f"{name}_first")(image))
        answers[name] = layers.Dense(2, name=f"{name}_last")(layers.Flatten()(x))
    model = keras.Model(image, answers, name="fan")
    qat_nets.shake(model, 3)
    return float_file(model)


@pytest.fixture(scope="module")
def held() -> bytes:
    return fan(HELD)


@pytest.fixture(scope="module")
def followed() -> bytes:
    return fan(FOLLOWED)


def test_channels_that_meet_anything_but_relu_stay(held: bytes) -> None:
    trace = Trace(held)
    factors = Factors(trace)
    free = [
        trace.operations[each.number].name
        for each in factors.linears
        if factors.free[each.going].any()
    ]
    assert free == []
    assert len(factors.linears) == 2 * len(HELD)
    assert not can_even(held)
    assert even_channels(held, passes(fed("image", pictures(2))), 2) is held


@pytest.mark.parametrize("name", FOLLOWED)
def test_what_keeps_channels_apart_lets_factors_through(followed: bytes, name: str) -> None:
    trace = Trace(followed)
    factors = Factors(trace)
    made = {trace.operations[each.number].outputs[0]: each for each in factors.linears}
    (first,) = (each for index, each in made.items() if f"{name}_first" in trace.names[index])
    assert factors.free[first.going].all()
    assert factors.free[made[flatbuffer.outputs(trace.model)[name]].coming].all()


def test_answers_behind_all_that_lets_factors_through_stay(followed: bytes) -> None:
    feeds = fed("image", pictures(4))
    after = even_channels(followed, passes(feeds), 4)
    assert_same_answers(followed, after, feeds, 1e-5)
    for name in FOLLOWED:
        before, evened = (first_kernel(file, f"{name}_first") for file in (followed, after))
        assert not np.allclose(before, evened)


def first_kernel(file: bytes, layer: str) -> np.ndarray:
    trace = Trace(file)
    (operation,) = (each for each in trace.operations if layer in each.name)
    return trace.value(operation.inputs[1])


def test_kernels_that_two_operations_share_stay() -> None:
    image = keras.Input((8, 8, 3), name="image")
    shared = layers.Conv2D(4, 3, padding="same", activation="relu", name="shared")
    x = layers.Conv2D(4, 1, activation="relu", name="first")(image)
    model = keras.Model(image, layers.Conv2D(2, 1, name="last")(shared(shared(x))))
    before = float_file(model)
    assert not can_even(before)


def test_biases_that_equal_each_other_are_parted() -> None:
    # TensorFlow stores the zeros of layers without a bias once.
    image = keras.Input((8, 8, 3), name="image")
    x = image
    for name in ("first", "second"):
        x = layers.Conv2D(4, 3, use_bias=False, activation="relu", name=name)(x)
    model = keras.Model(image, layers.Conv2D(4, 1, name="last")(x))
    before = float_file(model)
    feeds = fed("image", pictures(3))
    after = even_channels(before, passes(feeds), 3)
    assert after != before
    assert_same_answers(before, after, feeds, 1e-5)


def test_kernels_of_other_types_stay() -> None:
    image = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(4, 3, activation="relu", name="first")(image)
    exact = float_file(keras.Model(image, layers.Conv2D(4, 1, name="last")(x)))
    assert can_even(exact)
    assert not can_even(float16_tflite(exact))


def test_an_output_between_layers_keeps_its_values() -> None:
    image = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(4, 3, activation="relu", name="first")(image)
    y = layers.Conv2D(4, 3, activation="relu", name="second")(x)
    model = keras.Model(image, {"maps": x, "answer": layers.Conv2D(2, 1, name="last")(y)})
    before = float_file(model)
    feeds = fed("image", pictures(3))
    after = even_channels(before, passes(feeds), 3)
    assert after != before
    assert_same_answers(before, after, feeds, 1e-5)


def test_refuses_to_even_without_an_input(uneven_file: bytes) -> None:
    with pytest.raises(ConversionError, match="no calibration input"):
        even_channels(uneven_file, passes([]), 10)


def test_the_remedy_heals_a_net_whose_channels_differ() -> None:
    feeds = image_feeds(30)
    exact = float_file(net_with_a_bad_layer(times=60.0))

    def judge(model: bytes) -> Judgement:
        score = -error(exact, model, feeds[:8])
        return Judgement(kept=score > -0.02, score=score)

    result = repair(
        "tflite",
        exact,
        lambda samples: passes(feeds[:samples]),
        judge,
        Int8Plan(samples=20),
        available_samples=20,
        budget_s=1e6,
        clock=iter(range(10_000)).__next__,
        float_score=0.0,
    )
    names = [remedy.name for remedy in result.remedies]
    (even,) = (remedy for remedy in result.remedies if remedy.name == "even channels")
    assert even.kept
    assert result.plan.even_channels
    assert names.index("even channels") > max(
        place for place, name in enumerate(names) if name == "other ranges"
    )
    assert result.judgement.score > 0.3 * result.plain.score
    made = quantize_tflite(exact, passes(feeds[: result.plan.samples]), result.plan)
    assert made == result.model


def test_the_remedy_is_left_out_where_there_is_nothing_to_even() -> None:
    image = keras.Input((8, 8, 3), name="image")
    x = layers.ReLU(6.0)(layers.Conv2D(4, 3, name="first")(image))
    exact = float_file(keras.Model(image, layers.Conv2D(2, 1, name="last")(x)))
    feeds = fed("image", pictures(8))
    result = repair(
        "tflite",
        exact,
        lambda samples: passes(feeds[:samples]),
        lambda model: Judgement(kept=False, score=0.0),
        Int8Plan(samples=8),
        available_samples=8,
        budget_s=1e6,
        clock=iter(range(10_000)).__next__,
    )
    assert "bias correction" in {remedy.name for remedy in result.remedies}
    assert "even channels" not in {remedy.name for remedy in result.remedies}


def test_errors_of_an_evened_first_plan_are_those_of_rounding(uneven_file: bytes) -> None:
    result = repair(
        "tflite",
        uneven_file,
        lambda samples: passes(UNEVEN_FEEDS[:samples]),
        lambda model: Judgement(kept=True, score=0.0),
        Int8Plan(samples=40, even_channels=True),
        available_samples=20,
        budget_s=1e6,
        clock=iter(range(10_000)).__next__,
    )
    assert max(layer.rmse_over_scale for layer in result.layers) < LOSING
