"""Sets of pictures for calibration and validation, whatever they come as.

A folder, an array, a generator, ``tf.data``, a data set by name: all become a `PictureSet`, which
gives pictures one by one as a device would get them, and input tensors through the device's own
preprocessing. Arrays hold pixel values 0..255 in the channel order of the network's input, as the
training code has them before it normalises; files know their own colours.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from converters.inputs.input_set import MAX_ITEMS, Role, few_warning, iterate
from converters.inputs.picture_arrays import PixelValues, check_classes, check_stack
from converters.inputs.picture_files import class_folders, classes_by_folder, pictures_below
from converters.inputs.picture_items import gather
from converters.inputs.picture_looks import look_at
from converters.inputs.picture_set import PictureSet, from_files, from_images
from converters.inputs.tensors import TensorSet, open_tensors
from edgecnn.bundle.schema import InputSpec
from edgecnn.errors import OptionError, SourceError
from edgecnn.registry import DATASETS

__all__ = ["PictureSet", "TensorSet", "open_pictures", "open_tensors"]

_SPLITS = {"calibration": "train", "validation": "test"}


def open_pictures(
    what: Any,
    *,
    spec: InputSpec,
    labels: Sequence[str] = (),
    seed: int = 0,
    limit: int | None = None,
    role: Role = "calibration",
) -> PictureSet:
    """Open a set of pictures.

    Args:
        what: A folder (also with folders below it; when all of these are named like labels, that is
            the truth), a data set by name ("fashion_mnist", "fashion_mnist:test"; without a split
            calibration takes ``train`` and validation ``test``), a list of paths, an array
            (N, H, W, 3), or (N, H, W) or (N, H, W, 1) for a gray input, an iterable of such
            pictures or batches (a generator, ``tf.data``, a loader, or a function that gives one),
            pairs (x, y) of pictures and classes, or a `PictureSet`.
        spec: The bundle's input.
        labels: Names of the classes.
        seed: Of the choice when there are more than ``limit``.
        limit: Pictures, at most: a random choice, but the first of an iterable.
        role: What they are for: decides warnings and words.

    Raises:
        ImageError: Arrays that are no pictures, or whose values are not 0..255.
        OptionError: An empty set, labels that do not fit, or something else altogether.
        SourceError: A folder or file that is missing, empty or damaged.
        UnknownNameError: No such data set.
    """
    if limit is not None and limit < 1:
        raise OptionError(f"limit must be 1 or more, or None, but got {limit}.")
    opened = _open(what, spec, labels, seed, limit, role)
    if limit is not None and limit < len(opened):
        opened = opened.sample(limit, seed)
    looks = few_warning(len(opened), role) + look_at(opened.picture, len(opened), role)
    warnings = tuple(dict.fromkeys([*opened.warnings, *looks]))
    return dataclasses.replace(opened, warnings=warnings)


def _open(
    what: Any, spec: InputSpec, labels: Sequence[str], seed: int, limit: int | None, role: Role
) -> PictureSet:
    if isinstance(what, PictureSet):
        return what
    if isinstance(what, str | os.PathLike):
        return _from_name(os.fspath(what), labels, role)
    if _are_paths(what):
        return from_files([Path(one) for one in what])
    if _is_array(what):
        return from_array(np.asarray(what), spec, role, seed, limit)
    if isinstance(what, tuple) and len(what) == 2:
        x, y = what
        # All of them: a choice has to be made of both alike.
        opened = _open(x, spec, labels, seed, None, role)
        return with_classes(opened, y, labels, role)
    passing = iterate(what)
    if passing is None:
        raise OptionError(
            f"The {role} set must be a folder, a data set's name, an array, an iterable or a pair "
            f"(x, y), but got {type(what).__name__}."
        )
    items, kind = passing
    found = gather(items, spec, role, None if kind == "list" else limit or MAX_ITEMS)
    opened = from_images(found.images, spec.color, f"{kind} ({len(found.images)} pictures)")
    opened = dataclasses.replace(opened, warnings=tuple(found.warnings))
    return with_classes(opened, found.labels, labels, role) if found.labels else opened


def from_array(
    array: Any, spec: InputSpec, role: Role, seed: int = 0, limit: int | None = None
) -> PictureSet:
    """Pictures of an array in the channel order of the input; see `open_pictures`."""
    stack = check_stack(array, spec, role)
    rows = np.arange(len(stack))
    if limit is not None and limit < len(stack):
        rows = np.random.default_rng(seed).permutation(len(stack))[:limit]
        stack = stack[rows]
    values = PixelValues(role)
    pixels = values.take(stack, "array")
    height, width = stack.shape[1:3]
    origin = f"array ({len(array)} pictures of {width} x {height})"
    opened = from_images(pixels, spec.color, origin, rows)
    return dataclasses.replace(opened, warnings=tuple(values.finish()))


def with_classes(pictures: PictureSet, given: Any, labels: Sequence[str], role: Role) -> PictureSet:
    """The same pictures with class ids as truth.

    Calibration needs no truth: masks, boxes and the like that came along are left aside there.

    Raises:
        OptionError: Labels that do not fit the pictures or the classes.
    """
    if role == "calibration" and not _like_classes(given):
        if len(given) != len(pictures):
            raise OptionError(
                f"There are {len(pictures)} calibration pictures, but y has {len(given)} entries: "
                "they do not belong together."
            )
        return pictures
    ids = check_classes(given, len(pictures), labels, role)
    return dataclasses.replace(pictures, truth=tuple(ids.tolist()))


def _like_classes(given: Any) -> bool:
    try:
        array = np.asarray(given)
    except ValueError:  # parts of different shapes
        return False
    if array.ndim == 2:
        return array.shape[1] == 1 or bool(((array == 0) | (array == 1)).all())
    return array.ndim == 1 and array.dtype.kind in "iuf"


def _from_name(name: str, labels: Sequence[str], role: Role) -> PictureSet:
    data_set, _, split = name.partition(":")
    if data_set in DATASETS:
        split = split or _SPLITS[role]
        data = DATASETS[data_set](split)
        opened = from_images(data.images, data.color, f"{data_set}:{split} ({len(data)} pictures)")
        known = set(labels) == set(data.names)
        given = [data.names[number] for number in data.labels] if known else data.labels
        return with_classes(opened, given, labels, role)
    path = Path(name)
    if path.is_dir():
        files = pictures_below(path)
        origin = f"folder {path.resolve().name} ({len(files)} pictures)"
        opened = from_files(files, origin, path)
        ids = classes_by_folder(class_folders(path, files), labels)
        return opened if ids is None else dataclasses.replace(opened, truth=tuple(ids.tolist()))
    if path.is_file():
        return from_files([path])
    raise SourceError(
        f"The {role} set {name!r} is neither a folder nor a data set. Data sets: "
        f"{', '.join(sorted(DATASETS))}."
    )


def _are_paths(what: Any) -> bool:
    return (
        isinstance(what, list | tuple)
        and len(what) > 0
        and all(isinstance(one, str | os.PathLike) for one in what)
    )


def _is_array(what: Any) -> bool:
    """Whether it is an array as a whole: numpy's, or a tensor of another library."""
    return isinstance(what, np.ndarray) or (hasattr(what, "__array__") and hasattr(what, "shape"))
