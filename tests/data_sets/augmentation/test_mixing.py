from __future__ import annotations

import threading
from pathlib import Path

import keras
import numpy as np
import pytest

from edgecnn.data.augmentation.batches import Augmenter, as_floats
from edgecnn.data.augmentation.contact_sheet import contact_sheet, save_contact_sheet
from edgecnn.data.augmentation.mixing import CutMix, MixUp
from edgecnn.data.augmentation.presets import augment
from edgecnn.errors import OptionError, SourceError

COUNT = 8
IMAGES = np.broadcast_to(np.arange(COUNT)[:, None, None, None] * 30.0, (COUNT, 9, 11, 1))
"""Picture k is plain with value 30 * k: its pixels tell which picture they came from."""
LABELS = np.eye(COUNT, dtype=np.float32)


def cut(seed: int) -> tuple[np.ndarray, np.ndarray]:
    pair = CutMix(seed=seed)({"images": IMAGES, "labels": LABELS}, training=True)
    return as_floats(pair["images"]), as_floats(pair["labels"])


def test_labels_are_the_shares_of_the_pixels() -> None:
    for seed in range(20):
        images, labels = cut(seed)
        origin = np.rint(images[..., 0] / 30).astype(int)
        counted = np.stack([(origin == k).mean((1, 2)) for k in range(COUNT)], axis=1)
        np.testing.assert_allclose(labels, counted, atol=1e-6)


def test_boxes_are_rectangles_of_every_size() -> None:
    shares = []
    for seed in range(60):
        images, _ = cut(seed)
        for row, image in enumerate(images[..., 0]):
            pasted = image != 30 * row
            if pasted.any():
                rows, columns = np.flatnonzero(pasted.any(1)), np.flatnonzero(pasted.any(0))
                assert pasted.sum() == len(rows) * len(columns)
            shares.append(pasted.mean())
    assert min(shares) == 0
    assert max(shares) > 0.7
    assert 0.15 < np.mean(shares) < 0.45


both = pytest.mark.parametrize("kind", [CutMix, MixUp])


@both
def test_mixing_rests_in_inference_and_is_saved(kind: type) -> None:
    layer = kind(0.7, seed=4)
    pair = layer({"images": IMAGES, "labels": LABELS}, training=False)
    np.testing.assert_array_equal(as_floats(pair["images"]), IMAGES)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
    first, second = (
        one({"images": IMAGES, "labels": LABELS}, training=True) for one in (layer, again)
    )
    np.testing.assert_array_equal(as_floats(first["images"]), as_floats(second["images"]))


@both
def test_mixing_works_in_tf_data(kind: type) -> None:
    tf = pytest.importorskip("tensorflow")
    layer = kind(seed=0)
    data = {"images": IMAGES.astype(np.uint8), "labels": LABELS}
    stream = tf.data.Dataset.from_tensor_slices(data).batch(4)
    for pair in stream.map(lambda pair: layer(pair, training=True)):
        assert pair["images"].shape == (4, 9, 11, 1)
        np.testing.assert_allclose(as_floats(pair["labels"]).sum(1), 1, atol=1e-6)


@both
def test_alpha_of_nothing_is_refused(kind: type) -> None:
    with pytest.raises(ValueError, match="above 0"):
        kind(0.0)


@pytest.mark.parametrize("mix", [None, "mixup", "cutmix", "both"])
def test_the_seed_alone_decides_what_happens_to_a_batch(mix: str | None) -> None:
    images = np.random.default_rng(0).uniform(0, 255, (COUNT, 9, 11, 1)).astype(np.float32)
    before = images.copy()
    one, other = (
        Augmenter(augment("standard", (9, 11, 1), seed=seed), mix=mix)  # type: ignore[arg-type]
        for seed in (0, 77)
    )
    first = one(images, LABELS, 5)
    one(images, LABELS, 6)
    for result in (one(images, LABELS, 5), other(images, LABELS, 5)):
        np.testing.assert_array_equal(result[0], first[0])
        np.testing.assert_array_equal(result[1], first[1])
    assert np.any(one(images, LABELS, 6)[0] != first[0])
    np.testing.assert_array_equal(images, before)
    assert first[0].dtype == first[1].dtype == np.float32
    np.testing.assert_allclose(first[1].sum(1), 1, atol=1e-6)
    assert (mix is None) == bool((first[1] == LABELS).all())


def test_mixup_blends_pictures_as_it_blends_labels() -> None:
    images, labels = Augmenter(augment("none", (9, 11, 1)), mix="mixup", alpha=1.0)(
        IMAGES, LABELS, 1
    )
    expected = labels @ (np.arange(COUNT) * 30.0)
    np.testing.assert_allclose(images[..., 0], expected[:, None, None] * np.ones((1, 9, 11)), 1e-4)
    assert np.any((labels > 0.05) & (labels < 0.95))


def test_both_ways_of_mixing_take_turns() -> None:
    augmenter = Augmenter(augment("none", (9, 11, 1)), mix="both")
    blended = [np.any(augmenter(IMAGES, LABELS, seed)[0] % 30 > 0.5) for seed in range(6)]
    assert blended == [True, False] * 3


def test_batches_may_be_made_by_several_threads() -> None:
    augmenter = Augmenter(augment("light", (9, 11, 1)), mix="cutmix")
    images = np.random.default_rng(0).uniform(0, 255, (COUNT, 9, 11, 1)).astype(np.float32)
    alone = [augmenter(images, LABELS, seed)[0] for seed in range(8)]
    made: dict[int, np.ndarray] = {}

    def work(seed: int) -> None:
        made[seed] = augmenter(images, LABELS, seed)[0]

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, expected in enumerate(alone):
        np.testing.assert_array_equal(made[seed], expected)


def test_an_unknown_way_of_mixing_is_refused() -> None:
    with pytest.raises(OptionError, match="mixup, cutmix, both"):
        Augmenter(augment("none", (9, 11, 1)), mix="blend")  # type: ignore[arg-type]


def test_a_contact_sheet_shows_the_original_first(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 28, 28), dtype=np.uint8)
    layers = augment("standard", (28, 28, 1))
    sheet = contact_sheet(images, layers, columns=4, seed=1)
    assert sheet.dtype == np.uint8
    cell = 28 * 3 + 6 + 4
    assert sheet.shape == (2 * cell + 4, 4 * cell + 4, 3)
    inner = sheet[7 : 7 + 84, 7 : 7 + 84]
    np.testing.assert_array_equal(inner[::3, ::3, 0], images[0])
    second = sheet[7 : 7 + 84, 7 + cell : 7 + cell + 84]
    assert np.any(second[::3, ::3, 0] != images[0])
    np.testing.assert_array_equal(contact_sheet(images, layers, columns=4, seed=1), sheet)
    file = save_contact_sheet(tmp_path / "sheet.png", images, layers, columns=4, seed=1)
    assert file.read_bytes()[1:4] == b"PNG"


def test_a_sheet_of_nothing_or_to_nowhere_is_refused(tmp_path: Path) -> None:
    layers = augment("light", (8, 8, 1))
    images = np.zeros((1, 8, 8), np.uint8)
    for shown, columns in ((images[:0], 3), (images[0], 3), (images, 1)):
        with pytest.raises(OptionError, match="contact sheet"):
            contact_sheet(shown, layers, columns=columns)
    with pytest.raises(SourceError, match="Cannot write"):
        save_contact_sheet(tmp_path / "no" / "sheet.png", images, layers)
