from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgecnn.errors import OptionError, UnknownNameError
from gui.settings import FIELDS, Settings, SettingsError, save_folder


def test_first_start_has_the_defaults_of_the_table(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "app.json")
    assert settings.first_start
    for key, field in FIELDS.items():
        assert field.accepts(field.default)
        assert settings[key] == field.default


def test_what_was_saved_is_there_again(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "app.json"
    settings = Settings(file)
    settings["theme"] = "light"
    settings.memory["tab"] = "faces"
    settings.save()
    again = Settings(file)
    assert not again.first_start
    assert again["theme"] == "light"
    assert again.memory == {"tab": "faces"}
    assert [entry.name for entry in file.parent.iterdir()] == ["app.json"]


def test_a_value_that_does_not_fit_is_refused_and_named(tmp_path: Path) -> None:
    settings = Settings(None)
    with pytest.raises(OptionError, match="Theme"):
        settings["theme"] = "pink"
    with pytest.raises(UnknownNameError, match="mirror"):
        settings["no such setting"] = 1


def test_old_and_edited_values_fall_back_each_for_itself(tmp_path: Path) -> None:
    file = tmp_path / "app.json"
    kept = {"theme": "pink", "mirror": "yes", "smooth": False, "gone": 3}
    file.write_text(json.dumps({"settings": kept, "memory": {"tab": "detect"}}))
    settings = Settings(file)
    assert settings["theme"] == FIELDS["theme"].default
    assert settings["mirror"] is FIELDS["mirror"].default
    assert settings["smooth"] is False
    assert settings.memory["tab"] == "detect"


@pytest.mark.parametrize("content", [b"{broken", b"[1, 2]", b"\xff\xfe"])
def test_a_damaged_file_is_kept_aside_and_said(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "app.json"
    file.write_bytes(content)
    settings = Settings(file)
    assert "could not be read" in settings.problem
    settings.save()
    assert (tmp_path / "app.damaged.json").read_bytes() == content
    assert Settings(file).problem == ""


def test_a_folder_that_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    settings = Settings(tmp_path / "file" / "app.json")
    with pytest.raises(SettingsError, match="Cannot write the settings"):
        settings.save()
    assert (tmp_path / "file").read_text() == "in the way"


def test_pictures_go_to_the_chosen_folder_or_to_one_of_our_own(tmp_path: Path) -> None:
    settings = Settings(None)
    assert save_folder(settings).name == "edgecnn"
    settings["folder"] = str(tmp_path)
    assert save_folder(settings) == tmp_path
