"""The window of models, driven with mouse and keys; models are real and small."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QAbstractButton, QComboBox, QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot

from edgecnn.bundle import io
from edgecnn.core.results import Classification
from edgecnn.errors import BundleError
from edgecnn.video.frame import Frame
from edgecnn.zoo.catalogue import names
from gui.models import work_page
from gui.models.child import Progress
from gui.models.dialog import ModelsDialog
from gui.models.work_forms import ConvertForm, OptimizeForm
from tests.helpers.models import LABELS

Wait = Callable[[Callable[[], object]], None]
LEFT = Qt.MouseButton.LeftButton


class Camera:
    """A red picture, new at each call."""

    def __init__(self) -> None:
        self._numbers = count()

    def __call__(self) -> Frame:
        number = next(self._numbers)
        pixels = np.full((48, 64, 3), (0, 0, 250), np.uint8)
        return Frame(pixels, "bgr", number / 30, number, "red")


@pytest.fixture
def wait(qtbot: QtBot) -> Wait:
    return lambda condition: qtbot.waitUntil(lambda: bool(condition()), timeout=30_000)


@pytest.fixture
def dialog(qtbot: QtBot, own: Path, wait: Wait) -> Iterator[ModelsDialog]:
    made = ModelsDialog(Camera())
    made.show()
    qtbot.waitExposed(made)
    wait(lambda: made.list.count())
    yield made
    made.close()
    assert made.keeper.close(20)
    assert made.preview.close(20)
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def click(qtbot: QtBot, dialog: ModelsDialog, name: str) -> None:
    button = dialog.findChild(QAbstractButton, name)
    assert button is not None
    assert button.isVisible()
    assert button.isEnabled()
    qtbot.mouseClick(button, LEFT)


def pick(dialog: ModelsDialog, title: str) -> None:
    row = next(n for n in range(dialog.list.count()) if dialog.list.item(n).text() == title)
    dialog.list.setCurrentRow(row)


def test_every_model_is_listed_and_described(dialog: ModelsDialog, qtbot: QtBot) -> None:
    assert dialog.list.count() == len(names())
    assert dialog.details.title.text() == "Mean colour"
    assert dialog.details.delete.isVisible()
    qtbot.keyClick(dialog.list, Qt.Key.Key_Down)
    assert dialog.details.title.text() != "Mean colour"
    assert not dialog.details.delete.isVisible()
    text = dialog.details.text.toPlainText()
    for words in ("float16 · LiteRT", "Apache-2.0", "Not signed"):
        assert words in text


def test_a_model_without_a_tab_cannot_be_used_and_any_other_can(
    dialog: ModelsDialog, qtbot: QtBot
) -> None:
    pick(dialog, "dlib's face embedding")
    assert not dialog.details.use.isEnabled()
    pick(dialog, "Mean colour")
    with qtbot.waitSignal(dialog.used) as used:
        click(qtbot, dialog, "model_use")
    assert used.args == ["mean_color", "classify"]
    assert not dialog.isVisible()


def test_verifying_tells_its_outcome_in_place(
    dialog: ModelsDialog, qtbot: QtBot, wait: Wait
) -> None:
    pick(dialog, "BlazeFace, short range")
    click(qtbot, dialog, "model_verify")
    wait(lambda: "golden answers are right" in dialog.details.text.toPlainText())
    pick(dialog, "Mean colour")
    assert "golden answers are right" not in dialog.details.text.toPlainText()


def test_deleting_names_what_goes_and_can_be_called_off(
    dialog: ModelsDialog, qtbot: QtBot, wait: Wait, own: Path
) -> None:
    click(qtbot, dialog, "model_delete")
    assert "Mean colour (mean_color) and its 5 files" in dialog.details.warning.text()
    click(qtbot, dialog, "model_keep")
    assert not dialog.details.question.isVisible()
    assert own.is_dir()
    click(qtbot, dialog, "model_delete")
    with qtbot.waitSignal(dialog.deleted, timeout=30_000) as gone:
        click(qtbot, dialog, "model_delete_now")
    assert gone.args == ["mean_color"]
    assert not own.exists()
    wait(lambda: dialog.list.count() == len(names()))
    assert not dialog.details.delete.isVisible()


def test_a_bare_file_is_asked_about_previewed_and_saved(
    dialog: ModelsDialog, qtbot: QtBot, wait: Wait, bare: Path, tmp_path: Path, home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(bare), ""))
    click(qtbot, dialog, "importModel")
    wait(lambda: isinstance(dialog.importing.view.result, Classification))
    named = tmp_path / "names.txt"
    named.write_text("\n".join(LABELS), "utf-8")
    dialog.importing.labels.set_path(str(named))
    wait(lambda: _top(dialog) == "red")
    color = dialog.findChild(QComboBox, "ask_color")
    assert color is not None
    qtbot.keyClick(color, Qt.Key.Key_Down)
    wait(lambda: _top(dialog) == "blue")
    qtbot.keyClick(color, Qt.Key.Key_Up)
    wait(lambda: _top(dialog) == "red")
    name = dialog.findChild(QLineEdit, "import_name")
    assert name is not None
    name.setText("detect_nanodet")
    click(qtbot, dialog, "saveModel")
    wait(lambda: "already" in dialog.importing.problem.text())
    name.setText("my_colours")
    with qtbot.waitSignal(dialog.changed, timeout=30_000):
        click(qtbot, dialog, "saveModel")
    assert io.load(home / "my_colours").manifest.labels == LABELS
    wait(lambda: dialog.details.card and dialog.details.card.name == "my_colours")
    assert dialog.pages.currentWidget() is dialog.details


def _top(dialog: ModelsDialog) -> str:
    result: Any = dialog.importing.view.result
    return str(result[0].label)


def test_wrong_names_are_told_over_the_preview(
    dialog: ModelsDialog, wait: Wait, bare: Path, tmp_path: Path
) -> None:
    dialog.import_path(bare)
    wait(lambda: dialog.importing.save.isEnabled())
    short = tmp_path / "short.txt"
    short.write_text("one\ntwo\n", "utf-8")
    dialog.importing.labels.set_path(str(short))
    wait(lambda: "3 classes, but 2 names" in dialog.importing.view.card.accessibleDescription())
    assert not dialog.importing.save.isEnabled()
    dialog.importing.labels.set_path(str(tmp_path / "missing.txt"))
    assert "Cannot read names" in dialog.importing.problem.text()


def test_a_bundle_is_imported_without_questions_by_dropping_it(
    dialog: ModelsDialog, qtbot: QtBot, wait: Wait, own: Path, tmp_path: Path, home: Path
) -> None:
    edge = io.export(io.load(own), tmp_path / "mine.edge")
    drop(dialog, edge)
    wait(lambda: dialog.importing.save.isEnabled())
    for name in ("ask_color", "ask_scaling", "labelsFile", "import_title"):
        child = dialog.findChild(object, name)
        assert child is not None
        assert not child.isVisible()
    wait(lambda: dialog.importing.view.result is not None)
    assert _top(dialog) == "red"
    dialog.importing.name.setText("again")
    with qtbot.waitSignal(dialog.changed, timeout=30_000):
        click(qtbot, dialog, "saveModel")
    assert (home / "again/bundle.json").is_file()


def drop(widget: Any, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    where = QPoint(20, 20).toPointF()
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    event = QDropEvent(where, copy, data, Qt.MouseButton.NoButton, none)
    widget.dropEvent(event)
    assert event.isAccepted()


def test_a_file_that_is_no_model_is_refused_in_words(
    dialog: ModelsDialog, wait: Wait, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"no model at all")
    dialog.import_path(broken)
    wait(lambda: dialog.refused.isVisible() and "broken.tflite" in dialog.refused.text())
    assert dialog.pages.currentWidget() is dialog.details


class FakeChild:
    """A process in the hand of a test."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self.arguments = list(arguments)
        self.progress = Progress(None, "", (), None, stopped=False)
        self.closed = False

    def stop(self) -> None:
        self.progress = Progress(0.5, "", ("bye",), 130, stopped=True)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def children(dialog: ModelsDialog, monkeypatch: pytest.MonkeyPatch) -> list[FakeChild]:
    made: list[FakeChild] = []

    def start(arguments: Sequence[str]) -> FakeChild:
        made.append(FakeChild(arguments))
        return made[-1]

    monkeypatch.setattr(dialog.work, "_start", start)
    monkeypatch.setattr(work_page, "check_available", lambda: None)
    return made


def test_a_network_is_converted_with_progress_log_and_report(
    dialog: ModelsDialog, qtbot: QtBot, wait: Wait, children: list[FakeChild], tmp_path: Path,
    home: Path, own: Path,
) -> None:  # fmt: skip
    net = tmp_path / "My net.keras"
    net.write_bytes(b"zip")
    dialog.import_path(net)
    wait(lambda: dialog.pages.currentWidget() is dialog.work)
    form = dialog.work.form
    assert isinstance(form, ConvertForm)
    click(qtbot, dialog, "startWork")
    assert "folder of pictures" in dialog.work.problem.text()
    form.calibration.set_path(str(tmp_path))
    form.precisions["float32"].setChecked(False)
    click(qtbot, dialog, "startWork")
    child = children[-1]
    assert child.arguments[:3] == ["convert", str(net), str(home / "my_net")]
    assert child.arguments.count("--precision") == 2
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    child.progress = Progress(0.42, "proving int8", ("a line",), None, stopped=False)
    wait(lambda: "proving int8 · 42 %" in dialog.work.what.text())
    assert "a line" in dialog.work.log.toPlainText()
    own.rename(home / "my_net")
    (home / "my_net/report.md").write_text("# Conversion of my_net: passed\n", "utf-8")
    child.progress = Progress(1.0, "done", ("a line",), 0, stopped=False)
    wait(lambda: "Conversion of my_net: passed" in dialog.work.report.toPlainText())
    assert "one of your models" in dialog.work.about.text()
    click(qtbot, dialog, "leaveWork")
    assert dialog.pages.currentWidget() is dialog.details


def test_work_is_stopped_and_says_so(
    dialog: ModelsDialog, qtbot: QtBot, wait: Wait, children: list[FakeChild], tmp_path: Path
) -> None:
    pick(dialog, "NanoDet-g")
    click(qtbot, dialog, "model_optimize")
    form = dialog.work.form
    assert isinstance(form, OptimizeForm)
    form.data.set_path(str(tmp_path))
    form.drop.setValue(2.0)
    click(qtbot, dialog, "startWork")
    given = children[-1].arguments
    assert given[:2] == ["optimize", "detect_nanodet"]
    assert given[given.index("--max-drop") + 1] == "0.02"
    click(qtbot, dialog, "stopWork")
    wait(lambda: "Stopped. Nothing was written." in dialog.work.problem.text())
    assert dialog.work.back.isVisible()


def test_closing_ends_what_runs(
    dialog: ModelsDialog, qtbot: QtBot, children: list[FakeChild], tmp_path: Path
) -> None:
    click(qtbot, dialog, "model_optimize")
    form = dialog.work.form
    assert isinstance(form, OptimizeForm)
    form.data.set_path(str(tmp_path))
    click(qtbot, dialog, "startWork")
    dialog.close()
    assert not dialog.isVisible()
    assert children[-1].closed


def test_a_missing_extra_is_said_before_anything_is_asked(
    dialog: ModelsDialog, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gui.models.child._NEEDED", ("no_such_module",))
    click(qtbot, dialog, "model_optimize")
    assert "pip install 'edgecnn[convert]'" in dialog.work.problem.text()
    assert not dialog.work.go.isEnabled()


def test_escape_leaves_the_page_first_and_then_closes(
    dialog: ModelsDialog, qtbot: QtBot, wait: Wait, bare: Path
) -> None:
    dialog.import_path(bare)
    wait(lambda: dialog.pages.currentWidget() is dialog.importing)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.pages.currentWidget() is dialog.details
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_it_fits_the_smallest_window_and_every_control_has_a_name(
    dialog: ModelsDialog, wait: Wait, bare: Path, qtbot: QtBot
) -> None:
    dialog.import_path(bare)
    wait(lambda: dialog.importing.save.isEnabled())
    dialog.resize(980, 600)
    assert (dialog.width(), dialog.height()) == (980, 600)
    for kind in (QAbstractButton, QComboBox, QLineEdit):
        for widget in dialog.findChildren(kind):
            if widget.isVisible():
                words = widget.accessibleName() or getattr(widget, "text", str)()
                assert words, widget.objectName()


def test_looking_at_a_file_never_holds_up_the_window(
    dialog: ModelsDialog, wait: Wait, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gate = threading.Event()

    def slow(path: Path) -> None:
        gate.wait(30)
        raise BundleError(f"{path.name} is damaged.")

    monkeypatch.setattr("gui.models.keeper.examine", slow)
    dialog.import_path(tmp_path / "slow.tflite")
    wait(lambda: dialog.details.doing.text() == "Looking at slow.tflite")
    gate.set()
    wait(lambda: "is damaged" in dialog.refused.text())
    assert not dialog.details.doing.isVisible()
