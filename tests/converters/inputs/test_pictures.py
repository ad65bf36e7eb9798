from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from converters.inputs import picture_set
from converters.inputs.photographs import tensor_of
from converters.inputs.pictures import open_pictures
from edgecnn.bundle.schema import InputSpec
from edgecnn.data.fashion_mnist import NAMES
from edgecnn.errors import ImageError, OptionError, SourceError
from edgecnn.registry import DATASETS

RGB = InputSpec(width=12, height=8, color="rgb", mean=(1.0, 2.0, 3.0), std=(2.0, 2.0, 2.0))
GRAY = InputSpec(width=28, height=28, color="gray", mean=(0.0,), std=(255.0,))
FASHION = Path(__file__).parents[2] / "data" / "fashion_mnist"


def rgb(count: int = 120, height: int = 10, width: int = 14, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def gray(count: int = 120) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, 28, 28), dtype=np.uint8)


@pytest.fixture
def fashion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGECNN_FASHION_MNIST", str(FASHION))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures in two class folders, one more level below, and things that are no pictures."""
    root = tmp_path / "photos"
    for number, place in enumerate(("cat/2.png", "cat/10.png", "dog/1.png", "dog/old/3.png")):
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / place), rgb(1, seed=number)[0])
    (root / "notes.txt").write_text("hello")
    (root / ".hidden").mkdir()
    cv2.imwrite(str(root / ".hidden" / "x.png"), rgb(1)[0])
    return root


def as_list(what: Any, spec: InputSpec = RGB, **options: Any) -> list[np.ndarray]:
    opened = open_pictures(what, spec=spec, **options)
    return [opened.picture(index)[0] for index in range(len(opened))]


def batches(images: np.ndarray, size: int = 50) -> Iterator[np.ndarray]:
    for start in range(0, len(images), size):
        yield images[start : start + size]


class Loader:
    """Has a length and is indexed, like data sets of Keras and PyTorch; iterating never ends."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        return self.items[index % len(self.items)]


class LikeTfData:
    """The two members by which tf.data is known."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def as_numpy_iterator(self) -> Iterator[Any]:
        return iter(self.items)


FORMS: dict[str, Any] = {
    "array": lambda x: x,
    "float array": lambda x: x.astype(np.float32),
    "wide integers": lambda x: x.astype(np.int64),
    "list of arrays": list,
    "generator": lambda x: iter(list(x)),
    "generator of batches": batches,
    "function": lambda x: lambda: batches(x),
    "tf.data": lambda x: LikeTfData(list(x)),
    "tf.data of batches": lambda x: LikeTfData(list(batches(x))),
    "loader": lambda x: Loader(list(batches(x))),
    "representative data set": lambda x: lambda: ([one[None]] for one in x),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_pictures(form: str) -> None:
    images = rgb()
    opened = open_pictures(FORMS[form](images), spec=RGB)
    assert len(opened) == 120
    assert opened.warnings == ()
    assert opened.truth is None
    for index in (0, 57, 119):
        pixels, color = opened.picture(index)
        np.testing.assert_array_equal(pixels, images[index])
        assert (pixels.dtype, color) == (np.uint8, "rgb")
    assert opened.names[57] == "#57"


@pytest.mark.parametrize("form", FORMS)
def test_gray_pictures_may_have_a_channel_axis_or_none(form: str) -> None:
    images = gray()
    for given in (images, images[..., None]):
        for got, expected in zip(as_list(FORMS[form](given), GRAY), images, strict=True):
            np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("form", ["generator", "tf.data", "loader"])
def test_pairs_bring_their_classes(form: str) -> None:
    images, classes = rgb(), np.arange(120) % 7
    pairs: dict[str, Any] = {
        "generator": zip(images, classes, strict=True),
        "tf.data": LikeTfData([(images[:80], classes[:80]), (images[80:], classes[80:])]),
        "loader": Loader([(images[:60], classes[:60, None]), (images[60:], classes[60:, None])]),
    }
    assert open_pictures(pairs[form], spec=RGB).truth == tuple(classes)


def test_real_tf_data_is_read() -> None:
    tf = pytest.importorskip("tensorflow")
    images, classes = rgb(), np.arange(120) % 7
    data = tf.data.Dataset.from_tensor_slices((images.astype(np.float32), classes)).batch(32)
    opened = open_pictures(data, spec=RGB)
    assert opened.origin == "tf.data (120 pictures)"
    assert opened.truth == tuple(classes)
    np.testing.assert_array_equal(opened.picture(100)[0], images[100])
    np.testing.assert_array_equal(as_list(tf.constant(images))[3], images[3])


def test_pictures_of_different_sizes_come_as_a_list() -> None:
    given = [rgb(1, 10, 14)[0], rgb(1, 30, 9)[0]]
    assert [one.shape for one in as_list(given)] == [(10, 14, 3), (30, 9, 3)]


@pytest.mark.parametrize(
    "y",
    [
        np.arange(120) % 3,
        (np.arange(120) % 3)[:, None].astype(np.uint8),
        (np.arange(120) % 3).astype(np.float32),
        np.eye(3)[np.arange(120) % 3],
        [("cat", "dog", "bee")[n % 3] for n in range(120)],
    ],
    ids=["ids", "column", "floats", "one-hot", "names"],
)
def test_classes_may_come_in_many_forms(y: Any) -> None:
    opened = open_pictures(
        (rgb(), y), spec=RGB, labels=("cat", "dog", "bee"), role="validation", limit=110
    )
    assert opened.truth == tuple(int(name[1:]) % 3 for name in opened.names)


def test_calibration_does_not_mind_truth_that_is_no_class() -> None:
    boxes = [np.zeros((n % 3, 4)) for n in range(120)]
    assert open_pictures((rgb(), boxes), spec=RGB).truth is None
    assert open_pictures((rgb(), rgb()[..., 0]), spec=RGB).truth is None
    with pytest.raises(OptionError, match="120 calibration pictures, but y has 119"):
        open_pictures((rgb(), boxes[1:]), spec=RGB)


def test_a_folder_is_read_to_its_bottom_in_natural_order(folder: Path) -> None:
    opened = open_pictures(folder, spec=RGB)
    assert opened.names == ("cat/2.png", "cat/10.png", "dog/1.png", "dog/old/3.png")
    assert opened.origin == "folder photos (4 pictures)"
    assert str(folder.parent) not in opened.origin
    assert opened.picture(0)[1] == "bgr"
    assert opened.truth is None


def test_class_folders_are_the_truth_when_all_are_labels(folder: Path) -> None:
    assert open_pictures(folder, spec=RGB, labels=("dog", "cat")).truth == (1, 1, 0, 0)
    assert open_pictures(folder, spec=RGB, labels=("dog", "bee")).truth is None


def test_a_list_of_paths_is_read_in_its_order(folder: Path) -> None:
    files = [folder / "dog/1.png", str(folder / "cat/2.png")]
    opened = open_pictures((files, [1, 0]), spec=RGB, labels=("cat", "dog"))
    assert opened.names == ("1.png", "2.png")
    assert opened.truth == (1, 0)


@pytest.mark.usefixtures("fashion")
def test_a_data_set_is_opened_by_name() -> None:
    opened = open_pictures("fashion_mnist:test", spec=GRAY)
    data = DATASETS["fashion_mnist"]()
    assert opened.origin == "fashion_mnist:test (2000 pictures)"
    assert opened.truth == tuple(data.labels)
    np.testing.assert_array_equal(opened.picture(1234)[0], data.images[1234])
    assert opened.picture(0)[1] == "gray"
    assert open_pictures("fashion_mnist", spec=GRAY, role="validation").truth == opened.truth


@pytest.mark.usefixtures("fashion")
def test_calibration_by_name_takes_the_training_pictures() -> None:
    with pytest.raises(SourceError, match=r"train-images.*apt-get install dataset-fashion-mnist"):
        open_pictures("fashion_mnist", spec=GRAY)


@pytest.mark.usefixtures("fashion")
def test_labels_in_another_order_are_followed() -> None:
    backwards = NAMES[::-1]
    opened = open_pictures("fashion_mnist:test", spec=GRAY, labels=backwards)
    plain = open_pictures("fashion_mnist:test", spec=GRAY, labels=NAMES)
    assert [backwards[n] for n in opened.truth or ()] == [NAMES[n] for n in plain.truth or ()]


@pytest.mark.usefixtures("fashion")
def test_a_data_set_with_more_classes_than_labels_is_an_error() -> None:
    with pytest.raises(OptionError, match="from 0 to 9.*names 5 classes"):
        open_pictures("fashion_mnist:test", spec=GRAY, labels=NAMES[:5])


def test_a_set_that_is_open_already_may_be_opened_again() -> None:
    opened = open_pictures(rgb(), spec=RGB)
    assert len(open_pictures(opened, spec=RGB, limit=110)) == 110


def test_a_limit_takes_a_seeded_choice_and_says_which() -> None:
    images = rgb(300)
    one, again, other = (
        open_pictures(images, spec=RGB, limit=150, seed=seed) for seed in (1, 1, 2)
    )
    assert one.names == again.names != other.names
    for index in (0, 149):
        np.testing.assert_array_equal(one.picture(index)[0], images[int(one.names[index][1:])])
    assert one.as_inputs(100, 1).origin == "array (300 pictures of 14 x 10)"
    assert one.as_inputs(100, 1).used == 100
    assert one.as_inputs().used == 150


def test_a_generator_without_end_is_cut_and_that_is_said() -> None:
    def endless() -> Iterator[np.ndarray]:
        rng = np.random.default_rng(0)
        while True:
            yield rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)

    opened = open_pictures(endless(), spec=RGB, limit=130)
    assert len(opened) == 130
    assert "Only the first 130 pictures were taken" in opened.warnings[0]
    assert len(open_pictures(endless, spec=RGB)) == 10_000


def test_subsets_keep_names_and_truth_together() -> None:
    images, classes = rgb(), np.arange(120) % 7
    opened = open_pictures((images, classes), spec=RGB)
    few = opened.subset([5, 3])
    assert (few.names, few.truth) == (("#5", "#3"), (5, 3))
    np.testing.assert_array_equal(few.picture(1)[0], images[3])
    again = few.subset([1])
    np.testing.assert_array_equal(again.picture(0)[0], images[3])
    with pytest.raises(OptionError, match="Indices run from 2 to 2"):
        few.subset([2])


def test_a_larger_sample_begins_with_the_smaller_one() -> None:
    opened = open_pictures(rgb(), spec=RGB)
    assert opened.sample(50, 3).names[:20] == opened.sample(20, 3).names
    assert sorted(opened.sample(None, 3).names) == sorted(opened.names)
    assert opened.sample(None, 3).names != opened.names


def test_a_split_has_two_parts_without_a_common_picture() -> None:
    opened = open_pictures(rgb(), spec=RGB)
    first, second = opened.split(0.25, 0)
    assert (len(first), len(second)) == (30, 90)
    assert {*first.names, *second.names} == set(opened.names)
    for fraction in (0.0, 1.0):
        with pytest.raises(OptionError, match="between 0 and 1"):
            opened.split(fraction, 0)
    with pytest.raises(OptionError, match="too few to split"):
        opened.subset([0]).split(0.5, 0)


@pytest.mark.parametrize("layout", ["nhwc", "nchw"])
def test_feeds_are_the_tensors_of_the_device(layout: Any) -> None:
    spec = InputSpec(
        width=12, height=8, color="rgb", mean=(1.0, 2.0, 3.0), std=(2.0, 3.0, 4.0), layout=layout
    )
    images = rgb()
    feeds = open_pictures(images, spec=spec).feeds(spec, "x", 40)
    for _ in range(2):
        tensors = [feed["x"] for feed in feeds()]
        assert len(tensors) == 40
        for tensor, pixels in zip(tensors, images, strict=False):
            np.testing.assert_array_equal(tensor, tensor_of(pixels, spec, "rgb"))
    assert tensors[0] is not tensors[1]


def test_feeds_read_files_once_and_the_rest_anew(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    original = picture_set.read_image

    def counting(path: Path) -> Any:
        read.append(path)
        return original(path)

    monkeypatch.setattr(picture_set, "read_image", counting)
    monkeypatch.setattr(picture_set, "MAX_KEPT_BYTES", 3 * 12 * 8 * 3)
    opened = open_pictures(folder, spec=RGB)
    read.clear()
    feeds = opened.feeds(RGB)
    first, second = list(feeds()), list(feeds())
    assert len(read) == 4 + 1
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one["image"], other["image"])


def test_gray_feeds_have_one_channel_also_from_colour_files(folder: Path) -> None:
    feed = next(iter(open_pictures(folder, spec=GRAY).feeds(GRAY)()))
    assert feed["image"].shape == (1, 28, 28, 1)


def test_what_came_in_is_not_changed() -> None:
    images = rgb().astype(np.float32)
    kept = images.copy()
    list(open_pictures(images, spec=RGB).feeds(RGB)())
    np.testing.assert_array_equal(images, kept)


def with_value(value: float) -> np.ndarray:
    images = rgb().astype(np.float32)
    images[17, 2, 3, 1] = value
    return images


@pytest.mark.parametrize(
    ("what", "spec", "message"),
    [
        (np.empty((0, 8, 8, 3), np.uint8), RGB, "set is empty"),
        ([], RGB, "set is empty"),
        (iter([]), RGB, "set is empty"),
        (rgb()[:, :0], RGB, "no pixels"),
        (rgb()[0], RGB, r"x\[None\]"),
        (gray(), RGB, "Grey pictures for a colour network"),
        (gray()[..., None], RGB, "Grey pictures for a colour network"),
        (rgb(), GRAY, 'color="rgb" in input='),
        (rgb()[..., :2], RGB, r"must have shape \(N, height, width, 3\)"),
        (np.concatenate([rgb(), rgb()[..., :1]], -1), RGB, "Drop the alpha"),
        (rgb().transpose(0, 3, 1, 2), RGB, r"x\.transpose\(0, 2, 3, 1\)"),
        (gray()[0], GRAY, r"x\[None\]"),
        (rgb() > 3, RGB, "multiply by 255"),
        (rgb().astype(complex), RGB, "complex"),
        (rgb().astype(object), RGB, "list of arrays"),
        (with_value(np.nan), RGB, "NaN"),
        (with_value(np.inf), RGB, "infinite"),
        (with_value(-3.0), RGB, "values from -3 to 255"),
        (with_value(70_000.0), RGB, "values up to 7e"),
        (rgb() / 127.5 - 1, RGB, "normalised already"),
        (rgb() / 255, RGB, "Multiply by 255"),
        ((one / 255 for one in rgb()), RGB, "Multiply by 255"),
        ([rgb()[0], "a.png"], RGB, "<U"),
        ([(rgb()[0], 1, 2)], RGB, "has 3 parts"),
        ([{"image": rgb()[0]}], RGB, "dict with the keys"),
        (LikeTfData([(rgb(5), np.arange(4))]), RGB, "batch of 5 pictures with 4 labels"),
        ([(rgb()[0], 1), rgb()[0]], RGB, "2 calibration pictures came with 1 labels"),
        (3, RGB, "but got int"),
        ({"image": rgb()}, RGB, "but got dict"),
        (None, RGB, "but got NoneType"),
    ],
)
def test_what_is_no_set_of_pictures_is_an_error(what: Any, spec: InputSpec, message: str) -> None:
    with pytest.raises((ImageError, OptionError), match=message):
        open_pictures(what, spec=spec)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.arange(119), "120 validation pictures but 119 labels"),
        (np.full(120, 3), "from 3 to 3, but class ids are 0 to 2"),
        (np.full(120, -1), "from -1 to -1"),
        (np.full(120, 0.5), "whole numbers"),
        (np.full((120, 3), 1 / 3), "not one-hot"),
        (np.zeros((120, 3, 3)), "shape"),
        (["cat"] * 119 + ["cow"], "name cow"),
    ],
)
def test_wrong_classes_are_an_error(y: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        open_pictures((rgb(), y), spec=RGB, labels=("cat", "dog", "bee"), role="validation")


def test_wrong_limits_and_places_are_errors(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(OptionError, match="limit must be 1"):
        open_pictures(rgb(), spec=RGB, limit=0)
    with pytest.raises(SourceError, match="neither a folder nor a data set.*fashion_mnist"):
        open_pictures("nowhere", spec=RGB)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match=r"holds no pictures.*\.jpg"):
        open_pictures(tmp_path / "empty", spec=RGB)
    with pytest.raises(SourceError, match=r"missing\.png"):
        open_pictures([folder / "missing.png"], spec=RGB)
    (folder / "cat" / "zero.png").touch()
    with pytest.raises(SourceError, match=r"zero\.png is empty"):
        open_pictures(folder, spec=RGB)


def test_a_damaged_file_is_named(folder: Path) -> None:
    (folder / "dog" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n not really")
    with pytest.raises(SourceError, match=r"broken\.png"):
        open_pictures(folder, spec=RGB)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (rgb(99), "Only 99 calibration inputs"),
        (np.repeat(rgb(1), 120, axis=0), "the same one"),
        (np.zeros((120, 8, 8, 3), np.uint8), "the same one"),
        (rgb() // 128, "black"),
        (rgb() // 4, "values 0 to 63"),
        (np.arange(120, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 3), np.uint8),
         "one single value"),
        (rgb() * np.float32(0.999), "rounded to whole levels"),
    ],
)  # fmt: skip
def test_what_looks_wrong_is_a_warning(what: np.ndarray, message: str) -> None:
    opened = open_pictures(what, spec=RGB)
    assert len(opened.warnings) == 1
    assert message in opened.warnings[0]
    assert opened.as_inputs().warnings == opened.warnings
