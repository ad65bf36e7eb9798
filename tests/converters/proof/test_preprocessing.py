from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from converters.proof.preprocessing import compare_preprocessing, problems
from converters.sources.base import Array, Port, Source
from edgecnn.bundle.schema import InputSpec
from edgecnn.errors import ConversionError
from edgecnn.zoo.catalogue import assets_path

FILES = [assets_path() / "images" / f"{name}.jpg" for name in ("coffee", "rocket", "two_dogs")]
SPEC = InputSpec(width=48, height=48, color="rgb", mean=(127.5,) * 3, std=(127.5,) * 3)


class MeanColour(Source):
    """Answers with the mean of each channel, so that swapped colours change the first class."""

    kind, title = "keras", "mean colour"
    inputs = (Port("image", (1, 48, 48, 3), np.dtype(np.float32)),)
    outputs = (Port("means", (1, 3), np.dtype(np.float32)),)

    def answer(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        return {"means": feeds["image"].mean(axis=(1, 2))}

    def tflite(self) -> bytes:
        raise NotImplementedError

    def openvino(self) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        pass


@pytest.fixture
def source() -> Iterator[Source]:
    with MeanColour() as opened:
        yield opened


def training(scale: float = 127.5, offset: float = 127.5, flip: bool = False) -> Any:
    """A training pipeline of its own: OpenCV's area resize."""

    def load(file: Path) -> np.ndarray[Any, Any]:
        pixels = cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB)
        small = cv2.resize(pixels, (48, 48), interpolation=cv2.INTER_AREA).astype(np.float32)
        return (small[..., ::-1] if flip else small) / scale - offset / scale

    return load


def test_the_same_preprocessing_is_found_the_same(source: Source) -> None:
    found = compare_preprocessing(source, SPEC, FILES, training())
    assert found.mean_levels < 3
    assert found.agreement == 1.0
    assert problems(found) == ()
    assert found.likely_cause == ""


@pytest.mark.parametrize(
    ("made", "cause"),
    [
        (training(flip=True), "colours in the order BGR"),
        (training(scale=255, offset=0), "training on pixels 0..1"),
        (training(scale=1, offset=0), "training on pixels 0..255"),
    ],
)
def test_what_differs_is_found_and_named(source: Source, made: Any, cause: str) -> None:
    found = compare_preprocessing(source, SPEC, FILES, made)
    assert cause in found.likely_cause
    (first, *_) = problems(found)
    assert cause in first
    assert "grey levels" in first


def test_another_way_to_fit_is_named() -> None:
    spec = InputSpec(
        width=48, height=48, color="rgb", mean=(0.0,) * 3, std=(1.0,) * 3, resize="letterbox"
    )
    with MeanColour() as source:
        found = compare_preprocessing(source, spec, FILES, training(scale=1, offset=0))
    assert "resizing by stretch" in found.likely_cause


def test_without_training_code_keras_stands_for_it(source: Source) -> None:
    found = compare_preprocessing(source, SPEC, FILES, None)
    assert "Keras" in found.reference
    # Keras does not antialias, so that it differs more than two antialiased ways do.
    assert 0 < found.mean_levels < 30


def test_something_that_is_no_input_is_refused(source: Source) -> None:
    with pytest.raises(ConversionError, match=r"\(1, 10\).*\(1, 48, 48, 3\)"):
        compare_preprocessing(source, SPEC, FILES, lambda file: np.zeros((1, 10)))
