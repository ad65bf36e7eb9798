from __future__ import annotations

import dataclasses
import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from converters.inputs.judges import false_accept_rate
from converters.inputs.validation import ValidationSet, open_validation
from edgecnn import load
from edgecnn.bundle.schema import InputSpec
from edgecnn.core.results import Classification, Detections, Embedding, Faces, Segmentation
from edgecnn.errors import OptionError, SourceError
from edgecnn.tasks.options import ClassifyOptions
from tests.helpers.models import LABELS, mean_color_input, save_mean_color

SPEC = InputSpec(width=8, height=8, color="rgb", mean=(0.0,) * 3, std=(255.0,) * 3)
IMAGES = Path(__file__).parents[3] / "assets" / "images"
ZOO = Path(__file__).parents[3] / "assets" / "zoo"


class Scripted:
    """A task that answers what it was told to, one answer a call, and notes its options."""

    def __init__(self, task: str, answers: list[Any]) -> None:
        self.bundle = SimpleNamespace(manifest=SimpleNamespace(task=task))
        self.answers = iter(answers)
        self.asked: list[Any] = []

    def __call__(self, pixels: Any, color: str, *, options: Any = None) -> Any:
        assert pixels.dtype == np.uint8
        assert color in ("rgb", "bgr")
        self.asked.append(options)
        return next(self.answers)


def scripted(task: str, answers: list[Any]) -> Any:
    return Scripted(task, answers)


def pictures(count: int, size: int = 8) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def colours(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of which one colour is clearly the strongest, and which one."""
    rng = np.random.default_rng(1)
    y = rng.integers(0, 3, count)
    x = rng.integers(0, 100, (count, 8, 8, 3), dtype=np.uint8)
    x[np.arange(count), :, :, y] += 120
    return x, y


def detections(*boxes: tuple[float, ...], scores: list[float], ids: list[int]) -> Detections:
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores, np.float32),
        np.array(ids, np.int64),
        tuple("abc"[n] for n in ids),
    )


# Classification


@pytest.mark.parametrize("backend", ["litert", "openvino"])
def test_a_classifier_is_scored_through_the_whole_runtime(tmp_path: Path, backend: str) -> None:
    x, y = colours(200)
    wrong = y.copy()
    wrong[:30] = (wrong[:30] + 1) % 3
    told: list[float] = []
    with load(save_mean_color(tmp_path / "bundle"), backend=backend, threads=1) as task:
        task.options = ClassifyOptions(top_k=1)
        for truth, value in ((y, 1.0), (wrong, 0.85)):
            validation = open_validation(
                (x, truth), task="classify", spec=mean_color_input(), labels=LABELS
            )
            score = validation.score(task, progress=told.append)
            assert score.value == pytest.approx(value)
            np.testing.assert_array_equal(score.first_answers, y)
        assert task.options == ClassifyOptions(top_k=1)
    assert validation.metric_name == score.report.name == "top-1 accuracy"
    assert score.report.interval is not None
    assert score.report.interval[0] < 0.85 < score.report.interval[1]
    assert set(score.report.per_class) == set(LABELS)
    assert told == sorted(told[:100]) * 2
    assert told[-1] == 1.0
    assert validation.warnings == ()


def test_ten_thousand_small_pictures_take_seconds(tmp_path: Path) -> None:
    x, y = colours(10_000)
    validation = open_validation((x, y), task="classify", spec=mean_color_input(), labels=LABELS)
    with load(save_mean_color(tmp_path / "bundle"), backend="litert", threads=1) as task:
        start_s = time.perf_counter()
        assert validation.score(task).value == 1.0
    assert time.perf_counter() - start_s < 10


def test_class_folders_validate(tmp_path: Path) -> None:
    x, y = colours(6)
    for number, (pixels, class_id) in enumerate(zip(x, y, strict=True)):
        folder = tmp_path / "set" / LABELS[class_id]
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{number}.png"), pixels[:, :, ::-1])
    validation = open_validation(
        tmp_path / "set", task="classify", spec=mean_color_input(), labels=LABELS
    )
    with load(save_mean_color(tmp_path / "bundle"), backend="litert", threads=1) as task:
        assert validation.score(task).value == 1.0
    with pytest.raises(OptionError, match=r"Folders: blue, green, red\. Labels: rot"):
        open_validation(tmp_path / "set", task="classify", spec=SPEC, labels=("rot", "blau"))
    with pytest.raises(OptionError, match="Labels: none were given"):
        open_validation(tmp_path / "set", task="classify", spec=SPEC)


def test_top_5_is_reported_where_there_are_more_classes() -> None:
    def answer(first: int) -> Classification:
        ids = np.arange(first, first + 5)
        return Classification(ids, tuple("abcde"), np.linspace(0.9, 0.1, 5, dtype=np.float32))

    validation = open_validation((pictures(4), [0, 2, 4, 5]), task="classify", spec=SPEC)
    task = scripted("classify", [answer(0)] * 4)
    report = validation.score(task).report
    assert report.value == 0.25
    assert report.others == {"top-5 accuracy": 0.75}
    assert task.asked == [ClassifyOptions(top_k=5)] * 4


def test_pictures_without_classes_are_no_validation_set() -> None:
    with pytest.raises(OptionError, match="came without their classes"):
        open_validation(pictures(4), task="classify", spec=SPEC)


def test_a_limit_and_a_sample_keep_pictures_and_truth_together() -> None:
    x, y = colours(300)
    validation = open_validation((x, y), task="classify", spec=SPEC, labels=LABELS, limit=200)
    for chosen in (validation, validation.sample(50, 7)):
        names = [int(name[1:]) for name in chosen.pictures.names]
        assert chosen.pictures.truth == tuple(y[names])
        np.testing.assert_array_equal(chosen.pictures.picture(5)[0], x[names[5]])
    assert (len(validation), len(chosen)) == (200, 50)


# Detection

BOXES = [
    (pictures(2, 40)[0], [(0, 0, 10, 10), (20, 0, 30, 10)], [0, 1]),
    (pictures(2, 40)[1], [], []),
]


def test_boxes_are_scored_by_coco_from_low_scores_on() -> None:
    answers = [
        detections((0, 0, 10, 10), scores=[0.01], ids=[0]),
        detections((0, 0, 9, 9), scores=[0.9], ids=[1]),
    ]
    validation = open_validation(BOXES, task="detect", spec=SPEC, labels=("a", "b"))
    task = scripted("detect", answers)
    score = validation.score(task)
    assert score.report.per_class == {"a": 1.0, "b": 0.0}
    assert score.value == 0.5
    assert score.report.others == {"AP50": 0.5, "AP75": 0.5}
    assert score.first_answers is None
    assert validation.metric_name == "mAP@[.50:.95]"
    assert task.asked[0].score_threshold <= 0.01


def test_faces_are_boxes_of_one_class() -> None:
    found = Faces(
        np.array([[0, 0, 10, 10]], np.float32),
        np.array([0.8], np.float32),
        np.zeros((1, 6, 2), np.float32),
    )
    faces = [(pictures(1, 40)[0], [(0, 0, 10, 10)], [0])]
    validation = open_validation(faces, task="detect_faces", spec=SPEC)
    assert validation.score(scripted("detect_faces", [found])).report.per_class == {"face": 1.0}


def coco(folder: Path, **changes: Any) -> Path:
    """Two pictures; one box, one crowd, one box of a category that is no label."""
    (folder / "images").mkdir(parents=True)
    for name in ("1.png", "2.png"):
        cv2.imwrite(str(folder / "images" / name), pictures(1, 40)[0])
    box = {"image_id": 7, "category_id": 18, "bbox": [1, 2, 10, 20]}
    content = {
        "info": {"year": 2026},
        "images": [{"id": 7, "file_name": "1.png"}, {"id": 8, "file_name": "2.png", "width": 40}],
        "annotations": [
            box,
            box | {"image_id": 8, "iscrowd": 1},
            box | {"category_id": 99},
            box | {"bbox": [1, 2, 0, 20]},
        ],
        "categories": [{"id": 18, "name": "dog"}, {"id": 99, "name": "cow"}],
    }
    (folder / "annotations.json").write_text(json.dumps(content | changes))
    return folder


def test_coco_annotations_are_read_by_category_names(tmp_path: Path) -> None:
    validation = open_validation(
        coco(tmp_path / "set"), task="detect", spec=SPEC, labels=("cat", "dog")
    )
    first, second = validation.pictures.truth or ()
    assert first.boxes_xyxy.tolist() == [[1, 2, 11, 22]]
    assert first.class_ids.tolist() == [1]
    assert (first.crowd.tolist(), second.crowd.tolist()) == ([False], [True])
    assert validation.pictures.origin == "folder set (2 pictures)"
    assert validation.pictures.names == ("images/1.png", "images/2.png")
    assert any("categories without a label are left out: cow" in w for w in validation.warnings)
    assert any("1 boxes without an area" in w for w in validation.warnings)
    without = open_validation(tmp_path / "set", task="detect", spec=SPEC)
    assert [one.class_ids.tolist() for one in without.pictures.truth or ()] == [[0, 1], [0]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": 3}, "no COCO annotations"),
        ({"images": [{"id": 7, "file_name": "9.png"}], "annotations": []}, r"9\.png, which is not"),
        ({"images": [{"id": 7, "file_name": "../9.png"}], "annotations": []}, "outside its folder"),
        ({"images": []}, "names the picture 7"),
        ({"categories": [{"id": 18, "name": "cow"}]}, "categories cow, none of"),
    ],
)
def test_wrong_coco_annotations_are_errors(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    folder = coco(tmp_path / "set", **changes)
    with pytest.raises((SourceError, OptionError), match=message):
        open_validation(folder, task="detect", spec=SPEC, labels=("cat", "dog"))


@pytest.mark.parametrize(
    ("boxes", "ids", "message"),
    [
        ([(5, 5, 3, 9)], [0], "has no area"),
        ([(0.1, 0.1, 0.5, 0.5)], [0], "within 0..1"),
        ([(1, 2, 3)], [0], r"\(M, 4\)"),
        ([(1, 2, 3, np.nan)], [0], "finite"),
        ([(1, 2, 3, 4)], [2], "from 2 to 2"),
        ([(1, 2, 3, 4)], [0, 1], "1 validation pictures but 2 labels"),
    ],
)
def test_wrong_boxes_are_errors(boxes: Any, ids: Any, message: str) -> None:
    given = [(pictures(1)[0], boxes, ids)]
    with pytest.raises(OptionError, match=message):
        open_validation(given, task="detect", spec=SPEC, labels=("a", "b"))


# Segmentation


def planes(*values: list[list[float]], labels: tuple[str, ...], size: int = 2) -> Segmentation:
    return Segmentation(np.array(values, np.float32), labels, (size, size))


TWO = pictures(2, 2)
MASKS = np.array([[[0, 1], [1, 1]], [[0, 0], [255, 1]]])


@pytest.mark.parametrize(
    ("labels", "answers"),
    [
        (("sky", "sea"), lambda p: planes((1 - p).tolist(), p.tolist(), labels=("sky", "sea"))),
        (("sky", "sea"), lambda p: planes(p.tolist(), labels=("sea",))),
        (("sea",), lambda p: planes(p.tolist(), labels=("sea",))),
        ((), lambda p: planes(p.tolist(), labels=("0",))),
    ],
    ids=["all classes", "background left out", "one class", "no labels"],
)
def test_masks_are_scored_over_all_pixels(
    labels: tuple[str, ...], answers: Callable[[np.ndarray], Segmentation]
) -> None:
    validation = open_validation((TWO, MASKS), task="segment", spec=SPEC, labels=labels)
    first, second = np.array([[0.9, 0.9], [0.9, 0.8]]), np.array([[0.1, 0.2], [0.9, 0.7]])
    score = validation.score(scripted("segment", [answers(first), answers(second)]))
    # One of seven counted pixels is wrong: sky 2 of 3, sea 4 of 5.
    assert score.value == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert score.report.others["pixel accuracy"] == pytest.approx(6 / 7)
    assert validation.metric_name == "mIoU"
    assert score.first_answers is None


def masks_folder(folder: Path) -> Path:
    for number in range(2):
        for name, pixels in (("images", TWO[number]), ("masks", MASKS[number].astype(np.uint8))):
            (folder / name / "day").mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / name / "day" / f"{number}.png"), pixels)
    return folder


def test_masks_come_from_png_files_of_the_same_names(tmp_path: Path) -> None:
    folder = masks_folder(tmp_path / "set")
    (folder / "masks" / "other.png").write_bytes(b"x")
    validation = open_validation(folder, task="segment", spec=SPEC, labels=("sky", "sea"))
    truth = [np.where(mask == 255, 0, mask) for mask in MASKS]
    exact = [planes((1 - m).tolist(), m.tolist(), labels=("sky", "sea")) for m in truth]
    assert validation.score(scripted("segment", exact)).value == 1.0
    assert any("1 masks belong to no picture" in warning for warning in validation.warnings)
    (folder / "masks" / "day" / "1.png").unlink()
    with pytest.raises(SourceError, match=r"1 pictures have no mask.*1\.png"):
        open_validation(folder, task="segment", spec=SPEC)


def test_a_mask_in_colour_or_of_another_size_is_an_error(tmp_path: Path) -> None:
    folder = masks_folder(tmp_path / "set")
    cv2.imwrite(str(folder / "masks" / "day" / "0.png"), TWO[0])
    answer = planes([[0, 1], [1, 1]], labels=("sea",))
    validation = open_validation(folder, task="segment", spec=SPEC, labels=("sky", "sea"))
    with pytest.raises(SourceError, match=r"0\.png is of shape \(2, 2, 3\)"):
        validation.score(scripted("segment", [answer]))
    larger = dataclasses.replace(answer, size_wh=(3, 2))
    arrays = open_validation((TWO, MASKS), task="segment", spec=SPEC, labels=("sky", "sea"))
    with pytest.raises(OptionError, match="mask of 2 x 2 belongs to a picture of 3 x 2"):
        arrays.score(scripted("segment", [larger]))


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        (MASKS[:1], "2 validation pictures but 1 masks"),
        (MASKS + 0.5, "whole numbers"),
        (np.where(MASKS == 1, 2, MASKS), "holds the value 2"),
        (np.zeros((2, 2, 2, 3), int), r"mask\.argmax"),
    ],
)
def test_wrong_masks_are_errors(masks: np.ndarray, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        open_validation((TWO, masks), task="segment", spec=SPEC, labels=("sky", "sea"))


# Embeddings


def test_embeddings_are_scored_over_all_pairs() -> None:
    vectors = [[1, 0], [1, 0.1], [0, 1], [0.9, 0.3]]  # ann, ann, bob, bob
    answers = [Embedding(np.array(v, np.float32), "s", "cosine") for v in vectors]
    validation = open_validation(
        (pictures(4), ["ann", "ann", "bob", "bob"]), task="embed", spec=SPEC
    )
    assert validation.metric_name == "TAR at FAR 0.1"
    report = validation.score(scripted("embed", answers)).report
    # Genuine: ann-ann is close, bob-bob far; bob's second picture is nearer to ann than to bob.
    assert report.value == 0.5
    assert report.others["equal error rate"] == pytest.approx(0.5)


def test_the_false_accept_rate_is_one_that_the_pairs_can_show() -> None:
    assert false_accept_rate(np.arange(10)) == 0.1
    assert false_accept_rate(np.arange(50)) == 0.01
    assert false_accept_rate(np.arange(200)) == 0.001
    assert false_accept_rate(np.arange(500)) == 0.0001


def test_identities_come_from_folders_whatever_the_labels(tmp_path: Path) -> None:
    for name in ("ann/1.png", "ann/2.png", "bob/1.png"):
        (tmp_path / "people" / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / "people" / name), pictures(1)[0])
    folder = tmp_path / "people"
    validation = open_validation(folder, task="embed", spec=SPEC, labels=("x",))
    assert validation.pictures.truth == (0, 0, 1)
    cv2.imwrite(str(folder / "lost.png"), pictures(1)[0])
    with pytest.raises(OptionError, match=r"lost\.png, lie in no folder"):
        open_validation(folder, task="embed", spec=SPEC)


@pytest.mark.parametrize("people", [["a", "b", "c"], ["a", "a", "a"], ["a", "a"]])
def test_identities_without_pairs_are_an_error(people: list[str]) -> None:
    with pytest.raises(OptionError, match="no pairs|identities of shape"):
        open_validation((pictures(3), people), task="embed", spec=SPEC)


# All


def test_classes_of_a_data_set_are_identities_for_embeddings() -> None:
    validation = open_validation("digits:test", task="embed", spec=SPEC)
    assert len(validation.pictures) == 360
    assert set(validation.pictures.truth) == set(range(10))


@pytest.mark.parametrize(
    ("task", "what"),
    [
        *itertools.product(("detect", "segment", "embed"), (pictures(3), None, 3)),
        ("detect", "fashion_mnist"),
        ("segment", "fashion_mnist"),
    ],
)
def test_a_form_of_another_task_is_an_error(task: str, what: Any) -> None:
    with pytest.raises((OptionError, SourceError), match="A validation set for"):
        open_validation(what, task=task, spec=SPEC)


def test_a_task_without_a_metric_and_a_bundle_of_another_task_are_errors() -> None:
    with pytest.raises(OptionError, match="'tensors' has no metric"):
        open_validation((pictures(3), [0, 1, 2]), task="tensors", spec=SPEC)
    validation = open_validation((pictures(3), [0, 1, 2]), task="classify", spec=SPEC)
    with pytest.raises(OptionError, match="validates 'classify', but the bundle's is 'detect'"):
        validation.score(scripted("detect", []))


def own_answers(task: str, bundle: Path) -> tuple[ValidationSet, Any]:
    """A zoo bundle, and a set whose truth is what it answers about two photographs itself."""
    model: Any = load(bundle, backend="litert", threads=1)
    files = [IMAGES / "portrait_hopper.jpg", IMAGES / "two_dogs.jpg"]
    answers = [model(file) for file in files]
    what: Any
    if task == "detect":
        what = [(f, a.boxes_xyxy, a.class_ids) for f, a in zip(files, answers, strict=True)]
    else:
        what = (files, [a.mask(a.labels[0]).astype(np.uint8) for a in answers])
    manifest = model.bundle.manifest
    return open_validation(what, task=task, spec=manifest.input, labels=manifest.labels), model


@pytest.mark.parametrize(
    ("task", "bundle"), [("detect", "detect_ssd_desk"), ("segment", "segment_selfie")]
)
def test_a_real_bundle_agrees_with_itself(task: str, bundle: str) -> None:
    validation, model = own_answers(task, ZOO / bundle)
    with model:
        assert validation.score(model).value == pytest.approx(1.0)
