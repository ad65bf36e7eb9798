"""Conversion and optimization: the form, then progress and log, then the report."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from edgecnn.errors import EdgeCNNError
from gui.models.child import Child, check_available
from gui.models.commands import report_of
from gui.models.work_forms import ConvertForm, OptimizeForm
from gui.theme import GAP_PX
from gui.widgets.labels import label
from gui.widgets.spinner import Spinner

_STYLE = """
QProgressBar { background: palette(mid); border: none; border-radius: 3px; }
QProgressBar::chunk { background: palette(highlight); border-radius: 3px; }
QPlainTextEdit {
    background: palette(alternate-base); border: 1px solid palette(mid); border-radius: 6px;
}
QPlainTextEdit:focus { border-color: palette(highlight); }
"""
"""Of what only this page has; its colours are the theme's, by way of the palette."""


class WorkPage(QWidget):
    """Emits ``left`` when the user goes back, and ``made`` with the name of a new model.

    Args:
        start: Starts a process; replaced in tests.
    """

    left = Signal()
    made = Signal(str)

    def __init__(
        self, start: Callable[[Sequence[str]], Child] = Child, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setStyleSheet(_STYLE)
        self._start = start
        self._child: Child | None = None
        self._ended = False
        self._shown_lines = 0
        self._began_s = 0.0
        self.form: ConvertForm | OptimizeForm | None = None
        self.title = label(role="large")
        self.about = label(role="secondary", wraps=True)
        self.problem = label(role="danger", wraps=True)
        self.problem.setAccessibleName(self.tr("What is wrong"))
        self.problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.what = label()
        self.spinner = Spinner(self)
        self.spinner.setFixedSize(20, 20)
        self.spinner.setVisible(False)
        self.bar = QProgressBar()
        self.bar.setAccessibleName(self.tr("Progress"))
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setFixedHeight(6)
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setAccessibleName(self.tr("Log"))
        self.log.setMaximumBlockCount(2_000)
        self.report = QTextBrowser()
        self.report.setOpenLinks(False)
        self.report.setAccessibleName(self.tr("Report"))
        self.go = QPushButton()
        self.go.setObjectName("startWork")
        self.go.setProperty("role", "accent")
        self.go.setAutoDefault(False)
        self.go.clicked.connect(self.begin)
        self.stop = QPushButton(self.tr("Stop"))
        self.stop.setObjectName("stopWork")
        self.stop.setToolTip(self.tr("Nothing half done is left behind"))
        self.stop.setAutoDefault(False)
        self.stop.clicked.connect(self._stop)
        self.back = QPushButton(self.tr("Back"))
        self.back.setObjectName("leaveWork")
        self.back.setAutoDefault(False)
        self.back.clicked.connect(self.left)
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP_PX)
        buttons.addStretch(1)
        for button in (self.go, self.stop, self.back):
            buttons.addWidget(button)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(GAP_PX)
        doing = QHBoxLayout()
        doing.setSpacing(GAP_PX)
        doing.addWidget(self.spinner)
        doing.addWidget(self.what, 1)
        self._layout.addWidget(self.title)
        self._layout.addWidget(self.about)
        self._layout.addLayout(doing)
        self._layout.addWidget(self.bar)
        self._layout.addWidget(self.problem)
        self._layout.addWidget(self.report, 3)
        self._layout.addWidget(self.log, 1)
        self._layout.addStretch(1)
        self._layout.addLayout(buttons)

    @property
    def running(self) -> bool:
        """Whether a process is at work."""
        return self._child is not None and not self._ended

    def show_form(self, form: ConvertForm | OptimizeForm) -> None:
        """Ask what is wanted."""
        if self.form is not None:
            self.form.hide()
            self.form.deleteLater()
        self.form = form
        self._layout.insertWidget(2, form)
        self._child, self._ended, self._shown_lines = None, False, 0
        self.title.setText(form.title)
        self.about.setText(form.about)
        self.go.setText(form.action)
        self.log.clear()
        self.report.clear()
        try:
            check_available()
            self.problem.setText("")
        except EdgeCNNError as error:
            self.problem.setText(str(error))
        self.go.setEnabled(not self.problem.text())
        self._show_parts()

    def begin(self) -> None:
        """Start, or say what is missing."""
        if self.form is None or self.running:
            return
        try:
            self._child = self._start(self.form.arguments())
        except (EdgeCNNError, OSError) as error:
            self.problem.setText(str(error))
            self._show_parts()
            return
        self.problem.setText("")
        self._ended, self._began_s = False, time.monotonic()
        self._show_parts()
        self.look()

    def look(self) -> None:
        """Show how far it is; called on a timer."""
        if self._child is None or self._ended or self.form is None:
            return
        now = self._child.progress
        self.bar.setValue(round(1000 * (now.share or 0.0)))
        took_s = round(time.monotonic() - self._began_s)
        percent = f" · {100 * now.share:.0f} %" if now.share else ""
        words = now.what or self.tr("Starting; this takes a while")
        self.what.setText(f"{took_s // 60}:{took_s % 60:02d} · {words}{percent}")
        if len(now.lines) != self._shown_lines:
            self._shown_lines = len(now.lines)
            self.log.setPlainText("\n".join(now.lines))
            self.log.moveCursor(QTextCursor.MoveOperation.End)
        if now.code is None:
            return
        self._ended = True
        name = self.form.new_name
        report = report_of(self.form.verb, name, now)
        self.report.setMarkdown(report)
        self.problem.setText(now.reason)
        self.about.setText(self.tr("%s is one of your models now.") % name if not now.code else "")
        self.what.setText(self.tr("Done") if not now.code else self.tr("Not done"))
        self.bar.setValue(1000 if not now.code else 0)
        self._show_parts()
        if now.code == 0:
            self.made.emit(name)

    def close_child(self) -> None:
        """End what runs, now."""
        if self._child is not None and not self._ended:
            self._child.close()
            self._ended = True

    def _stop(self) -> None:
        if self._child is not None:
            self._child.stop()
            self.what.setText(self.tr("Stopping"))

    def _show_parts(self) -> None:
        began = self._child is not None
        if self.form is not None:
            self.form.setVisible(not began)
        self.about.setVisible(bool(self.about.text()) and (not began or self._ended))
        self.problem.setVisible(bool(self.problem.text()))
        # The form is above the stretch: without it, log and report take the room.
        last = self._layout.count() - 2
        self._layout.setStretch(last, 0 if began else 1)
        self.spinner.setVisible(self.running)
        self.what.setVisible(began)
        self.bar.setVisible(began)
        self.log.setVisible(began and bool(self.running or self.log.toPlainText()))
        self.report.setVisible(bool(self.report.toPlainText()))
        self.go.setVisible(not began)
        self.stop.setVisible(self.running)
        self.back.setVisible(not self.running)
