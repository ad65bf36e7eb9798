from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import edgecnn
from edgecnn.bundle import io
from edgecnn.errors import BackendError, BundleError, ImageError, OptionError, SourceError
from edgecnn.runtime.policy import candidates, choose
from edgecnn.tasks.classify import ImageClassifier
from edgecnn.tasks.options import ClassifyOptions, DetectOptions
from edgecnn.video.frame import Frame
from tests.helpers.models import mean_color_bundle, plain_picture, save_mean_color

ORANGE = plain_picture(255, 128, 0)


def _runs() -> list[Any]:
    manifest, _ = mean_color_bundle()
    return [
        pytest.param(name, variant.precision, id=f"{name}-{variant.file}")
        for variant, name in candidates(manifest)
    ]


@pytest.fixture
def classify(tmp_path: Path) -> Any:
    with edgecnn.load(save_mean_color(tmp_path / "mean_color"), backend="litert") as task:
        yield task


@pytest.mark.parametrize(("backend", "precision"), _runs())
def test_every_variant_gives_the_same_answer(tmp_path: Path, backend: str, precision: str) -> None:
    path = save_mean_color(tmp_path / "mean_color")
    with edgecnn.load(path, backend=backend, precision=precision, threads=1) as task:
        result = task(ORANGE, "rgb")
        assert result.labels == ("red", "green", "blue")
        np.testing.assert_allclose(result.scores, [1.0, 0.502, 0.0], atol=0.005)
        assert (task.info.backend, task.info.precision) == (backend, precision)
        assert task.info.reason


def test_an_edge_file_is_loaded_like_a_folder(tmp_path: Path) -> None:
    with edgecnn.load(save_mean_color(tmp_path / "mean_color.edge")) as task:
        assert task(ORANGE, "rgb")[0].label == "red"


def test_a_path_an_array_and_a_frame_are_the_same_picture(
    classify: ImageClassifier, tmp_path: Path
) -> None:
    bgr = np.ascontiguousarray(ORANGE[:, :, ::-1])
    cv2.imwrite(str(tmp_path / "orange.png"), bgr)
    answers = [
        classify(tmp_path / "orange.png"),
        classify(str(tmp_path / "orange.png")),
        classify(bgr, "bgr"),
        classify(bgr, color="bgr"),
        classify(ORANGE, "rgb"),
        classify(Frame(ORANGE, "rgb")),
        classify(Frame(bgr, "bgr")),
    ]
    for answer in answers:
        assert answer.to_dict() == answers[0].to_dict()


@pytest.mark.parametrize(
    ("picture", "color", "error", "message"),
    [
        (ORANGE, None, ImageError, "without its colour order"),
        (Frame(ORANGE, "rgb"), "bgr", ImageError, "frame is rgb"),
        ("nowhere.jpg", None, SourceError, "nowhere.jpg"),
        ("nowhere.jpg", "rgb", ImageError, "file knows its own"),
        (ORANGE.astype(np.float32), "rgb", ImageError, "uint8"),
        ([[1, 2], [3, 4]], "rgb", ImageError, "numpy array"),
    ],
)
def test_what_is_no_picture_is_refused(
    classify: ImageClassifier, picture: Any, color: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        classify(picture, color)
    assert classify(ORANGE, "rgb")[0].label == "red"


def test_options_can_change_at_any_time(classify: ImageClassifier) -> None:
    assert len(classify(ORANGE, "rgb", options=ClassifyOptions(top_k=1))) == 1
    assert len(classify(ORANGE, "rgb")) == 3
    classify.options = ClassifyOptions(top_k=2)
    assert len(classify(ORANGE, "rgb")) == 2


def test_options_are_checked_where_they_are_made(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="1 or more"):
        ClassifyOptions(top_k=0)
    with pytest.raises(OptionError, match="between 0 and 1"):
        DetectOptions(score_threshold=40)
    with pytest.raises(OptionError, match="takes ClassifyOptions, but got DetectOptions"):
        edgecnn.load(save_mean_color(tmp_path / "mean_color"), options=DetectOptions())


def test_pictures_can_be_in_flight_together(classify: ImageClassifier) -> None:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)] * 5
    pending = [classify.submit(plain_picture(*colour), "rgb") for colour in colours]
    assert [item.result()[0].label for item in pending] == ["red", "green", "blue"] * 5
    assert all(item.done() for item in pending)
    timing = pending[0].timing
    assert timing is not None
    assert timing.total_ms >= timing.infer_ms > 0
    assert pending[0].result() is pending[0].result()


def test_threads_may_share_a_task(classify: ImageClassifier) -> None:
    wrong: list[str] = []

    def ask(colour: tuple[int, int, int], label: str) -> None:
        for _ in range(40):
            answer = classify(plain_picture(*colour), "rgb")[0].label
            if answer != label:
                wrong.append(answer)

    work = [((255, 0, 0), "red"), ((0, 255, 0), "green"), ((0, 0, 255), "blue")]
    threads = [threading.Thread(target=ask, args=item) for item in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_closed_task_says_so(classify: ImageClassifier) -> None:
    classify.close()
    classify.close()
    with pytest.raises(BackendError, match="closed"):
        classify(ORANGE, "rgb")


def test_an_altered_model_never_reaches_the_engine(tmp_path: Path) -> None:
    path = save_mean_color(tmp_path / "mean_color")
    file = path / "float32.tflite"
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    with pytest.raises(BundleError, match=r"float32\.tflite.*altered"):
        edgecnn.load(path, backend="litert", precision="float32")


def test_a_model_with_other_tensors_than_the_bundle_says_is_refused(tmp_path: Path) -> None:
    manifest, files = mean_color_bundle()
    bundle = io.load(
        save_mean_color(tmp_path / "mean_color", {"int8.tflite": files["float32.tflite"]})
    )
    # The names and shapes are right there, so the engine's own types count, not the bundle's.
    choice = choose(bundle.manifest, backend="litert", precision="int8")
    with ImageClassifier(bundle, choice) as task:
        assert task(ORANGE, "rgb")[0].label == "red"
    wrong = files["float32.tflite"].replace(b"means", b"meanz")
    bundle = io.load(save_mean_color(tmp_path / "other", {"int8.tflite": wrong}))
    with pytest.raises(BundleError, match="'probabilities'.*meanz"):
        ImageClassifier(bundle, choice)
    assert manifest.name == "mean_color"


def test_unknown_decoder_parameters_are_named(tmp_path: Path) -> None:
    from edgecnn.bundle.schema import DecoderSpec

    decoder = DecoderSpec(name="classification", parameters={"activation": "none", "topk": 3})
    path = save_mean_color(tmp_path / "mean_color", decoder=decoder)
    with pytest.raises(BundleError, match="topk.*Known parameters: activation"):
        edgecnn.load(path)
