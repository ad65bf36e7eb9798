"""Preparing a net for quantization-aware training, training it, saving and loading it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from edgecnn.errors import OptionError  # noqa: E402
from edgecnn.nets.layers.local_response_norm import LocalResponseNorm  # noqa: E402
from edgecnn.training import quantize  # noqa: E402
from edgecnn.training.quantize import rounding  # noqa: E402
from edgecnn.training.quantize.activations import ActivationQuantizer, OnGrid  # noqa: E402
from edgecnn.training.quantize.kernels import QuantizedKernel  # noqa: E402
from tests.helpers import qat_nets  # noqa: E402

# numpy and Keras about each other, whenever Keras saves or hands out weights.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

layers = keras.layers


def answers(model: Any, x: Any) -> Any:
    return np.array(keras.ops.convert_to_numpy(model(x, training=False)))


def classifier(*inner: Any, size: tuple[int, ...] = (8, 8, 4)) -> Any:
    return keras.Sequential([keras.Input(size), *inner], name="net")


@pytest.mark.parametrize("name", qat_nets.SHAPES)
def test_folding_keeps_the_answers(name: str) -> None:
    model, x = qat_nets.build(name), qat_nets.pictures(8)
    folded = quantize.fold(model)
    np.testing.assert_allclose(answers(folded, x), answers(model, x), atol=1e-5, rtol=0)
    kinds = [type(layer).__name__ for layer in folded.layers]
    # Only the one in front of a convolution has nothing to be folded into.
    assert kinds.count("BatchNormalization") == (name == "concatenated")
    assert "_bn" in " ".join(layer.name for layer in model.layers) or name == "nested"


@pytest.mark.parametrize("name", qat_nets.SHAPES)
def test_8_bits_stay_close_to_the_float_net(name: str) -> None:
    model, x = qat_nets.build(name), qat_nets.pictures(32)
    prepared = quantize.prepare(model)
    quantize.observe(prepared, x)
    assert quantize.unobserved(prepared) == ()
    difference = np.abs(answers(prepared, x) - answers(model, x))
    assert 0.0 < difference.max() < 0.12
    assert prepared.output_names == model.output_names


def test_rounding_is_after_the_fused_relu_and_nowhere_between() -> None:
    prepared = quantize.prepare(qat_nets.build("residual"))
    assert [layer.name for layer in prepared.layers if isinstance(layer, ActivationQuantizer)] == [
        "pixels_range",
        "rescale_range",
        "first_relu_range",
        "second_conv_range",
        "sum_relu_range",
        "last_pool_range",
        "logits_range",
        "probabilities",
    ]


def test_parts_of_a_concatenation_are_rounded_once_and_means_keep_their_levels() -> None:
    prepared = quantize.prepare(qat_nets.build("concatenated"))
    names = [layer.name for layer in prepared.layers if isinstance(layer, ActivationQuantizer)]
    assert "join_range" in names
    assert "first_relu_range" in names  # has other uses than the concatenation
    assert not {"second_relu_range", "third_conv_range", "pool_range"} & set(names)
    assert [layer.name for layer in prepared.layers if isinstance(layer, OnGrid)] == [
        "mean_pool_range"
    ]


@pytest.mark.parametrize(("bits", "levels"), [(8, 127), (4, 7)])
def test_weights_have_a_step_for_each_channel_and_dense_ones_a_single_step(
    bits: Any, levels: int
) -> None:
    model, x = qat_nets.build("depthwise"), qat_nets.pictures(4)
    prepared = quantize.prepare(model, quantize.QATConfig(weight_bits=bits))
    quantize.observe(prepared, x)
    found = {}
    for layer in prepared.layers:
        if isinstance(layer, QuantizedKernel):
            integers = layer.integers(np.float32([0.0, 1.0]))
            found[layer.name] = integers.step.shape
            assert np.abs(integers.levels).max() == levels
    assert found == {
        "rescale": (1, 1, 1, 1),
        "first": (1, 1, 1, 4),
        "deep": (1, 1, 4, 2),
        "separable_depthwise": (1, 1, 8, 1),
        "separable": (1, 1, 1, 8),
        "logits": (1, 1),
    }


@pytest.mark.parametrize(
    "config",
    [
        quantize.int8(),
        quantize.int4_weights(),
        quantize.QATConfig(weight_steps="learned", activation_ranges="learned", freeze_after=2),
        replace(quantize.int4_weights(), damped_steps=16),
    ],
    ids=["int8", "int4", "learned", "damped"],
)
def test_trains_saves_and_loads_as_any_keras_model(config: Any, tmp_path: Path) -> None:
    prepared = quantize.prepare(qat_nets.build("squeezed"), config)
    x = qat_nets.pictures(64)
    y = (x.mean(axis=(1, 2, 3)) > 128).astype(np.int32)
    prepared.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy")
    history = prepared.fit(x, y, batch_size=16, epochs=4, verbose=0).history["loss"]
    assert history[-1] < history[0]
    if config.activation_ranges == "learned":
        ends = prepared.get_layer("first_swish_range")
        assert np.any(np.array(keras.ops.convert_to_numpy(ends.growth.value)) != 0.0)
    prepared.save(tmp_path / "net.keras")
    loaded = keras.models.load_model(tmp_path / "net.keras")
    np.testing.assert_array_equal(answers(loaded, x), answers(prepared, x))


def test_frozen_ranges_stay_in_training_and_observed_ones_do_not() -> None:
    prepared = quantize.prepare(qat_nets.build("residual"))
    x = qat_nets.pictures(16)
    quantize.observe(prepared, x / 2)
    prepared.compile("sgd", "sparse_categorical_crossentropy")
    layer = prepared.get_layer("pixels_range")
    before = layer.grid()
    quantize.freeze(prepared)
    prepared.fit(x, np.zeros(16), epochs=2, verbose=0)
    assert layer.grid() == before
    quantize.freeze(prepared, frozen=False)
    prepared.fit(x, np.zeros(16), verbose=0)
    assert layer.grid() != before


def test_ranges_are_observed_for_as_many_steps_as_asked() -> None:
    prepared = quantize.prepare(qat_nets.build("residual"), quantize.QATConfig(freeze_after=3))
    prepared.compile("sgd", "sparse_categorical_crossentropy")
    x = qat_nets.pictures(40)
    prepared.fit(x, np.zeros(40), batch_size=8, verbose=0)
    assert float(prepared.get_layer("pixels_range").seen.value) == 3.0


def test_the_given_model_is_not_changed() -> None:
    model = qat_nets.build("residual")
    before = [np.array(weight) for weight in model.get_weights()]
    prepared = quantize.prepare(model)
    quantize.observe(prepared, qat_nets.pictures(4))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_what_was_frozen_for_transfer_stays_frozen() -> None:
    model = qat_nets.build("residual")
    model.get_layer("first_conv").trainable = False
    prepared = quantize.prepare(model)
    paths = {weight.path for weight in prepared.trainable_weights}
    assert not any("first_conv" in path or "rescale" in path for path in paths)
    assert any("second_conv" in path for path in paths)


def shared() -> Any:
    conv = layers.Conv2D(4, 1, name="twice")
    inputs = keras.Input((8, 8, 4))
    return keras.Model(inputs, layers.Add()([conv(inputs), conv(layers.ReLU()(inputs))]))


class Hidden(keras.Model):  # type: ignore[misc]
    def call(self, x: Any) -> Any:
        return x


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: classifier(layers.PReLU(name="odd")), "'odd' .PReLU.*LeakyReLU"),
        (lambda: classifier(LocalResponseNorm(name="lrn")), "'lrn'.*leave it out"),
        (lambda: classifier(layers.Conv2DTranspose(2, 3, name="up")), "'up'.*UpSampling2D"),
        (lambda: classifier(layers.RandomFlip(name="flip")), "'flip'.*data pipeline"),
        (lambda: classifier(layers.Conv2D(2, 3, activation="gelu", name="g")), "'g_gelu'.*hard_s"),
        (lambda: classifier(layers.Dense(3, name="wide")), "'wide'.*Flatten"),
        (lambda: classifier(layers.ReLU(3.0, name="low")), "'low'.*ceiling"),
        (shared, "'twice'.*several places"),
        (lambda: Hidden(name="closed"), "'closed'.*functional or Sequential"),
    ],
)
def test_says_which_layer_it_cannot_do_and_what_to_use(build: Any, message: str) -> None:
    with pytest.raises(OptionError, match=f"(?s){message}"):
        quantize.prepare(build())


def test_refuses_settings_that_make_no_sense() -> None:
    with pytest.raises(OptionError, match="weight_bits is 5"):
        quantize.QATConfig(weight_bits=5)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="freeze_after is 0"):
        quantize.QATConfig(freeze_after=0)
    with pytest.raises(OptionError, match="rounds nothing"):
        quantize.observe(qat_nets.build("residual"), qat_nets.pictures(1))
    with pytest.raises(OptionError, match="no pictures"):
        quantize.observe(quantize.prepare(qat_nets.build("residual")), [])


def test_trains_on_jax_too(tmp_path: Path) -> None:
    """In a process of its own: a process has one backend."""
    pytest.importorskip("jax")
    script = f"""
import numpy as np, keras
from edgecnn.training import quantize
from tests.helpers import qat_nets
x = qat_nets.pictures(32)
y = (x.mean(axis=(1, 2, 3)) > 128).astype("int32")
config = quantize.QATConfig(
    weight_bits=4, weight_steps="learned", activation_ranges="learned", freeze_after=2
)
net = quantize.prepare(qat_nets.build("squeezed"), config)
quantize.observe(net, x)
net.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy")
losses = net.fit(x, y, batch_size=8, epochs=4, verbose=0).history["loss"]
assert losses[-1] < losses[0], losses
net.save({str(tmp_path / "net.keras")!r})
np.save({str(tmp_path / "answers.npy")!r}, np.array(net(x, training=False)))
"""
    environment = os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", script], check=True, env=environment, cwd=root)
    loaded = keras.models.load_model(tmp_path / "net.keras")
    expected = np.load(tmp_path / "answers.npy")
    np.testing.assert_allclose(answers(loaded, qat_nets.pictures(32)), expected, atol=0.02)


def test_probabilities_are_rounded_when_the_net_infers_and_exact_for_the_loss() -> None:
    net = classifier(layers.Flatten(), layers.Dense(10), layers.Softmax(), size=(2, 2, 1))
    net.set_weights([8.0 * np.ones((4, 10)) * np.linspace(-1, 1, 10), np.zeros(10)])
    x = np.ones((1, 2, 2, 1), np.float32)
    prepared = quantize.prepare(net)
    quantize.observe(prepared, x)
    inferred = answers(prepared, x)
    np.testing.assert_array_equal(inferred * 256, np.rint(inferred * 256))
    assert inferred[0, 0] == 0.0
    learned = np.array(keras.ops.convert_to_numpy(prepared(x, training=True)))
    # What the net is surest is wrong still has a logarithm, and a loss to learn from.
    assert 0.0 < learned[0, 0] < 1 / 512
    again = keras.models.model_from_json(prepared.to_json())
    exact = [one.exact_in_training for one in again.layers if isinstance(one, ActivationQuantizer)]
    assert sum(exact) == 1


def test_damped_weights_end_on_their_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounding, "DAMPING", (1.0, 1.0))
    off = {}
    for damped_steps in (None, 20):
        config = replace(quantize.int4_weights(), damped_steps=damped_steps)
        net = quantize.prepare(qat_nets.build("squeezed"), config)
        net.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy")
        x = qat_nets.pictures(32)
        net.fit(x, np.zeros(32, np.int32), batch_size=16, epochs=10, verbose=0)
        kernels = [layer for layer in net.layers if isinstance(layer, QuantizedKernel)]
        distances = []
        for layer in kernels:
            _, _, step = layer.rounded(keras.ops.zeros(2))
            level = np.array(keras.ops.convert_to_numpy(layer.kernel / step))
            distances.append(np.abs(level - np.rint(level)).ravel())
            if damped_steps is not None:
                assert float(keras.ops.convert_to_numpy(layer.trained)) == 20.0
        off[damped_steps] = np.concatenate(distances).mean()
    assert off[None] > 0.15
    assert off[20] < 0.5 * off[None]


def test_pixels_around_zero_are_not_half_way_between_two_levels() -> None:
    model = classifier(
        layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale"),
        layers.Conv2D(2, 3, name="conv"),
        size=(16, 16, 1),
    )
    prepared = quantize.prepare(model)
    ramp = np.arange(256, dtype=np.float32).reshape(1, 16, 16, 1)
    quantize.observe(prepared, ramp)
    ends = [prepared.get_layer("rescale").output, prepared.get_layer("rescale_range").output[0]]
    made, rounded = (np.array(part) for part in keras.Model(prepared.input, ends)(ramp))
    np.testing.assert_allclose(rounded.ravel(), made.ravel(), atol=1e-5)
    np.testing.assert_allclose(made.ravel(), ramp.ravel() / 127.5 - 1, atol=0.51 / 127.5)


def test_an_input_that_is_no_pixels_keeps_its_offset() -> None:
    model = classifier(
        layers.Rescaling(2.0, offset=-1.0, name="rescale"),
        layers.Conv2D(2, 3, name="conv"),
        size=(16, 16, 1),
    )
    x = np.linspace(0, 1, 256, dtype=np.float32).reshape(1, 16, 16, 1)
    prepared = quantize.prepare(model)
    quantize.observe(prepared, x)
    made = np.array(keras.Model(prepared.input, prepared.get_layer("rescale").output)(x))
    np.testing.assert_allclose(made, 2 * x - 1, atol=0.02)
