"""The forms of conversion and optimization."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from gui.models.commands import CONVERT_TASKS, PRECISIONS, ConvertWish, OptimizeWish
from gui.models.foreign import plain_name
from gui.models.path_row import PathRow
from gui.tabs import TABS
from gui.theme import GAP_PX, GROUP_PX
from gui.widgets.number_field import padded


class ConvertForm(QWidget):
    """What `edgecnn convert` has to be told.

    Args:
        model: The network's file.
    """

    verb = "convert"

    def __init__(self, model: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = self.tr("Convert %s") % model.name
        self.action = self.tr("Convert")
        self.about = self.tr(
            "Makes TFLite and OpenVINO files, proves that they answer like the network, and adds "
            "them to your models. It runs in a process of its own and takes minutes."
        )
        self._model = model
        layout = _form(self)
        self.name = _line(layout, "convert_name", self.tr("Name of the new model"))
        self.name.setText(plain_name(model.stem))
        self.task = QComboBox()
        self.task.setObjectName("convert_task")
        self.task.setAccessibleName(self.tr("What the network is for"))
        for task in CONVERT_TASKS:
            tab = next((tab for tab in TABS.values() if tab.task == task), None)
            title = self.tr("Vectors to compare by") if tab is None else self.tr(tab.title)
            self.task.addItem(title, task)
        layout.addRow(self.tr("What it is for"), self.task)
        self.calibration = _path(
            layout, "calibration", self.tr("Folder of pictures (for int8, and for the proof)"),
            folder=True,
        )  # fmt: skip
        self.validation = _path(
            layout, "validation", self.tr("Folder of class folders (for accuracy; optional)"),
            folder=True,
        )  # fmt: skip
        self.labels = _path(
            layout, "convert_labels", self.tr("Text file with a class on each line (optional)"),
            folder=False,
        )  # fmt: skip
        self.describe = _path(
            layout, "convert_describe", self.tr("Description, JSON (only detection needs one)"),
            folder=False,
        )  # fmt: skip
        row = QHBoxLayout()
        row.setSpacing(GROUP_PX)
        self.precisions: dict[str, QCheckBox] = {}
        for precision in PRECISIONS:
            tick = QCheckBox(precision)
            tick.setObjectName(f"precision_{precision}")
            tick.setChecked(True)
            row.addWidget(tick)
            self.precisions[precision] = tick
        row.addStretch(1)
        layout.addRow(self.tr("Precisions"), row)
        self.about_lines = {
            key: _line(layout, f"convert_{key}", words, hint)
            for key, words, hint in (
                ("title", self.tr("Title"), self.tr("What people call it; empty for its name")),
                ("licence", self.tr("Licence"), self.tr("Such as Apache-2.0; empty for unknown")),
                ("source", self.tr("Author and source"), self.tr("Who made the weights, where")),
                ("training_data", self.tr("Training data"), self.tr("What it was trained on")),
                ("limits", self.tr("Limits"), self.tr("Where it should not be trusted")),
            )
        }

    @property
    def new_name(self) -> str:
        """Of the new model."""
        return self.name.text().strip()

    def arguments(self) -> list[str]:
        """For `edgecnn`; raises EdgeCNNError when something is missing."""
        return ConvertWish(
            model=str(self._model),
            name=self.new_name,
            task=self.task.currentData(),
            labels=self.labels.path,
            calibration=self.calibration.path,
            validation=self.validation.path,
            describe=self.describe.path,
            precisions=tuple(n for n, tick in self.precisions.items() if tick.isChecked()),
            **{key: edit.text().strip() for key, edit in self.about_lines.items()},
        ).arguments()


class OptimizeForm(QWidget):
    """What `edgecnn optimize` has to be told.

    Args:
        model: Name of the bundle.
        title: What people call it.
    """

    verb = "optimize"

    def __init__(self, model: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = self.tr("Optimize %s") % title
        self.action = self.tr("Optimize")
        self.about = self.tr(
            "Tries every variant on every backend and number of threads, and keeps the fastest "
            "that loses no more than you allow. The winner becomes a model of yours."
        )
        self._model = model
        layout = _form(self)
        self.name = _line(layout, "optimize_name", self.tr("Name of the new model"))
        self.name.setText(f"{model}_fast")
        self.data = _path(
            layout, "optimize_data", self.tr("Folder of pictures, or of class folders"),
            folder=True,
        )  # fmt: skip
        self.drop = padded(QDoubleSpinBox())
        self.drop.setObjectName("optimize_drop")
        self.drop.setRange(0.0, 50.0)
        self.drop.setSingleStep(0.5)
        self.drop.setValue(1.0)
        self.drop.setSuffix(self.tr(" points"))
        self.drop.setAccessibleName(self.tr("What accuracy may lose"))
        layout.addRow(self.tr("What accuracy may lose"), self.drop)
        self.pictures = padded(QSpinBox())
        self.pictures.setObjectName("optimize_pictures")
        self.pictures.setRange(4, 10_000)
        self.pictures.setValue(100)
        self.pictures.setAccessibleName(self.tr("Pictures to measure on"))
        layout.addRow(self.tr("Pictures to measure on, at most"), self.pictures)

    @property
    def new_name(self) -> str:
        """Of the new model."""
        return self.name.text().strip()

    def arguments(self) -> list[str]:
        """For `edgecnn`; raises EdgeCNNError when something is missing."""
        return OptimizeWish(
            model=self._model,
            name=self.new_name,
            data=self.data.path,
            max_drop=self.drop.value() / 100,
            pictures=self.pictures.value(),
        ).arguments()


def _form(owner: QWidget) -> QFormLayout:
    layout = QFormLayout(owner)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setVerticalSpacing(GAP_PX)
    layout.setHorizontalSpacing(GROUP_PX)
    layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return layout


def _line(layout: QFormLayout, name: str, words: str, hint: str = "") -> QLineEdit:
    edit = QLineEdit()
    edit.setPlaceholderText(hint)
    edit.setObjectName(name)
    edit.setAccessibleName(words)
    layout.addRow(words, edit)
    return edit


def _path(layout: QFormLayout, name: str, words: str, *, folder: bool) -> PathRow:
    row = PathRow(name, words, folder=folder)
    layout.addRow(words, row)
    return row
