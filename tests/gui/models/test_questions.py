from __future__ import annotations

from typing import Any

import pytest

from edgecnn.bundle.metadata import Embedded
from edgecnn.bundle.schema import TensorSpec
from edgecnn.errors import OptionError
from edgecnn.registry import DECODERS, TASKS
from gui.models.forms import FORMS
from gui.models.questions import Answers, description, questions_for


def tensor(*shape: int, **changes: Any) -> TensorSpec:
    fields = {"name": "t", "tensor": f"t{shape}", "shape": shape, "dtype": "float32"} | changes
    return TensorSpec(**fields)


PICTURE = tensor(1, 320, 320, 3)
SHAPES: dict[str, list[tuple[int, ...]]] = {
    "classes": [(1, 10)],
    "yolo_v8": [(1, 84, 2100)],
    "yolo_v5": [(1, 6300, 85)],
    "ssd": [(1, 10, 4), (1, 10), (1, 10), (1,)],
    "regions": [(1, 64, 64, 2)],
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_found_by_its_shapes_and_makes_a_description(form: str) -> None:
    outputs = [tensor(*shape, tensor=f"o{n}") for n, shape in enumerate(SHAPES[form])]
    asked = questions_for([PICTURE], outputs, Embedded())
    assert asked.forms == (form,)
    made = description(asked, Answers(form=form))
    assert made.task in TASKS
    assert made.decoder.name in DECODERS
    assert set(made.outputs) == {output.tensor for output in outputs}
    assert len(set(made.outputs.values())) == len(outputs)


def test_maps_with_channels_first_are_told_from_those_with_channels_last() -> None:
    for shape, where in (((1, 2, 64, 64), "first"), ((1, 64, 64, 2), "last")):
        asked = questions_for([PICTURE], [tensor(*shape)], Embedded())
        made = description(asked, Answers(form="regions", activation="softmax"))
        assert made.decoder.parameters["channels"] == where
        assert list(made.outputs.values()) == ["logits"]


def test_what_the_file_says_is_not_asked() -> None:
    said = Embedded(color="bgr", mean=(127.5,), std=(127.5,), resize="letterbox", pad=114,
                    labels=("a", "b"), last_step="softmax")  # fmt: skip
    asked = questions_for([PICTURE], [tensor(1, 2)], said)
    assert asked.asks("classes") == ()
    made = description(asked, asked.first)
    assert made.input is not None
    assert (made.input.color, made.input.resize, made.input.pad) == ("bgr", "letterbox", 114)
    assert made.input.mean == (127.5,) * 3
    assert made.labels == ("a", "b")


def test_the_range_of_a_quantized_input_suggests_the_scaling() -> None:
    for dtype, scale, zero, wanted in (
        ("uint8", 1 / 255, 0, "unit"),
        ("int8", 1 / 128, 0, "signed"),
        ("uint8", 1.0, 0, "raw"),
        ("int8", 4.8 / 255, -14, "imagenet"),
    ):
        picture = tensor(1, 32, 32, 3, dtype=dtype, scale=scale, zero_point=zero)
        assert questions_for([picture], [tensor(1, 5)], Embedded()).first.scaling == wanted


def test_grey_pictures_have_no_order_of_colours_to_ask_for() -> None:
    asked = questions_for([tensor(1, 28, 28, 1)], [tensor(1, 10)], Embedded())
    assert "color" not in asked.asks("classes")
    made = description(asked, Answers(form="classes", scaling="imagenet"))
    assert made.input is not None
    assert (made.input.color, len(made.input.mean), len(made.input.std)) == ("gray", 1, 1)


def test_blue_first_turns_the_constants_round() -> None:
    asked = questions_for([tensor(1, 3, 32, 32)], [tensor(1, 10)], Embedded())
    rgb = description(asked, Answers(form="classes", scaling="imagenet")).input
    bgr = description(asked, Answers(form="classes", scaling="imagenet", color="bgr")).input
    assert rgb is not None
    assert bgr is not None
    assert bgr.mean == rgb.mean[::-1]
    assert bgr.layout == "nchw"


def test_what_fits_no_task_of_the_camera_is_said() -> None:
    with pytest.raises(OptionError, match="inputs of this model"):
        questions_for([tensor(1, 16)], [tensor(1, 10)], Embedded())
    with pytest.raises(OptionError, match="outputs of this model"):
        questions_for([PICTURE], [tensor(1, 10), tensor(1, 10)], Embedded())
    asked = questions_for([PICTURE], [tensor(1, 10)], Embedded())
    with pytest.raises(OptionError, match="no answer 'polar'"):
        description(asked, Answers(form="classes", scaling="polar"))
