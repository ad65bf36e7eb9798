from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

import edgecnn
from converters.options import no_progress
from converters.search.accuracy import Accuracies, key_of, measure_accuracy, reference_way
from edgecnn.api import open_bundle
from edgecnn.bundle import io
from edgecnn.bundle.io import Bundle
from edgecnn.errors import OptionError, SourceError
from edgecnn.runtime.measure import ways_to_run
from edgecnn.zoo.catalogue import assets_path
from tests.helpers.models import save_mean_color
from tests.helpers.optimizing import write_classes, write_plain
from tests.helpers.videos import write_picture


def measured(bundle: Bundle, data: Any, limit: int = 100, **changes: Any) -> Accuracies:
    settings: dict[str, Any] = {"seed": 0, "threads": 1, "progress": no_progress}
    ways = [way for way in ways_to_run(bundle.manifest) if way.compute == "f32"]
    return measure_accuracy(bundle, data, ways, limit=limit, **(settings | changes))


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return io.load(save_mean_color(tmp_path / "mean_color"))


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """A folder of two portraits and a picture without a face."""
    folder = tmp_path / "faces"
    folder.mkdir()
    for name in ("portrait_obama", "portrait_biden", "coffee"):
        shutil.copy(assets_path() / "images" / f"{name}.jpg", folder)
    return folder


def test_class_folders_give_the_metric_of_every_way(bundle: Bundle, tmp_path: Path) -> None:
    found = measured(bundle, write_classes(tmp_path / "classes"))
    assert (found.name, found.used) == ("top-1 accuracy", 12)
    assert set(found.of) == {
        key_of(way) for way in ways_to_run(bundle.manifest) if way.compute == "f32"
    }
    assert set(found.of.values()) == {1.0}


def test_wrong_truth_lowers_the_metric(bundle: Bundle) -> None:
    x = np.zeros((10, 8, 8, 3), np.uint8)
    x[..., 0] = 200
    found = measured(bundle, (x, np.array([0] * 6 + [1] * 4)))
    assert set(found.of.values()) == {0.6}


def test_pictures_alone_give_agreement_with_the_float_variant(
    bundle: Bundle, tmp_path: Path
) -> None:
    found = measured(bundle, write_plain(tmp_path / "plain"))
    assert found.name == "agreement with float"
    assert found.reference == ("float32.tflite", "litert", "f32")
    assert found.of[found.reference] == 1.0
    assert any("without the truth" in text for text in found.warnings)


def test_folders_that_are_no_classes_are_pictures_alone(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "trips" / "2024").mkdir(parents=True)
    write_picture(tmp_path / "trips" / "2024" / "a.png", (0, 0, 255))
    assert measured(bundle, tmp_path / "trips").name == "agreement with float"


def test_at_most_so_many_inputs_are_used(bundle: Bundle, tmp_path: Path) -> None:
    assert measured(bundle, write_classes(tmp_path / "classes"), limit=5).used == 5


def test_the_reference_is_the_float_file_wherever_it_stands(bundle: Bundle) -> None:
    manifest = replace(bundle.manifest, variants=bundle.manifest.variants[1::-1])
    assert manifest.variants[0].precision == "int8"
    assert reference_way(ways_to_run(manifest)).variant.file == "float32.tflite"


def test_faces_are_judged_by_agreement_or_with_annotations_by_precision(faces: Path) -> None:
    bundle = open_bundle("face_detect_blazeface_short")
    assert measured(bundle, faces).name == "agreement with float"
    annotate("face_detect_blazeface_short", faces)
    found = measured(bundle, faces)
    assert found.name == "mAP@[.50:.95]"
    assert min(found.of.values()) > 0.5


def annotate(name: str, folder: Path) -> None:
    """Take what a model itself finds for the truth."""
    images, boxes = [], []
    with edgecnn.load(name) as task:
        for number, file in enumerate(sorted(folder.glob("*.jpg"))):
            images.append({"id": number, "file_name": file.name})
            for x0, y0, x1, y1 in task(file).boxes_xyxy.tolist():
                box = [x0, y0, x1 - x0, y1 - y0]
                boxes.append({"image_id": number, "category_id": 1, "bbox": box})
    categories = [{"id": 1, "name": "face"}]
    document = {"images": images, "annotations": boxes, "categories": categories}
    (folder / "annotations.json").write_text(json.dumps(document))


def test_masks_beside_pictures_are_the_truth_of_a_segmenter(tmp_path: Path) -> None:
    bundle = open_bundle("segment_selfie")
    for name in ("images", "masks"):
        (tmp_path / "set" / name).mkdir(parents=True)
    shutil.copy(assets_path() / "images" / "portrait_obama.jpg", tmp_path / "set" / "images")
    with pytest.raises(SourceError, match="no mask"):
        measured(bundle, tmp_path / "set")
    shutil.rmtree(tmp_path / "set" / "masks")
    found = measured(bundle, tmp_path / "set")
    assert found.name == "agreement with float"
    assert min(found.of.values()) > 0.98


def test_data_that_is_nothing_of_the_kind_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises((OptionError, SourceError)):
        measured(bundle, tmp_path / "nowhere")
