"""What holds for every layer of the table and every preset: a new entry is tested by existing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from edgecnn.data.augmentation import presets
from edgecnn.data.augmentation.batches import as_floats
from edgecnn.data.augmentation.presets import LAYERS, PRESETS, augment, make
from edgecnn.errors import OptionError, UnknownNameError

CASES = [
    (name, channels)
    for name in [*LAYERS, *(f"preset {name}" for name in PRESETS if name != "none")]
    for channels in (1, 3)
    if name not in LAYERS or channels == 3 or not LAYERS[name].color
]
every = pytest.mark.parametrize(("name", "channels"), CASES)
# Graphs take a second each to build, and know nothing that channels could change.
in_color = pytest.mark.parametrize(("name", "channels"), [case for case in CASES if case[1] == 3])
in_color_alone = pytest.mark.parametrize("name", LAYERS)


def layer_of(name: str, channels: int, seed: int = 3) -> Any:
    if name in LAYERS:
        return make(name, seed=seed)
    return augment(name.removeprefix("preset "), (16, 12, channels), seed=seed)


def pictures(channels: int, count: int = 6) -> np.ndarray:
    """Random pixels with pure black and pure white among them."""
    pixels = np.random.default_rng(0).integers(-60, 316, (count, 16, 12, channels))
    return np.clip(pixels, 0, 255).astype(np.uint8)


def changed(layer: Any, images: np.ndarray) -> np.ndarray:
    return as_floats(layer(images, training=True))


@every
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_shape_and_range_are_kept_and_the_type_is_float(
    name: str, channels: int, dtype: type
) -> None:
    images = pictures(channels).astype(dtype)
    layer = layer_of(name, channels)
    for _ in range(5):
        result = layer(images, training=True)
        assert tuple(result.shape) == images.shape
        assert keras.backend.standardize_dtype(result.dtype) == "float32"
        values = as_floats(result)
        assert np.isfinite(values).all()
        # Colour spaces and back cost a last bit.
        assert -1e-3 <= values.min() < values.max() <= 255.001
    np.testing.assert_array_equal(images, pictures(channels).astype(dtype))


@every
def test_pictures_change_each_in_its_own_way(name: str, channels: int) -> None:
    one = pictures(channels, 1)[0]
    results = changed(layer_of(name, channels), np.stack([one] * 16))
    ways = 2 if name == "preset flip" else 5
    assert len({result.tobytes() for result in results}) >= ways
    assert any(np.abs(result - one).max() > 1 for result in results)


@every
def test_inference_changes_nothing(name: str, channels: int) -> None:
    images = pictures(channels)
    result = layer_of(name, channels)(images, training=False)
    np.testing.assert_array_equal(as_floats(result), images)


@every
def test_the_seed_decides_and_the_sequence_goes_on(name: str, channels: int) -> None:
    images = pictures(channels, 16)
    first, again, other = (layer_of(name, channels, seed) for seed in (3, 3, 4))
    start = changed(first, images)
    np.testing.assert_array_equal(changed(again, images), start)
    assert np.any(changed(other, images) != start)
    assert np.any(changed(first, images) != start)


@in_color
def test_a_saved_layer_does_the_same(name: str, channels: int, tmp_path: Path) -> None:
    inputs = keras.Input((16, 12, channels))
    keras.Model(inputs, layer_of(name, channels)(inputs)).save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras").layers[-1]
    images = pictures(channels)
    fresh = layer_of(name, channels)
    assert type(loaded) is type(fresh)
    if name in LAYERS:
        lists = [json.loads(json.dumps(one.get_config())) for one in (loaded, fresh)]
        assert lists[0] == lists[1]
    np.testing.assert_allclose(changed(loaded, images), changed(fresh, images), atol=1e-4)


@in_color
def test_layers_work_within_a_net_that_trains(name: str, channels: int) -> None:
    net = keras.Sequential(
        [
            keras.layers.Input((16, 12, channels)),
            layer_of(name, channels),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    net.compile("sgd", "sparse_categorical_crossentropy")
    images = pictures(channels).astype(np.float32)
    assert np.isfinite(net.train_on_batch(images, np.arange(6) % 2))
    # What is said in inference is said without augmentation.
    again = net.predict_on_batch(images)
    np.testing.assert_array_equal(net.predict_on_batch(images), again)


def from_tf_data(layer: Any, batched: bool) -> list[Any]:
    tf = pytest.importorskip("tensorflow")
    stream = tf.data.Dataset.from_tensor_slices(pictures(3, 8))
    stream = stream.batch(4) if batched else stream
    return list(stream.map(lambda images: layer(images, training=True)))


@in_color
def test_layers_work_on_batches_of_tf_data(name: str, channels: int) -> None:
    made = from_tf_data(layer_of(name, channels), batched=True)
    assert [tuple(one.shape) for one in made] == [(4, 16, 12, 3)] * 2
    assert np.any(made[0].numpy() != made[1].numpy())


@in_color_alone
def test_layers_work_on_single_pictures_of_tf_data(name: str) -> None:
    made = from_tf_data(make(name, seed=3), batched=False)
    assert [tuple(one.shape) for one in made] == [(16, 12, 3)] * 8
    assert len({one.numpy().tobytes() for one in made}) > 4


@pytest.mark.parametrize("channels", [1, 3])
def test_no_augmentation_is_a_layer_like_the_others(channels: int) -> None:
    images = pictures(channels)
    np.testing.assert_array_equal(changed(augment("none", (16, 12, channels)), images), images)


def test_presets_leave_out_what_a_picture_cannot_take() -> None:
    def names(chain: Any) -> list[str]:
        return [layer.name for layer in chain.layers]

    assert names(augment("standard", (8, 8, 1))) == ["flip", "affine", "brightness", "contrast"]
    assert names(augment("standard", (8, 8, 3)))[-2:] == ["saturation", "hue"]
    assert names(augment("light", (8, 8, 3), flip=None)) == ["crop"]


def test_single_layers_come_behind_the_preset_in_the_order_of_the_table() -> None:
    wanted = {"cutout": 0.1, "rotate": 20.0, "hue": 0.1, "shear": 0.0}
    chain = augment("light", (8, 8, 3), layers=wanted)
    assert [layer.name for layer in chain.layers] == ["flip", "crop", "rotate", "hue", "cutout"]
    assert [layer.name for layer in augment("none", (8, 8, 1), layers=wanted).layers] == [
        "rotate", "cutout",
    ]  # fmt: skip
    assert [layer.name for layer in augment("flip", (8, 8, 1)).layers] == ["flip"]
    with pytest.raises(UnknownNameError, match=r"'rotation'.*rotate"):
        augment("none", (8, 8, 1), layers={"rotation": 3.0})


def test_presets_name_known_layers() -> None:
    for steps in PRESETS.values():
        assert {name for name, _ in steps} <= set(LAYERS)


@pytest.mark.parametrize("name", LAYERS)
def test_an_amount_out_of_range_is_refused_with_its_meaning(name: str) -> None:
    with pytest.raises(OptionError, match="of -?400"):
        make(name, -400.0)


@pytest.mark.parametrize("name", [name for name in LAYERS if name != "rand_augment"])
def test_an_amount_of_nothing_changes_nothing(name: str) -> None:
    images = pictures(3)
    np.testing.assert_allclose(changed(make(name, 0.0), images), images, atol=2e-4)


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"'wild'.*flip, light, none, standard, strong"):
        augment("wild", (8, 8, 1))
    with pytest.raises(UnknownNameError, match="rotate"):
        make("turn")


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 4), (0, 8, 3)])
def test_what_is_no_picture_has_no_preset(shape: Any) -> None:
    with pytest.raises(OptionError, match="input_shape"):
        presets.augment("light", shape)


@pytest.mark.parametrize("name", ["affine", "crop", "resized_crop", "rand_augment"])
def test_an_unknown_size_is_refused(name: str) -> None:
    tf = pytest.importorskip("tensorflow")
    layer = make(name)
    anything = tf.TensorSpec((None, None, None, 3))
    with pytest.raises(ValueError, match="height and width"):
        tf.function(lambda images: layer(images, training=True)).get_concrete_function(anything)
