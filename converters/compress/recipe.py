"""What ``edgecnn compress`` does: a frozen `Recipe`, from TOML or Python.

    name = "my_classifier"
    [data]
    name = "fashion_mnist"
    [teacher.train.net]
    name = "resnet18"
    [student]
    preset = "small_pictures"
    [student.net]
    name = "mobilenet_v2"
    width = 0.5
    [prune.target]
    keep_macs = 0.5
    [quantize.rounding]
    weights = "int8"
    [convert.about]
    licence = "Apache-2.0"

``teacher``, ``prune`` and ``quantize`` may be left out. What `student` and the ``train`` of a step
hold is a `TrainConfig`; the pictures and the seed are said once, for all of them. In ``sources``
of a step's ``teach``, ``teacher`` is that of the recipe and ``self`` the net that the step begins
with.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from converters.proof.gates import DEFAULTS
from converters.sources.base import Target
from edgecnn.bundle.paths import check_path
from edgecnn.bundle.schema import Precision
from edgecnn.errors import BundleError, OptionError
from edgecnn.training import config as configs
from edgecnn.training.config import TrainConfig
from edgecnn.training.distill import LayerPair
from edgecnn.training.steps import reading
from edgecnn.training.steps.config import SELF, PruneStep, QuantizeStep, TeachConfig

TEACHER = "teacher"
"""In ``teach.sources`` of a step: the teacher of the recipe."""

_SURE = ("qat.top1_agreement_confident", "int8.top1_agreement_confident")
QUICK_LIMIT = 120
"""Pictures that the quick form learns from, held-back ones among them: three batches of 32."""

Count = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(gt=0.0, le=0.5)]


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a recipe; unknown names are refused."""


class Pictures(_Part, frozen=True):
    """What all steps learn from and are judged on.

    Attributes:
        name: A data set, a folder of class folders, or a ``.csv`` file.
        split: Which part is learned from; None for ``train`` of a data set, all of a folder.
        validation: Share of it that is held back, to compare epochs and steps by.
        test: What the end is judged on, once; None: the ``test`` part of a data set whose ``train``
            part is learned from, else there is none and held-back pictures take its place.
        size_wh: Of pictures of files in pixels; None for 224 x 224.
        limit: Learn from so many at most, the same share of each class.
        test_limit: Judge the end on so many at most.
    """

    name: str
    split: str | None = None
    validation: Share = 0.1
    test: str | None = None
    size_wh: tuple[Count, Count] | None = None
    limit: Count | None = None
    test_limit: Count | None = None


class Teacher(_Part, frozen=True):
    """Who teaches the student: trained already (``sources``), or trained here (``train``).

    Attributes:
        sources: ``.keras`` files, or bundles by name or path; their answers are averaged.
        train: How it is trained.
        soft, temperature, features, attention: See `edgecnn.training.steps.config.TeachConfig`.
    """

    sources: tuple[str, ...] = ()
    train: TrainConfig | None = None
    soft: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.7
    temperature: Annotated[float, Meta(gt=0.0)] = 4.0
    features: tuple[LayerPair, ...] = ()
    attention: tuple[LayerPair, ...] = ()

    def teach(self, sources: tuple[str, ...]) -> TeachConfig:
        """For the step in which the student learns.

        Args:
            sources: The files, now that they are there.
        """
        return TeachConfig(
            sources=sources,
            soft=self.soft,
            temperature=self.temperature,
            features=self.features,
            attention=self.attention,
        )


class AboutBundle(_Part, frozen=True):
    """What the bundle says of itself to people.

    Attributes:
        title: None takes the recipe's name.
        training_data: None takes the name of the pictures.
    """

    title: str | None = None
    licence: str = "unknown"
    source: str = "trained from random weights by edgecnn compress"
    paper: str = ""
    training_data: str | None = None
    limits: str = ""


class Conversion(_Part, frozen=True):
    """The files, and what is demanded of them; see `converters.convert.convert`.

    Attributes:
        targets: ``tflite``, ``openvino``.
        precisions: None: ``int8`` after ``quantize``, else float32, float16 and int8.
        max_drop: What a file may lose of the accuracy, as a share; None for the gates' own.
        gates: Name -> bound, for gates that shall differ.
        proof_pictures: Decisions are compared on so many.
        rounds: Timed runs of each file and engine; 0 measures no time.
        threads: Of the timed runs.
        about: For people.
    """

    targets: tuple[Target, ...] = ("tflite", "openvino")
    precisions: tuple[Precision, ...] | None = None
    max_drop: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None
    gates: dict[str, float] = {}
    proof_pictures: Count = 1000
    rounds: Annotated[int, Meta(ge=0)] = 100
    threads: Count = 1
    about: AboutBundle = AboutBundle()


class Recipe(_Part, frozen=True):
    """From data to a bundle.

    Attributes:
        name: Of the bundle.
        data: Pictures.
        seed: Of everything that is random.
        teacher: None: the student learns from labels alone.
        student: The net that is made small, and how it learns.
        prune: None: no channels go.
        quantize: None: int8 files are made by calibration.
        convert: Files and proof.
    """

    name: str
    data: Pictures
    student: TrainConfig
    seed: Annotated[int, Meta(ge=0)] = 0
    teacher: Teacher | None = None
    prune: PruneStep | None = None
    quantize: QuantizeStep | None = None
    convert: Conversion = Conversion()


def read_recipe(file: str | os.PathLike[str]) -> Recipe:
    """Read a recipe from a ``.toml`` file.

    Args:
        file: In UTF-8. ``preset`` in a ``train`` or in ``student`` names what it starts from.

    Raises:
        OptionError: Another kind of file, an unknown field, or a value that cannot be used; the
            message names it.
        UnknownNameError: No such preset.
        OSError: It cannot be read.
    """
    path = Path(file)
    if path.suffix.lower() != ".toml":
        raise OptionError(f"A recipe is a .toml file, but got {path}.")
    try:
        content = msgspec.toml.decode(path.read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"{path} cannot be read: {error}") from error
    return make_recipe(content, where=str(path))


def make_recipe(content: Mapping[str, Any], *, where: str = "The recipe") -> Recipe:
    """A recipe from nested tables.

    Args:
        content: As in the module's docstring.
        where: What it came from, for messages.

    Raises:
        OptionError, UnknownNameError: As `read_recipe`.
    """
    tables = dict(content)
    if "student" not in tables:
        raise OptionError(f"{where} has no [student]: the net that is made small.")
    data = _table(tables.get("data", {}), f"{where}: data")
    common = _common(data, tables.get("seed", 0))
    tables["student"] = _train(TrainConfig(), tables["student"], common, f"{where}: student")
    if "teacher" in tables:
        teacher = tables["teacher"] = _table(tables["teacher"], f"{where}: teacher")
        if "train" in teacher:
            name = f"{where}: teacher.train"
            teacher["train"] = _train(TrainConfig(), teacher["train"], common, name)
    for key, step in (("prune", PruneStep()), ("quantize", QuantizeStep())):
        if key in tables:
            tables[key] = _step(step, tables[key], common, f"{where}: {key}")
    try:
        recipe = msgspec.convert(tables, Recipe)
    except msgspec.ValidationError as error:
        raise OptionError(f"{where} cannot be used: {error}.") from error
    _check(recipe, where)
    return recipe


def to_dict(recipe: Recipe) -> dict[str, Any]:
    """Nested tables of plain values; `make_recipe` does not take them, as all is said in them."""
    return msgspec.json.decode(msgspec.json.encode(recipe), type=dict[str, Any])


def _common(data: Mapping[str, Any], seed: Any) -> dict[str, dict[str, Any]]:
    """What all trainings share, so that it is said once."""
    shared = ("name", "split", "validation", "size_wh", "limit")
    given = {"validation": Pictures(name="").validation, **data}
    return {
        "data": {name: given[name] for name in shared if name in given},
        "fit": {"seed": seed},
    }


def _train(base: TrainConfig, given: Any, common: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Tables of a `TrainConfig` with the pictures and the seed of the recipe."""
    fields = _table(given, where)
    for group, name in ((key, name) for key, shared in common.items() for name in shared):
        if name in _table(fields.get(group, {}), f"{where}.{group}"):
            place = "seed" if name == "seed" else f"data.{name}"
            raise OptionError(
                f"{where}.{group}.{name}: all steps share it; say it once, as {place}."
            )
    if "preset" in fields:
        base = configs.make_config({"preset": fields.pop("preset")}, where=where)
    return configs.to_dict(configs.change(configs.change(base, common), fields, where=where))


def _step(step: Any, given: Any, common: Mapping[str, Any], where: str) -> dict[str, Any]:
    fields = _table(given, where)
    train = _train(step.train, fields.pop("train", {}), common, f"{where}.train")
    if "judge" in fields:
        raise OptionError(f"{where}.judge: all steps share the pictures; say data.test.")
    return reading.to_dict(reading.change(step, {**fields, "train": train}, where=where))


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise OptionError(f"{where} is a table, but got {value!r}.")
    return dict(value)


def _check(recipe: Recipe, where: str) -> None:
    """What single fields cannot say."""
    try:
        check_path(recipe.name, where="name")
    except BundleError as error:
        raise OptionError(f"{where}: {error}") from error
    teacher = recipe.teacher
    if teacher is not None and bool(teacher.sources) == (teacher.train is not None):
        raise OptionError(
            f"{where}: teacher needs either sources (trained already) or train (how to train one)."
        )
    if teacher is not None and {SELF, TEACHER} & set(teacher.sources):
        raise OptionError(f"{where}: teacher.sources are .keras files or bundles.")
    for name, step in (("prune", recipe.prune), ("quantize", recipe.quantize)):
        if step is not None and TEACHER in step.teach.sources and teacher is None:
            raise OptionError(
                f"{where}: {name}.teach.sources names the teacher, but there is none."
            )
    if recipe.quantize is not None and "int8" not in (recipe.convert.precisions or ("int8",)):
        raise OptionError(
            f"{where}: convert.precisions is {list(recipe.convert.precisions or ())}, but a net "
            "that was quantized becomes int8 files; name int8, or leave quantize out."
        )


def quick(recipe: Recipe) -> Recipe:
    """The same with few pictures and one epoch a step: whether everything fits, not how good it is.

    A net that knows nothing yet decides by ties: so few pictures are compared that the gate of
    equal decisions is not looked at; the accuracy, and what the net seemed sure of, may differ in
    several of them.
    """
    data = msgspec.structs.replace(recipe.data, limit=QUICK_LIMIT, validation=0.2, test_limit=60)

    def short(train: TrainConfig) -> TrainConfig:
        changes = {
            "data": {"limit": QUICK_LIMIT, "validation": 0.2},
            "fit": {"epochs": 1, "batch_size": min(32, train.fit.batch_size), "patience": None},
            "schedule": {"name": "constant", "warmup_epochs": 0.0},
            "regularize": {"average": {"name": "none"}},
            "transfer": {"unfreeze_at": None},
        }
        return configs.change(train, changes, where="The quick recipe")

    replace, gates = msgspec.structs.replace, {**DEFAULTS, **recipe.convert.gates}
    teacher, prune, quantize = recipe.teacher, recipe.prune, recipe.quantize
    if teacher is not None and teacher.train is not None:
        teacher = replace(teacher, train=short(teacher.train))
    if prune is not None:
        prune = replace(prune, stages=1, train=short(prune.train))
    if quantize is not None:
        rounding = replace(quantize.rounding, freeze_epoch=None)
        quantize = replace(quantize, rounding=rounding, train=short(quantize.train))
    return replace(
        recipe,
        data=data,
        teacher=teacher,
        student=short(recipe.student),
        prune=prune,
        quantize=quantize,
        convert=replace(
            recipe.convert,
            rounds=min(5, recipe.convert.rounds),
            proof_pictures=60,
            max_drop=max(0.1, recipe.convert.max_drop or 0.0),
            gates=recipe.convert.gates | {name: min(0.9, gates[name]) for name in _SURE},
        ),
    )
