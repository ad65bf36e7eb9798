"""EfficientNet-Lite: the table gives the published sizes, and nets are usable as Keras models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from edgecnn import nets  # noqa: E402
from edgecnn.errors import OptionError, UnknownNameError  # noqa: E402
from edgecnn.nets import efficientnet_lite  # noqa: E402
from edgecnn.nets.options import scaled  # noqa: E402

PARAMETERS = {
    "efficientnet_lite0": 4_652_008,
    "efficientnet_lite1": 5_416_680,
    "efficientnet_lite2": 6_092_072,
    "efficientnet_lite3": 8_197_096,
    "efficientnet_lite4": 13_006_568,
}


def trainable(model: keras.Model) -> int:
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


@pytest.mark.parametrize(("name", "expected"), PARAMETERS.items())
def test_parameter_count_is_the_published_one(name: str, expected: int) -> None:
    # The count does not depend on the input's size; a small input builds faster.
    assert trainable(nets.build(name, input_shape=(32, 32, 3))) == expected


def test_every_scaling_is_in_the_registry() -> None:
    assert set(efficientnet_lite.SCALINGS) <= set(nets.names())


def test_default_input_is_the_designed_one_and_stages_halve_it() -> None:
    model = nets.build("efficientnet_lite0")
    assert model.input_shape == (None, 224, 224, 3)
    sides = {
        stage: model.get_layer(f"stage{stage}_block1_project_bn").output.shape[1:]
        for stage in range(1, 8)
    }
    assert sides == {
        1: (112, 112, 16),
        2: (56, 56, 24),
        3: (28, 28, 40),
        4: (14, 14, 80),
        5: (14, 14, 112),
        6: (7, 7, 192),
        7: (7, 7, 320),
    }
    assert model.get_layer("head_conv").output.shape == (None, 7, 7, 1280)


def test_layer_names_do_not_depend_on_size_or_classes() -> None:
    small = nets.build("efficientnet_lite0", input_shape=(32, 32, 3), num_classes=5)
    large = nets.build("efficientnet_lite0")
    assert [layer.name for layer in small.layers] == [layer.name for layer in large.layers]
    assert small.layers[1].name == "stem_conv"
    assert "stage1_block1_expand_conv" not in [layer.name for layer in small.layers]
    assert small.get_layer("stage6_block4_expand_conv").filters == 192 * 6


def test_thirty_two_pixels_give_probabilities() -> None:
    keras.utils.set_random_seed(3)
    model = nets.build("efficientnet_lite0", input_shape=(32, 32, 3), num_classes=7)
    pixels = np.random.default_rng(3).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)
    probabilities = np.asarray(model(pixels, training=False))
    assert probabilities.shape == (2, 7)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-5)
    assert not np.allclose(probabilities[0], probabilities[1])


def test_logits_are_given_when_asked_for() -> None:
    keras.utils.set_random_seed(4)
    shape = (32, 32, 3)
    logits = nets.build(
        "efficientnet_lite0", input_shape=shape, num_classes=4, classifier_activation=None
    )
    whole = nets.build("efficientnet_lite0", input_shape=shape, num_classes=4)
    whole.set_weights(logits.get_weights())
    pixels = np.random.default_rng(4).uniform(-1, 1, (1, *shape)).astype(np.float32)
    raw = np.asarray(logits(pixels, training=False))
    expected = np.exp(raw - raw.max()) / np.exp(raw - raw.max()).sum()
    np.testing.assert_allclose(whole(pixels, training=False), expected, atol=1e-6)


# Keras saves a TensorFlow variable through an __array__ that NumPy 2 calls outdated.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_saved_net_answers_the_same(tmp_path: Path) -> None:
    keras.utils.set_random_seed(5)
    model = nets.build("efficientnet_lite0", input_shape=(32, 32, 3), num_classes=3)
    pixels = np.random.default_rng(5).uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)
    model.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras")
    np.testing.assert_array_equal(
        np.asarray(loaded(pixels, training=False)), np.asarray(model(pixels, training=False))
    )


@pytest.mark.parametrize(
    ("filters", "width", "expected"),
    [
        (32, 1.0, 32),
        (16, 1.1, 16),
        (24, 1.1, 24),
        (40, 1.1, 48),
        (24, 1.4, 32),
        (320, 1.4, 448),
    ],
)
def test_widths_are_multiples_of_eight(filters: int, width: float, expected: int) -> None:
    assert scaled(filters, width) == expected


def test_too_small_an_input_says_what_is_enough() -> None:
    with pytest.raises(OptionError, match="at least 16 pixels"):
        nets.build("efficientnet_lite0", input_shape=(15, 64, 3))
    with pytest.raises(OptionError, match="at least 32 pixels a side .or 16, with stem='small'"):
        nets.build("efficientnet_lite0", input_shape=(31, 64, 3), stem="paper")


def test_no_classes_is_refused() -> None:
    with pytest.raises(OptionError, match="num_classes is 0"):
        nets.build("efficientnet_lite0", num_classes=0)


def test_unknown_name_lists_the_nets() -> None:
    with pytest.raises(UnknownNameError, match="efficientnet_lite0"):
        nets.build("efficientnet_lite9")
