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
            self.task.addItem(self.tr(tab.title) if tab is not None else task, task)
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
            precisions=tuple(n for n, tick in self.precisions.items() if tick.isChecked()),
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
        self.drop = QDoubleSpinBox()
        self.drop.setObjectName("optimize_drop")
        self.drop.setRange(0.0, 50.0)
        self.drop.setSingleStep(0.5)
        self.drop.setValue(1.0)
        self.drop.setSuffix(self.tr(" points"))
        self.drop.setAccessibleName(self.tr("What accuracy may lose"))
        layout.addRow(self.tr("What accuracy may lose"), self.drop)
        self.pictures = QSpinBox()
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


def _line(layout: QFormLayout, name: str, words: str) -> QLineEdit:
    edit = QLineEdit()
    edit.setObjectName(name)
    edit.setAccessibleName(words)
    layout.addRow(words, edit)
    return edit


def _path(layout: QFormLayout, name: str, words: str, *, folder: bool) -> PathRow:
    row = PathRow(name, words, folder=folder)
    layout.addRow(words, row)
    return row
