from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from edgecnn.core.image import read_image
from edgecnn.core.results import Detections
from edgecnn.video.frame import Frame
from edgecnn.video.pipeline import Pipeline
from edgecnn.video.scene import SceneChange, glance_at
from edgecnn.video.source import open_source
from edgecnn.zoo.catalogue import assets_path
from tests.helpers.pipelines import FakeSource

IMAGES = assets_path() / "images"


def photo(name: str) -> Any:
    return cv2.resize(read_image(IMAGES / name), (640, 480))


def changes(*pictures: Any) -> list[bool]:
    scene = SceneChange()
    return [scene.update(glance_at(Frame(picture, "bgr"))) for picture in pictures]


def test_every_cut_of_the_demo_is_noticed_and_nothing_else() -> None:
    scene = SceneChange()
    with open_source("demo", demo=assets_path() / "video/demo.mp4") as demo:
        cuts = [frame.index for frame in demo if scene.update(glance_at(frame))]
    assert cuts == [20, 40, 60, 80, 100, 120, 140, 160]


def test_a_lamp_is_no_cut() -> None:
    dim, bright = photo("portrait_obama.jpg") // 3, photo("portrait_obama.jpg")
    assert changes(dim, bright, dim) == [False, False, False]


def test_noise_in_the_dark_is_no_cut() -> None:
    generator = np.random.default_rng(0)
    dark = [generator.integers(0, 30, (480, 640, 3), np.uint8) for _ in range(5)]
    assert changes(*dark) == [False] * 5


def test_a_shaken_camera_is_no_cut() -> None:
    still = photo("coffee.jpg")
    assert changes(still, np.roll(still, 30, axis=1), np.roll(still, 20, axis=0)) == [False] * 3


@pytest.mark.parametrize("size_wh", [(64, 48), (16, 12), (5, 3), (1920, 1080)])
def test_pictures_of_any_size_can_be_compared(size_wh: tuple[int, int]) -> None:
    pictures = [cv2.resize(photo(name), size_wh) for name in ("coffee.jpg", "portrait_obama.jpg")]
    assert changes(pictures[0], pictures[0], pictures[1])[:2] == [False, False]
    assert SceneChange().update(glance_at(Frame(pictures[0][:, :, 0], "gray"))) is False


def test_numbers_and_labels_do_not_go_over_a_cut() -> None:
    class Fixed:
        """Finds one thing in the same place, in every picture something else."""

        timing = None

        def __call__(self, picture: Frame) -> Detections:
            label = int(picture.pixels[0, 0, 0] > 200)
            return Detections(
                np.array([[10, 10, 600, 400]], np.float32),
                np.array([0.8], np.float32),
                np.array([label]),
                (("person", "cup")[label],),
            )

        def close(self) -> None:
            """Nothing is held."""

    with open_source("demo", demo=assets_path() / "video/demo.mp4") as demo:
        pictures = [frame.pixels.copy() for frame in demo if frame.index in (30, 50)]
    pictures[0][0, 0], pictures[1][0, 0] = 0, 255
    source = FakeSource(live=False)
    with Pipeline(source, Fixed(), smooth=True) as pipeline:
        seen = []
        for index in range(6):
            frame = Frame(pictures[index // 3], "bgr", index / 30, index)
            source.hand_over(frame)
            answer = pipeline.take(20)
            assert answer is not None
            assert isinstance(answer.result, Detections)
            seen += [(found.label, found.track_id) for found in answer.result]
    assert seen == [("person", 1)] * 3 + [("cup", 2)] * 3
