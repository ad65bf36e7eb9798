from __future__ import annotations

import numpy as np
import pytest

from converters.inputs import photographs as calibration
from edgecnn.bundle.schema import InputSpec
from edgecnn.errors import SourceError

SPEC = InputSpec(
    width=24, height=16, color="rgb", mean=(1.0, 2.0, 3.0), std=(2.0, 2.0, 2.0), resize="stretch"
)


def photographs() -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    return [rng.integers(0, 256, (60 + 10 * i, 80, 3), dtype=np.uint8) for i in range(3)]


def test_the_same_seed_gives_the_same_views_and_another_seed_others() -> None:
    first, again, other = (
        list(calibration.views(photographs(), 9, seed=seed)) for seed in (1, 1, 2)
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert any(a.shape != b.shape for a, b in zip(first[3:], other[3:], strict=True))


def test_whole_photographs_come_first_and_are_not_changed() -> None:
    sources = photographs()
    kept = [photograph.copy() for photograph in sources]
    seen = list(calibration.views(sources, 12, seed=1))
    assert all(np.array_equal(a, b) for a, b in zip(seen[:3], kept, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(sources, kept, strict=True))
    assert len(seen) == 12


def test_views_are_pictures_of_different_sizes_and_light() -> None:
    seen = list(calibration.views(photographs(), 60, seed=3))[3:]
    assert all(view.dtype == np.uint8 and view.ndim == 3 and view.size for view in seen)
    assert len({view.shape for view in seen}) > 20
    assert np.std([view.mean() for view in seen]) > 5


def test_tensors_are_what_the_device_feeds() -> None:
    grey = np.full((40, 40, 3), (10, 20, 30), np.uint8)  # blue, green, red
    tensor = calibration.tensor_of(grey, SPEC)
    assert tensor.shape == (1, 16, 24, 3)
    assert tensor.dtype == np.float32
    np.testing.assert_allclose(tensor[0, 8, 12], [(30 - 1) / 2, (20 - 2) / 2, (10 - 3) / 2])


def test_every_pass_over_the_calibration_set_is_the_same() -> None:
    passes = calibration.calibration(SPEC, count=len(calibration.CALIBRATION_PHOTOGRAPHS) + 2)
    first, second = list(passes()), list(passes())
    assert len(first) == len(calibration.CALIBRATION_PHOTOGRAPHS) + 2
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert first[0] is not first[1]


def test_proof_sees_photographs_that_calibration_does_not() -> None:
    assert not set(calibration.PROOF_PHOTOGRAPHS) & set(calibration.CALIBRATION_PHOTOGRAPHS)


def test_every_named_photograph_is_there() -> None:
    names = calibration.ALL_PHOTOGRAPHS
    missing = [n for n in names if not (calibration.images_folder() / f"{n}.jpg").is_file()]
    assert missing == []


def test_a_photograph_that_is_not_there_is_an_error() -> None:
    with pytest.raises(SourceError, match="nowhere"):
        calibration.read_photographs(("nowhere",))
