"""What is right about pictures: boxes, masks and identities, from arrays and from files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from converters.inputs.input_set import Ints
from converters.inputs.picture_arrays import check_classes
from edgecnn.errors import OptionError, SourceError
from edgecnn.evaluation.detection import TrueBoxes
from edgecnn.evaluation.segmentation import IGNORE

ANNOTATIONS = "annotations.json"


class _Picture(msgspec.Struct, frozen=True):
    id: int
    file_name: str


class _Object(msgspec.Struct, frozen=True):
    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float]
    iscrowd: int = 0


class _Category(msgspec.Struct, frozen=True):
    id: int
    name: str


class _Coco(msgspec.Struct, frozen=True):
    images: list[_Picture]
    annotations: list[_Object]
    categories: list[_Category]


def check_boxes(boxes: Any, class_ids: Any, labels: Sequence[str], name: str) -> TrueBoxes:
    """True objects of one picture.

    Args:
        boxes: (M, 4) x_min, y_min, x_max, y_max in pixels of the picture; may be empty.
        class_ids: (M,) class ids, or names of ``labels``.
        labels: Names of the classes.
        name: Of the picture, for messages.

    Raises:
        OptionError: Another shape, boxes without an area, or unknown classes.
    """
    array = np.asarray(boxes, np.float64) if len(boxes) else np.empty((0, 4))
    if array.ndim != 2 or array.shape[1] != 4 or not np.isfinite(array).all():
        raise OptionError(
            f"The boxes of {name} must be (M, 4) finite numbers, but have shape {array.shape}."
        )
    if (array[:, 2:] <= array[:, :2]).any():
        raise OptionError(
            f"A box of {name} has no area: {array[(array[:, 2:] <= array[:, :2]).any(axis=1)][0]}. "
            "Boxes are x_min, y_min, x_max, y_max; from x, y, width, height add the corner."
        )
    if len(array) and array.max() <= 1.0:
        raise OptionError(
            f"The boxes of {name} lie within 0..1; expected pixels of the picture. Multiply by its "
            "width and height."
        )
    given = class_ids if len(array) else np.empty(0, np.int64)
    return TrueBoxes(array, check_classes(given, len(array), labels, "validation"))


def read_coco(folder: Path, labels: Sequence[str]) -> tuple[list[Path], list[TrueBoxes], list[str]]:
    """Pictures and boxes of a folder with COCO's ``annotations.json``.

    Categories go by name to the labels; without labels they count in the order of their ids.

    Args:
        folder: Holds the pictures, or a folder ``images`` of them.
        labels: Names of the classes.

    Returns:
        Files, their boxes, and warnings.

    Raises:
        SourceError: The file is missing, no COCO annotations, or names pictures that are not there.
        OptionError: None of its categories is a label.
    """
    file = folder / ANNOTATIONS
    try:
        coco = msgspec.json.decode(file.read_bytes(), type=_Coco)
    except OSError as error:
        raise SourceError(
            f"Cannot read {file}: {error.strerror or error}. A folder for detection holds pictures "
            f"and COCO annotations in {ANNOTATIONS}."
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SourceError(f"{file} holds no COCO annotations: {error}.") from error
    numbers, warnings = _categories(coco, labels, file)
    objects: dict[int, list[_Object]] = {picture.id: [] for picture in coco.images}
    flat = 0
    for one in coco.annotations:
        if one.image_id not in objects:
            raise SourceError(f"{file}: an annotation names the picture {one.image_id}: not there.")
        if min(one.bbox[2:]) <= 0:
            flat += 1
        elif one.category_id in numbers:
            objects[one.image_id].append(one)
    if flat:
        warnings.append(f"{flat} boxes without an area were left out.")
    files = [_file_of(folder, picture.file_name) for picture in coco.images]
    return files, [_boxes(objects[picture.id], numbers) for picture in coco.images], warnings


def _categories(coco: _Coco, labels: Sequence[str], file: Path) -> tuple[dict[int, int], list[str]]:
    """Category id -> class id, and warnings."""
    ordered = sorted(coco.categories, key=lambda one: one.id)
    names = list(labels) or [one.name for one in ordered]
    numbers = {one.id: names.index(one.name) for one in ordered if one.name in names}
    if not numbers:
        raise OptionError(
            f"{file.name} has the categories {', '.join(one.name for one in ordered[:5])}, none of "
            f"which is one of labels=: {', '.join(names[:5])}."
        )
    others = [one.name for one in ordered if one.id not in numbers]
    if not others:
        return numbers, []
    return numbers, [f"Objects of categories without a label are left out: {', '.join(others)}."]


def _boxes(objects: Sequence[_Object], numbers: dict[int, int]) -> TrueBoxes:
    xywh = np.array([one.bbox for one in objects], np.float64).reshape(-1, 4)
    return TrueBoxes(
        np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1),
        np.array([numbers[one.category_id] for one in objects], np.int64),
        np.array([one.iscrowd for one in objects], np.bool_),
    )


def _file_of(folder: Path, name: str) -> Path:
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise SourceError(f"{ANNOTATIONS} names a picture outside its folder: {name}.")
    inside = [folder / name, folder / "images" / name]
    for file in inside:
        if file.is_file():
            return file
    raise SourceError(f"{ANNOTATIONS} names {name}, which is not in {folder} nor in its images/.")


def check_masks(masks: Any, count: int, labels: Sequence[str]) -> list[NDArray[Any]]:
    """Masks of all pictures.

    Args:
        masks: (N, H, W) or (N, H, W, 1) class ids, or a list of (H, W) of any sizes; `IGNORE`
            marks pixels that do not count. With one label, 1 is that class and 0 all else.
        count: How many pictures there are.
        labels: Names of the classes; empty when they are not known.

    Raises:
        OptionError: Another number, shape or type, or values that are no class ids.
    """
    if len(masks) != count:
        raise OptionError(f"There are {count} validation pictures but {len(masks)} masks.")
    return [_mask(np.asarray(mask), labels, f"#{number}") for number, mask in enumerate(masks)]


def _mask(mask: NDArray[Any], labels: Sequence[str], name: str) -> NDArray[Any]:
    flat = mask[..., 0] if mask.ndim == 3 and mask.shape[2] == 1 else mask
    if flat.ndim != 2 or flat.dtype.kind not in "iub":
        raise OptionError(
            f"The mask {name} must be (H, W) whole numbers, one class id a pixel, but is "
            f"{mask.dtype} of shape {mask.shape}. From one-hot: mask.argmax(axis=-1)."
        )
    if labels:
        top = max(len(labels), 2) - 1
        wrong = flat[(flat != IGNORE) & ((flat < 0) | (flat > top))]
        if len(wrong):
            raise OptionError(
                f"The mask {name} holds the value {wrong[0]}; class ids are 0 to {top}, and "
                f"{IGNORE} for pixels that do not count."
            )
    return flat


def mask_files(folder: Path, pictures: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """The mask of each picture of ``images/``: a PNG of its name in ``masks/``; and warnings.

    Raises:
        SourceError: A picture has none.
    """
    masks = folder / "masks"
    found = [
        masks / picture.relative_to(folder / "images").with_suffix(".png") for picture in pictures
    ]
    missing = [mask.name for mask in found if not mask.is_file()]
    if missing:
        raise SourceError(
            f"{len(missing)} pictures have no mask in {masks}: {', '.join(missing[:3])}. Expected "
            "a PNG of the picture's name."
        )
    others = len(set(masks.rglob("*.png")) - set(found))
    return found, [f"{others} masks belong to no picture."] if others else []


def read_mask(truth: NDArray[Any] | Path, labels: Sequence[str]) -> NDArray[Any]:
    """A mask, (H, W) class ids, read now if it is a file.

    Raises:
        SourceError: A file that is no single-channel picture.
        OptionError: Values that are no class ids.
    """
    if not isinstance(truth, Path):
        return truth
    try:
        mask = cv2.imdecode(np.fromfile(truth, np.uint8), cv2.IMREAD_UNCHANGED)
    except (OSError, cv2.error) as error:
        raise SourceError(f"Cannot read the mask {truth}: {error}.") from error
    if mask is None or mask.ndim != 2:
        shape = "not a picture" if mask is None else f"of shape {mask.shape}"
        raise SourceError(
            f"The mask {truth} is {shape}; expected a grey PNG whose values are class ids (one "
            "with a palette has to be saved as grey)."
        )
    return _mask(np.asarray(mask), labels, truth.name)


def check_identities(given: Any, count: int) -> Ints:
    """(N,) int64 numbers for identities of any type; equal ones get equal numbers.

    Raises:
        OptionError: Another number of them, or no two pictures of one, or only one identity.
    """
    array = np.asarray(given)
    array = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    if array.ndim != 1 or len(array) != count:
        raise OptionError(
            f"There are {count} validation pictures but identities of shape {array.shape}; "
            "expected one each."
        )
    _, numbers = np.unique(array, return_inverse=True)
    check_pairs(numbers)
    return np.asarray(numbers, np.int64)


def check_pairs(identities: Ints) -> None:
    """Refuse sets in which nothing can be told apart.

    Raises:
        OptionError: No two pictures of one identity, or only one identity.
    """
    counts = np.unique(identities, return_counts=True)[1]
    if len(counts) < 2 or counts.max() < 2:
        raise OptionError(
            f"{len(identities)} pictures of {len(counts)} identities make no pairs to tell apart: "
            "at least two identities are needed, and two pictures of one of them."
        )
