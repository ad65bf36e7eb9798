"""The user's settings: one table of titled fields, kept as JSON in the user's config folder.

The settings dialog is drawn from the table, and a value that does not fit its field is replaced by
the default, so that an old or edited file never keeps the app from starting. Beside the settings
the file holds what the app remembers by itself: its tab, sources, models, place and size.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import platformdirs

from edgecnn.errors import EdgeCNNError, OptionError, UnknownNameError

MAX_BYTES = 2**20
HIDES = {"nobody": "Nobody", "unknown": "Unknown", "everybody": "Everybody"}
"""Whose faces are hidden, and what people read; from the mildest to the strictest."""

Kind = Literal["choice", "flag", "number", "folder"]


class SettingsError(EdgeCNNError):
    """The settings cannot be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One setting.

    Attributes:
        key: Name in the file.
        section, title, note: What people read.
        kind: ``choice``, ``flag``, ``number`` (whole) or ``folder``.
        default: Value until the user chooses one.
        choices: For ``choice``: value -> what people read.
        low, high: For ``number``: least and greatest value; 0 reads as ``zero``.
        zero: What people read in place of 0.
    """

    key: str
    section: str
    title: str
    kind: Kind
    default: Any
    note: str = ""
    choices: Mapping[str, str] | None = None
    low: int = 0
    high: int = 0
    zero: str = ""

    def accepts(self, value: Any) -> bool:
        """Whether a value fits."""
        if self.kind == "choice":
            return isinstance(value, str) and value in (self.choices or {})
        if self.kind == "flag":
            return isinstance(value, bool)
        if self.kind == "number":
            whole = isinstance(value, int) and not isinstance(value, bool)
            return whole and self.low <= value <= self.high
        return isinstance(value, str)


FIELDS: dict[str, Field] = {
    field.key: field
    for field in (
        Field(
            key="theme",
            section="Look",
            title="Theme",
            kind="choice",
            default="dark",
            choices={"dark": "Dark", "light": "Light"},
        ),
        Field(
            key="mirror",
            section="Camera",
            title="Mirror cameras",
            kind="flag",
            default=True,
            note="Left and right as in a mirror. Files and streams are never mirrored.",
        ),
        Field(
            key="smooth",
            section="Results",
            title="Steady results",
            kind="flag",
            default=True,
            note="Scores and bars follow slowly, so that the list can be read.",
        ),
        Field(
            key="lock_after",
            section="Faces",
            title="Lock the gallery after minutes without you",
            kind="number",
            default=10,
            low=0,
            high=240,
            zero="never",
        ),
        Field(
            key="hide_live",
            section="Faces",
            title="Hide faces in the view",
            kind="choice",
            default="nobody",
            choices=HIDES,
        ),
        Field(
            key="hide_saved",
            section="Faces",
            title="Hide faces in what is saved",
            kind="choice",
            default="unknown",
            choices=HIDES,
            note="In snapshots and recordings of every tab a coarse mosaic takes the place of a "
            "face, for good. Only the Faces tab knows anybody: elsewhere all are unknown.",
        ),
        Field(
            key="names_saved",
            section="Faces",
            title="Write names into snapshots and recordings",
            kind="flag",
            default=False,
        ),
        Field(
            key="folder",
            section="Files",
            title="Snapshots and recordings go to",
            kind="folder",
            default="",
            note="Empty for the folder edgecnn among your pictures.",
        ),
    )
}
"""Every setting by key, in the order of the dialog."""


def settings_file() -> Path:
    """Where the settings are kept."""
    return Path(platformdirs.user_config_path("edgecnn")) / "app.json"


class Settings:
    """Settings and what the app remembers.

    Args:
        file: Where they are kept; None keeps them in memory only.

    Attributes:
        memory: What the app remembers: plain JSON values by name.
        first_start: Whether there was no file yet.
        problem: Why the file could not be read; empty when it could.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._values = {key: field.default for key, field in FIELDS.items()}
        self.memory: dict[str, Any] = {}
        self.problem = ""
        self.first_start = file is None or not file.exists()
        if file is not None and file.exists():
            self._read(file)

    def __getitem__(self, key: str) -> Any:
        self._field(key)
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        field = self._field(key)
        if not field.accepts(value):
            raise OptionError(f"{field.title}: {value!r} does not fit a {field.kind}.")
        self._values[key] = value

    def save(self) -> None:
        """Write the file: all of it or, when that fails, nothing.

        Raises:
            SettingsError: It cannot be written.
        """
        if self._file is None:
            return
        content = {"settings": self._values, "memory": self.memory}
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".app.", dir=self._file.parent)
            try:
                with os.fdopen(handle, "wb") as stream:
                    stream.write(msgspec.json.format(msgspec.json.encode(content), indent=1))
                    stream.flush()
                    os.fsync(stream.fileno())
                Path(name).replace(self._file)
            finally:
                Path(name).unlink(missing_ok=True)
        except OSError as error:
            raise SettingsError(
                f"Cannot write the settings to {self._file}: {error.strerror or error}."
            ) from error

    def _field(self, key: str) -> Field:
        if key not in FIELDS:
            raise UnknownNameError(f"There is no setting {key!r}. Settings: {', '.join(FIELDS)}.")
        return FIELDS[key]

    def _read(self, file: Path) -> None:
        try:
            with file.open("rb") as stream:
                content = msgspec.json.decode(stream.read(MAX_BYTES))
        except (OSError, msgspec.DecodeError) as error:
            self._set_aside(file, str(error))
            return
        if not isinstance(content, dict):
            self._set_aside(file, "it holds no settings")
            return
        settings, memory = content.get("settings"), content.get("memory")
        if isinstance(settings, dict):
            for key, field in FIELDS.items():
                if key in settings and field.accepts(settings[key]):
                    self._values[key] = settings[key]
        if isinstance(memory, dict):
            self.memory = memory

    def _set_aside(self, file: Path, reason: str) -> None:
        """Keep a file that cannot be read under another name: the next save must not destroy it."""
        kept = file.with_suffix(".damaged.json")
        self.problem = f"The settings could not be read ({reason}). The app starts with its own."
        try:
            file.replace(kept)
        except OSError:
            return
        self.problem += f" The file is kept as {kept.name}."


def save_folder(settings: Settings) -> Path:
    """Where snapshots and recordings go."""
    chosen = str(settings["folder"])
    return Path(chosen).expanduser() if chosen else platformdirs.user_pictures_path() / "edgecnn"
