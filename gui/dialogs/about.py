"""About the app: its version and the licence of everything that comes along."""

from __future__ import annotations

import html
import platform
from importlib.metadata import PackageNotFoundError, metadata

from PySide6.QtCore import qVersion
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

import edgecnn
from edgecnn.errors import EdgeCNNError
from edgecnn.zoo.catalogue import assets_path, names
from gui.theme import GROUP_PX
from gui.widgets.labels import label

_PARTS = (
    "numpy",
    "opencv-python-headless",
    "ai-edge-litert",
    "openvino",
    "msgspec",
    "click",
    "rich",
    "platformdirs",
    "psutil",
)
"""What the app runs on; those that are not installed are left out."""


_LICENCE_KEYS = ("License-Expression", "License")


class About(QDialog):
    """Lists models and parts with their licences. Follows no link and loads nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("About edgecnn"))
        self.resize(560, 520)
        title = label(f"edgecnn {edgecnn.__version__}", "title")
        python = platform.python_version()
        words = self.tr("Apache-2.0. Everything runs on this machine.")
        self.text = QTextBrowser()
        self.text.setOpenLinks(False)
        self.text.setAccessibleName(self.tr("Licences"))
        self.text.setHtml(_licences(self.tr("Models"), self.tr("Parts")))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GROUP_PX, GROUP_PX, GROUP_PX, GROUP_PX)
        layout.addWidget(title)
        layout.addWidget(label(f"{words} Python {python}, Qt {qVersion()}.", "secondary"))
        layout.addWidget(self.text)
        layout.addWidget(buttons)


def _licences(models: str, parts: str) -> str:
    rows = [f"<h4>{models}</h4><table cellpadding='3' width='100%'>"]
    rows += [_row(title, licence) for title, licence in model_licences()]
    rows.append(f"</table><h4>{parts}</h4><table cellpadding='3' width='100%'>")
    rows += [_row(name, licence) for name, licence in part_licences()]
    return "".join([*rows, "</table>"])


def _row(name: str, licence: str) -> str:
    return f"<tr><td width='55%'>{html.escape(name)}</td><td>{html.escape(licence)}</td></tr>"


def model_licences() -> list[tuple[str, str]]:
    """Title and licence of each bundle that can be read, and of the pictures that come along."""
    found = []
    for name in names():
        try:
            manifest = edgecnn.api.open_bundle(name).manifest
        except EdgeCNNError:
            continue
        found.append((manifest.title, manifest.licence))
    where = assets_path() / "README.md"
    found.append(("Demo clip and pictures", f"listed in {where.name} of the assets"))
    return found


def part_licences() -> list[tuple[str, str]]:
    """Name and licence of each package that the app runs on, Qt first."""
    found = [("Qt for Python (PySide6)", "LGPL-3.0-only, with Qt's own parts under it")]
    for name in _PARTS:
        try:
            about = metadata(name)
        except PackageNotFoundError:
            continue
        licence = next((about[key] for key in _LICENCE_KEYS if key in about), "")
        short = licence.strip().splitlines()[0] if licence.strip() else "see its package"
        found.append((f"{name} {about['Version']}", short[:60]))
    return found
