from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgecnn.bundle import io
from edgecnn.core.results import Classification
from edgecnn.errors import BackendError, BundleError, EdgeCNNError, OptionError
from edgecnn.registry import TASKS
from edgecnn.runtime.policy import choose
from edgecnn.video.frame import Frame
from edgecnn.zoo.catalogue import assets_path
from gui.models.foreign import adopt, bundle_of, check_name, examine, is_model, save
from gui.models.questions import Answers
from tests.helpers.models import LABELS, mean_color_ir

RED = Frame(np.full((20, 30, 3), (0, 0, 255), np.uint8), "bgr")


def ask(bundle: io.Bundle) -> Classification:
    with TASKS[bundle.manifest.task](bundle, choose(bundle.manifest, quick_start=True)) as task:
        result: Classification = task(RED)
    return result


def test_a_bare_file_is_asked_about_only_what_it_does_not_say(bare: Path) -> None:
    found = examine(bare)
    assert found.questions is not None
    assert found.questions.forms == ("classes", "vector")
    assert found.questions.size_wh == (8, 8)
    assert found.questions.asks("classes") == ("color", "scaling", "resize", "labels", "activation")


def test_answers_make_a_bundle_that_answers_right(bare: Path, home: Path) -> None:
    found = examine(bare)
    answers = Answers(form="classes", scaling="unit", labels=LABELS)
    bundle = bundle_of(found, answers)
    assert ask(bundle)[0].label == "red"
    swapped = bundle_of(found, replace(answers, color="bgr"))
    assert ask(swapped)[0].label == "blue"
    saved = save(bundle, "colours", title="Colours", licence="MIT")
    assert saved == home / "colours"
    again = io.load(saved)
    again.verify()
    assert (again.manifest.title, again.manifest.licence) == ("Colours", "MIT")
    assert ask(again)[0].label == "red"


def test_an_ir_is_asked_about_like_a_tflite(tmp_path: Path) -> None:
    xml, weights = mean_color_ir()
    (tmp_path / "m.xml").write_bytes(xml)
    (tmp_path / "m.bin").write_bytes(weights)
    found = examine(tmp_path / "m.xml")
    assert found.questions is not None
    assert ask(bundle_of(found, Answers(form="classes", labels=LABELS)))[0].label == "red"


def test_a_file_of_the_zoo_describes_itself(home: Path) -> None:
    found = examine(assets_path() / "zoo/segment_selfie/float16.tflite")
    assert found.bundle is not None
    assert found.bundle.manifest.task == "segment"
    assert not found.sealed


def test_a_bundle_keeps_its_bytes(own: Path, tmp_path: Path, home: Path) -> None:
    edge = io.export(io.load(own), tmp_path / "mine.edge")
    found = examine(edge)
    assert found.sealed
    assert found.bundle is not None
    save(found.bundle, "copy_of_it")
    own_text = (own / "bundle.json").read_bytes()
    assert (home / "copy_of_it/bundle.json").read_bytes() != own_text  # it has another name
    shutil.rmtree(own)
    save(found.bundle, own.name)
    assert (home / own.name / "bundle.json").read_bytes() == own_text


def test_a_bundle_that_lies_under_another_name_gets_that_name(own: Path, home: Path) -> None:
    own.rename(home / "faster")
    adopt("faster")
    manifest = io.load(home / "faster").manifest
    assert manifest.name == "faster"
    assert "optimized" in manifest.title
    io.load(home / "faster").verify()
    text = (home / "faster/bundle.json").read_bytes()
    adopt("faster")
    assert (home / "faster/bundle.json").read_bytes() == text


def test_too_few_names_are_refused_in_words(bare: Path) -> None:
    with pytest.raises(OptionError, match="3 classes, but 2 names"):
        bundle_of(examine(bare), Answers(form="classes", labels=("a", "b")))


def test_what_is_no_model_is_refused_in_words(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no model", "utf-8")
    with pytest.raises(BundleError, match="no model that is known here"):
        examine(text)
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"nothing of a model")
    with pytest.raises((BackendError, BundleError)):
        examine(broken)
    with pytest.raises(BundleError):
        examine(tmp_path / "missing.tflite")
    folder = tmp_path / "empty"
    folder.mkdir()
    with pytest.raises(EdgeCNNError):
        examine(folder)


def test_networks_are_for_conversion(tmp_path: Path) -> None:
    net = tmp_path / "net.keras"
    net.write_bytes(b"zip")
    assert examine(net).network
    with pytest.raises(BundleError, match="converted first"):
        bundle_of(examine(net), None)


def test_what_may_be_dropped_is_known_by_its_name(own: Path, bare: Path) -> None:
    assert is_model(own)
    assert is_model(bare)
    assert not is_model(own.parent)
    assert not is_model(Path("clip.mp4"))


@pytest.mark.parametrize("name", ["", "a/b", "../up", ".hidden", "detect_nanodet", "no\nline"])
def test_names_that_cannot_be_are_refused(name: str) -> None:
    with pytest.raises(BundleError):
        check_name(name)
