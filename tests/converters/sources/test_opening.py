from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("tensorflow")

from converters.sources import open_source
from converters.sources.opening import KINDS
from edgecnn.errors import ConversionError, OptionError
from tests.helpers.models import save_mean_color


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_leads_to_something_callable(kind: str) -> None:
    assert callable(KINDS[kind])


def test_what_is_not_there_is_said_with_what_is_accepted(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"no model.*\.keras.*SavedModel.*\.onnx"):
        open_source(tmp_path / "model.keras")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("model.pt", r"torch\.onnx\.export"),
        ("model.pth", "litert_torch"),
        ("model.bin", r"\.xml beside"),
        ("model.pb", "SavedModel folder"),
        ("model.txt", "Expected a Keras 3 model"),
    ],
)
def test_other_files_are_refused_with_advice(name: str, advice: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ConversionError, match=advice):
        open_source(str(tmp_path / name))


def test_a_bundle_is_refused_as_one(tmp_path: Path) -> None:
    folder, packed = tmp_path / "bundle", tmp_path / "bundle.edge"
    save_mean_color(folder)
    save_mean_color(packed)
    with pytest.raises(ConversionError, match="finished bundle"):
        open_source(folder)
    with pytest.raises(ConversionError, match="finished bundle"):
        open_source(packed)


def test_a_folder_that_holds_a_model_file_names_it(tmp_path: Path) -> None:
    (tmp_path / "net.tflite").write_bytes(b"x")
    with pytest.raises(ConversionError, match=r"net\.tflite: give that file"):
        open_source(tmp_path)


@pytest.mark.parametrize("thing", [3, None, b"bytes", lambda x: x])
def test_other_objects_are_refused(thing: object) -> None:
    with pytest.raises(ConversionError, match="cannot be converted"):
        open_source(thing)


def test_a_batch_has_to_hold_something(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="batch"):
        open_source(tmp_path, batch=0)


def test_the_folder_of_a_run_stands_for_its_best_net(tmp_path: Path) -> None:
    for name in ("config.json", "last.keras", "best.keras"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ConversionError, match=r"best\.keras is damaged"):
        open_source(tmp_path)


def test_notes_in_a_folder_are_not_taken_for_models(tmp_path: Path) -> None:
    for name in ("summary.json", "recipe.json"):
        (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(ConversionError) as caught:
        open_source(tmp_path)
    assert "give that file" not in str(caught.value)
    (tmp_path / "model.json").write_bytes(b"{}")
    with pytest.raises(ConversionError, match=r"but model\.json: give that file"):
        open_source(tmp_path)
