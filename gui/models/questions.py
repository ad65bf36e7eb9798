"""What a bare model file has to be asked about, and from the answers to a description.

Only what the file does not say is a question; what its tensors show is offered first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from edgecnn.bundle.metadata import Embedded
from edgecnn.bundle.schema import Color, DecoderSpec, InputSpec, Layout, Resize, TensorSpec
from edgecnn.errors import OptionError
from edgecnn.runtime.bare import Description
from gui.models.comparing import COMPARISONS, embedding_spec
from gui.models.forms import (
    ACTIVATIONS,
    ANCHOR_GRIDS,
    COLORS,
    COORDINATES,
    FORMS,
    RESIZES,
    SCALINGS,
    Form,
    Shapes,
    blazeface_anchors,
    map_is_first,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Keys of the tables above, and names of the classes (empty: they are numbered)."""

    form: str
    color: str = "rgb"
    scaling: str = "unit"
    resize: str = "stretch"
    activation: str = "none"
    coordinates: str = "normalized"
    comparison: str = "pictures"
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Questions:
    """What is to be asked about one file.

    Attributes:
        size_wh, channels, layout: Of the input.
        outputs: Of the network.
        forms: Keys of `FORMS` that fit, the likeliest first.
        first: What is offered first.
        known: What the file says itself and is not asked: field of `Answers` -> in words.
        embedded: The same, for the description.
        space: Name of the space of its vectors, if it makes some.
    """

    size_wh: tuple[int, int]
    channels: int
    layout: Layout
    outputs: tuple[TensorSpec, ...]
    forms: tuple[str, ...]
    first: Answers
    known: Mapping[str, str]
    embedded: Embedded
    space: str = "imported"

    @property
    def shapes(self) -> Shapes:
        """Of the outputs."""
        return tuple(output.shape for output in self.outputs)

    def asks(self, form: str) -> tuple[str, ...]:
        """Fields of `Answers` that have to be asked for a form."""
        always = ("color", "scaling", "resize", "labels")
        asked = [name for name in (*always, *FORMS[form].asks) if name not in self.known]
        moot = ("color",) * (self.channels != 3) + ("labels",) * (not FORMS[form].named)
        return tuple(name for name in asked if name not in moot)


def questions_for(
    inputs: Sequence[TensorSpec],
    outputs: Sequence[TensorSpec],
    embedded: Embedded,
    *,
    space: str = "imported",
) -> Questions:
    """What a file with such tensors has to be asked.

    Args:
        inputs: Of the network.
        outputs: Of the network.
        embedded: What the file says itself.
        space: Name of the space of its vectors, if it makes some.

    Raises:
        OptionError: It takes no single picture, or its outputs fit no form.
    """
    size = _picture(inputs)
    shapes = [output.shape for output in outputs]
    forms = tuple(key for key, form in FORMS.items() if form.fits(shapes))
    if size is None or not forms:
        what = "inputs" if size is None else "outputs"
        tensors = inputs if size is None else outputs
        shown = ", ".join(f"{tensor.name} {tensor.shape}" for tensor in tensors)
        raise OptionError(
            f"The {what} of this model fit none of the camera's tasks: {shown}. From Python it can "
            "be loaded with edgecnn.load(path, description=...)."
        )
    layout, height, width, channels = size
    known: dict[str, str] = {}
    if embedded.color is not None:
        known["color"] = COLORS.get(embedded.color, embedded.color)
    if embedded.mean and embedded.std:
        known["scaling"] = f"(pixel - {list(embedded.mean)}) / {list(embedded.std)}"
    if embedded.resize is not None:
        known["resize"] = RESIZES[embedded.resize]
    if embedded.activation is not None or embedded.last_step is not None:
        known["activation"] = ACTIVATIONS[_activation(embedded)]
    if embedded.labels:
        known["labels"] = f"{len(embedded.labels)} names in the file"
    first = Answers(
        form=forms[0],
        scaling="signed" if forms[0] == "faces" else _likely_scaling(inputs[0]),
        resize="letterbox" if forms[0] == "faces" else "stretch",
        activation=_activation(embedded),
        labels=embedded.labels,
    )
    return Questions(
        (width, height), channels, layout, tuple(outputs), forms, first, known, embedded, space
    )


def description(questions: Questions, answers: Answers) -> Description:
    """What the answers, and the file itself, say of a model.

    Raises:
        OptionError: An answer that is not in the tables, or names that are too many or too few.
    """
    for table, key in (
        (FORMS, answers.form), (SCALINGS, answers.scaling), (RESIZES, answers.resize),
        (ACTIVATIONS, answers.activation), (COORDINATES, answers.coordinates),
        (COMPARISONS, answers.comparison),
    ):  # fmt: skip
        if key not in table:
            raise OptionError(f"There is no answer {key!r}. Known: {', '.join(table)}.")
    form = FORMS[answers.form]
    classes = form.classes(questions.shapes)
    if answers.labels and classes and len(answers.labels) != classes:
        raise OptionError(
            f"The model has {classes} classes, but {len(answers.labels)} names came. The file of "
            "names needs one on each line, in the order of the network's output."
        )
    parameters, names = _decoding(form, answers, questions)
    comparison = COMPARISONS[answers.comparison]
    return Description(
        task=form.task,
        input=_input(questions, answers),
        decoder=DecoderSpec(name=form.decoder, parameters=parameters),
        labels=answers.labels if form.named else (),
        embedding=embedding_spec(
            comparison, questions.size_wh, questions.shapes[0][1], questions.space
        )
        if form.task == "embed"
        else None,
        outputs=names,
    )


def _decoding(
    form: Form, answers: Answers, questions: Questions
) -> tuple[dict[str, Any], dict[str, str]]:
    """The decoder's parameters, and its names for the outputs."""
    tensors = [output.tensor for output in questions.outputs]
    scores = "probabilities" if answers.activation == "none" else "logits"
    thresholds = {"score_threshold": 0.4, "iou_threshold": 0.6}
    if form.decoder == "classification":
        return {"activation": answers.activation}, {tensors[0]: scores}
    if form.decoder == "embedding":
        return {}, {tensors[0]: "embedding"}
    if form.decoder == "blazeface":
        kinds = {1: "logits", 16: "regressors"}
        grids = [list(grid) for grid in ANCHOR_GRIDS[blazeface_anchors(questions.shapes)]]
        return {"grids": grids, "score_threshold": 0.5, "iou_threshold": 0.3}, {
            output.tensor: kinds[output.shape[2]] for output in questions.outputs
        }
    if form.decoder == "segmentation":
        first = map_is_first(questions.shapes[0])
        channels = "first" if first else "last"
        return {"activation": answers.activation, "channels": channels}, {tensors[0]: scores}
    if form.decoder == "ssd_postprocessed":
        rows = iter(("classes", "scores"))  # in the order of TFLite's operator
        ranks = {1: "count", 3: "boxes"}
        names = [ranks.get(len(shape)) or next(rows) for shape in questions.shapes]
        return {"score_threshold": 0.4}, dict(zip(tensors, names, strict=True))
    return thresholds | {"coordinates": answers.coordinates}, {tensors[0]: "predictions"}


def _input(questions: Questions, answers: Answers) -> InputSpec:
    embedded = questions.embedded
    asked: Color = "bgr" if answers.color == "bgr" else "rgb"
    color: Color = "gray" if questions.channels == 1 else embedded.color or asked
    scaling = SCALINGS[answers.scaling]
    mean: tuple[float, ...] = embedded.mean or scaling.mean
    std: tuple[float, ...] = embedded.std or scaling.std
    if not embedded.mean and color == "bgr":
        mean, std = mean[::-1], std[::-1]
    count = questions.channels
    resize: Resize = embedded.resize or _RESIZE[answers.resize]
    return InputSpec(
        width=questions.size_wh[0],
        height=questions.size_wh[1],
        color=color,
        mean=mean if len(mean) == count else (sum(mean) / len(mean),) * count,
        std=std if len(std) == count else (sum(std) / len(std),) * count,
        layout=questions.layout,
        resize=resize,
        pad=embedded.pad,
    )


_RESIZE: dict[str, Literal["stretch", "letterbox", "crop"]] = {
    "stretch": "stretch", "letterbox": "letterbox", "crop": "crop",
}  # fmt: skip


def _picture(inputs: Sequence[TensorSpec]) -> tuple[Layout, int, int, int] | None:
    """Layout, height, width and channels of the only input; None when it takes no picture."""
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].shape[0] != 1:
        return None
    _, first, second, third = inputs[0].shape
    if third in (1, 3):
        return "nhwc", first, second, third
    return ("nchw", second, third, first) if first in (1, 3) else None


def _likely_scaling(tensor: TensorSpec) -> str:
    """What a quantized input's own range of real values suggests."""
    if tensor.scale == 0:
        return "unit"
    lowest = {"int8": -128, "uint8": 0}.get(tensor.dtype, 0)
    low = (lowest - tensor.zero_point) * tensor.scale
    high = low + 255 * tensor.scale
    if high > 100:
        return "raw"
    if high > 1.5:
        return "imagenet"
    return "signed" if low < -0.5 else "unit"


def _activation(embedded: Embedded) -> Literal["none", "softmax", "sigmoid"]:
    if embedded.last_step is not None:
        return "none"
    return embedded.activation or embedded.classifies or "none"
