"""The shipped net for clothes on all test pictures, and its recipe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras")

import edgecnn
from converters.compress.recipe import read_recipe
from converters.compress.summary import FileRow, Summary
from converters.zoo import classify_fashion_mnist as recipe
from edgecnn.bundle import io
from edgecnn.data import fashion_mnist
from edgecnn.errors import ConversionError, SourceError
from edgecnn.runtime.policy import candidates

ROOT = Path(__file__).resolve().parents[3]
BUNDLE = ROOT / "assets" / "zoo" / "classify_fashion_mnist"
PICTURES = 2_000
"""Of the 10,000: their share differs from that of all by a point at most, 99 times of 100."""


@pytest.mark.parametrize("backend", [way for _, way in candidates(io.load(BUNDLE).manifest)])
def test_the_files_name_as_many_test_pictures_right_as_the_card_says(backend: str) -> None:
    try:
        data = fashion_mnist.load("test")
    except SourceError as error:
        pytest.skip(str(error))
    with edgecnn.load(BUNDLE, backend=backend, threads=1) as classify:
        named = [classify(image, "gray")[0].class_id for image in data.images[:PICTURES]]
    assert np.mean(np.equal(named, data.labels[:PICTURES])) > recipe.LEAST_TOP1 - 0.01


def test_the_file_is_small_and_integer_from_end_to_end() -> None:
    manifest = io.load(BUNDLE).manifest
    (tflite,) = (one for one in manifest.variants if one.file.endswith(".tflite"))
    assert manifest.files[tflite.file].bytes <= recipe.MOST_BYTES
    assert {port.dtype for port in (*tflite.inputs, *tflite.outputs)} == {"int8"}


def test_a_folder_without_a_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="no work of `edgecnn compress`"):
        recipe.build(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_work_of_another_recipe_is_refused() -> None:
    recipe.check_recipe(read_recipe(ROOT / "examples" / "fashion_mnist.toml"))
    with pytest.raises(ConversionError, match=r"name, student, teacher, prune.* differ"):
        recipe.check_recipe(read_recipe(ROOT / "examples" / "fashion_mnist_smallest.toml"))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (FileRow("int8.tflite", "litert", 61_000, 0.93, 1.0), "61,000 bytes; at most 60,000"),
        (FileRow("int8.tflite", "litert", 51_000, 0.92, 1.0), "names 0.92 of the test pictures"),
        (FileRow("openvino/int8.xml", "openvino", 9, None, 1.0), "names None"),
    ],
)
def test_larger_or_worse_files_are_refused(row: FileRow, message: str) -> None:
    summary = Summary(
        name="x", bundle="x", steps=(), files=(row,), pictures={}, tested_on="", reference="",
        machine="", threads=1,
    )  # fmt: skip
    with pytest.raises(ConversionError, match=message):
        recipe.check_figures(summary)
