from __future__ import annotations

from typing import Any

import pytest

from edgecnn.bundle.metadata import Embedded
from edgecnn.bundle.schema import TensorSpec
from edgecnn.core.results import FACE_POINTS
from edgecnn.errors import OptionError
from edgecnn.registry import DECODERS, TASKS
from gui.models.comparing import COMPARISONS
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
    "faces": [(1, 896, 16), (1, 896, 1)],
    "vector": [(1, 10)],
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_found_by_its_shapes_and_makes_a_description(form: str) -> None:
    outputs = [tensor(*shape, tensor=f"o{n}") for n, shape in enumerate(SHAPES[form])]
    asked = questions_for([PICTURE], outputs, Embedded())
    assert asked.forms == (("classes", "vector") if SHAPES[form] == [(1, 10)] else (form,))
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


def test_faces_and_vectors_have_no_names_to_ask_for() -> None:
    outputs = [tensor(1, 2304, 1, tensor="a"), tensor(1, 2304, 16, tensor="b")]
    asked = questions_for([PICTURE], outputs, Embedded())
    assert "labels" not in asked.asks("faces")
    assert (asked.first.scaling, asked.first.resize) == ("signed", "letterbox")
    made = description(asked, asked.first)
    assert made.outputs == {"a": "logits", "b": "regressors"}
    assert made.decoder.parameters["grids"] == [[48, 1]]
    vector = questions_for([PICTURE], [tensor(1, 128)], Embedded())
    assert "labels" not in vector.asks("vector")
    assert "comparison" in vector.asks("vector")


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_a_vector_says_what_it_may_be_compared_with(comparison: str) -> None:
    asked = questions_for([tensor(1, 224, 224, 3)], [tensor(1, 64)], Embedded(), space="mine")
    made = description(asked, Answers(form="vector", comparison=comparison)).embedding
    assert made is not None
    assert (made.space, made.dimension) == ("mine", 64)
    assert made.metric == COMPARISONS[comparison].metric
    assert (made.alignment is not None) == comparison.startswith("faces")
    if made.alignment is not None:
        assert set(made.alignment.points) <= set(FACE_POINTS)
        place = dict(zip(made.alignment.points, made.alignment.template_xy, strict=True))
        assert 0 < place["right_eye"][0] < place["left_eye"][0] < 224


def test_anchors_that_nobody_knows_are_no_faces() -> None:
    with pytest.raises(OptionError, match="fit none"):
        questions_for([PICTURE], [tensor(1, 900, 16), tensor(1, 900, 1)], Embedded())
