"""Which inputs a conversion calibrates on, is proven on and is validated on.

Proof must not see what calibration saw, or it flatters itself. It uses the validation set where
there is one, else a part of the calibration set that is kept back, else the photographs that come
with edgecnn.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converters.bundles.pack import INPUT_NAME
from converters.inputs.picture_files import class_folders, pictures_below
from converters.inputs.pictures import PictureSet, open_pictures
from converters.inputs.tensors import TensorSet, open_tensors
from converters.inputs.validation import ValidationSet, open_validation
from converters.options import Proof
from converters.report.schema import Inputs
from converters.sources.base import Feeds, Source, Tensors
from edgecnn.bundle.schema import InputSpec
from edgecnn.errors import OptionError
from edgecnn.registry import DATASETS
from edgecnn.zoo.catalogue import assets_path

CALIBRATION_LIMIT = 2_000
"""More are never used, not even by the remedy "more calibration"."""
KEPT_BACK = 0.25
LEAST_TO_SPLIT = 8
PREPROCESSED_FILES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """All inputs of a conversion.

    Attributes:
        calibration: None when nothing is calibrated.
        proof: Pictures that answers are compared on; None for the task ``tensors``.
        validation: Pictures with the truth; None when there is none.
        inputs: What raw outputs are compared on, by the source's own names.
        spec: How pictures are fed; None for the task ``tensors``.
        source_input: The source's name of the picture.
        files: Image files on which preprocessing is compared.
        proof_inputs, validation_inputs: For the report.
        warnings: About all of them.
    """

    calibration: PictureSet | TensorSet | None
    proof: PictureSet | None
    validation: ValidationSet | None
    inputs: Sequence[Tensors]
    spec: InputSpec | None
    source_input: str
    files: Sequence[Path]
    proof_inputs: Inputs
    validation_inputs: Inputs | None
    seed: int
    warnings: tuple[str, ...]

    @property
    def calibration_count(self) -> int:
        """How many calibration inputs there are."""
        return 0 if self.calibration is None else len(self.calibration)

    def feeds(self, samples: int) -> Feeds:
        """The first so many calibration inputs, by the source's names."""
        if isinstance(self.calibration, PictureSet) and self.spec is not None:
            return self.calibration.feeds(self.spec, self.source_input, samples)
        if isinstance(self.calibration, TensorSet):
            return self.calibration.feeds(samples)
        raise OptionError("There are no calibration inputs: pass calibration=.")

    def named_inputs(self) -> list[Tensors]:
        """`inputs` by the names of the bundle."""
        if self.spec is None:
            return list(self.inputs)
        return [{INPUT_NAME: one[self.source_input]} for one in self.inputs]

    def calibration_inputs(self, samples: int) -> Inputs | None:
        """For the report."""
        if self.calibration is None:
            return None
        return self.calibration.as_inputs(min(samples, len(self.calibration)), self.seed)


def gather(
    source: Source,
    spec: InputSpec | None,
    task: str,
    labels: Sequence[str],
    calibration: Any,
    validation: Any,
    proof: Proof,
) -> Gathered:
    """Open what the caller gave and choose from it.

    Args:
        source: Opened.
        spec: How pictures are fed; None for the task ``tensors``.
        task: Name of a task.
        labels: Names of the classes.
        calibration: As `converters.convert.convert` takes it.
        validation: The same.
        proof: How many, and the seed.

    Raises:
        OptionError, ImageError, SourceError: They cannot be used; each says why.
    """
    if spec is None:
        return _gather_tensors(source, calibration, validation, proof)
    opened = None
    if calibration is not None:
        opened = open_pictures(
            calibration, spec=spec, labels=labels, seed=proof.seed, limit=CALIBRATION_LIMIT
        )
    validated = None
    if validation is not None:
        validated = open_validation(
            validation, task=task, spec=spec, labels=labels, seed=proof.seed, limit=None
        )
    warnings: tuple[str, ...] = ()
    if validated is not None:
        pictures = validated.pictures
    elif opened is not None and len(opened) >= LEAST_TO_SPLIT:
        pictures, opened = opened.split(KEPT_BACK, proof.seed)
    elif opened is not None:
        pictures = opened
        warnings = (
            f"Only {len(opened)} calibration pictures: proof uses the same ones, which flatters "
            "it. Give more, or a validation set.",
        )
    else:
        pictures = open_pictures(
            sorted((assets_path() / "images").glob("*.jpg")), spec=spec, role="validation"
        )
    name = source.inputs[0].name
    shown = pictures.sample(proof.pictures, proof.seed)
    return Gathered(
        calibration=opened,
        proof=shown,
        validation=validated,
        inputs=[dict(feeds) for feeds in shown.feeds(spec, name, proof.tensors)()],
        spec=spec,
        source_input=name,
        files=_files(calibration, validation, proof),
        proof_inputs=pictures.as_inputs(len(shown), proof.seed),
        validation_inputs=None if validated is None else validated.pictures.as_inputs(),
        seed=proof.seed,
        warnings=warnings,
    )


def known_labels(*given: Any) -> tuple[str, ...]:
    """Names of classes that data sets bring along: of a data set by name, or of class folders.

    Class folders count in the order of their names, as in Keras' `image_dataset_from_directory`.

    Args:
        *given: Calibration and validation as the caller gave them; the first that knows decides.

    Returns:
        Empty when none does.
    """
    for what in given:
        if not isinstance(what, str | os.PathLike):
            continue
        name = os.fspath(what)
        if name.partition(":")[0] in DATASETS:
            return tuple(DATASETS[name.partition(":")[0]]("test").names)
        if Path(name).is_dir():
            folders = class_folders(Path(name), pictures_below(Path(name)))
            if all(folders):
                return tuple(sorted(set(folders)))
    return ()


def _gather_tensors(source: Source, calibration: Any, validation: Any, proof: Proof) -> Gathered:
    given = calibration if calibration is not None else validation
    if given is None:
        raise OptionError(
            "The task tensors is proven on your own inputs: pass calibration=, a dict with one "
            "array (N, ...) for each input: "
            + ", ".join(f"{port.name} {port.shape}" for port in source.inputs)
        )
    limit = CALIBRATION_LIMIT
    opened = open_tensors(given, source.inputs, seed=proof.seed, limit=limit)
    warnings: tuple[str, ...] = ()
    if calibration is not None and validation is not None:
        shown = open_tensors(validation, source.inputs, seed=proof.seed, role="validation")
    elif len(opened) >= LEAST_TO_SPLIT:
        shown, opened = opened.split(KEPT_BACK, proof.seed)
    else:
        shown = opened
        warnings = ("Proof uses the calibration inputs, which flatters it. Give more.",)
    shown = shown.sample(proof.tensors, proof.seed)
    return Gathered(
        calibration=opened,
        proof=None,
        validation=None,
        inputs=[shown.tensors(index) for index in range(len(shown))],
        spec=None,
        source_input=source.inputs[0].name,
        files=(),
        proof_inputs=shown.as_inputs(len(shown), proof.seed),
        validation_inputs=None,
        seed=proof.seed,
        warnings=warnings,
    )


def _files(calibration: Any, validation: Any, proof: Proof) -> list[Path]:
    """Image files to compare preprocessing on: the caller's own, else photographs of edgecnn."""
    for given in (validation, calibration):
        if isinstance(given, str | os.PathLike) and Path(given).is_dir():
            files = pictures_below(Path(given))
            step = max(len(files) // PREPROCESSED_FILES, 1)
            return list(files[::step][:PREPROCESSED_FILES])
    if proof.preprocess is None:
        return []
    return sorted((assets_path() / "images").glob("*.jpg"))[:PREPROCESSED_FILES]
