"""Who is known, whether the gallery is open, and what can be done about it."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.faces.session import State
from gui.shortcuts import SHORTCUTS
from gui.theme import GAP_PX
from gui.widgets.labels import label


class PeopleBox(QWidget):
    """Emits ``wished`` with the name of a command of `gui.shortcuts`, or ``passphrase``."""

    wished = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = label(wraps=True)
        self.words.setAccessibleName(self.tr("State of the gallery"))
        self.problem = label(role="danger", wraps=True)
        self.problem.setAccessibleName(self.tr("What is wrong with the gallery"))
        self.problem.hide()
        self.add = self._button("add_person", self.tr("Add a person…"))
        self.unlock = self._button("lock", self.tr("Unlock…"))
        self.unlock.setProperty("role", "accent")
        self.unlock.setObjectName("unlock")
        self.people = self._button("people", self.tr("People…"))
        self.lock = self._button("lock", self.tr("Lock"))
        self.verify = self._button("verify_photos", self.tr("Verify two photos…"))
        self.passphrase = self._button("passphrase", self.tr("Passphrase…"))
        self._grid = QGridLayout()
        self._grid.setSpacing(GAP_PX)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_PX)
        head = QHBoxLayout()
        head.setSpacing(0)
        head.addWidget(label(self.tr("People"), "heading"), 1)
        for button in (self.passphrase, self.lock):
            button.setProperty("role", "quiet")
            head.addWidget(button)
        layout.addLayout(head)
        layout.addWidget(self.words)
        layout.addWidget(self.problem)
        layout.addLayout(self._grid)
        self.show_gallery("absent", 0, 0)

    def show_gallery(self, state: State, people: int, idle_min: int, *, lost: bool = False) -> None:
        """Words and buttons for a state.

        Args:
            state: Of the gallery.
            people: How many are enrolled, as far as that is known.
            idle_min: After how many minutes without activity it locks itself; 0 for never.
            lost: Whether there is no gallery, but backups of one.
        """
        self.words.setText(self._said(state, people, idle_min, lost))
        rows: list[tuple[QPushButton, ...]]
        if state == "locked":
            rows = [(self.unlock,), (self.verify,)]
        elif people:
            rows = [(self.people, self.add), (self.verify,)]
        else:
            rows = [(self.add,), (self.verify,)]
        self._arrange(rows)
        for button in (self.passphrase, self.lock):
            button.setVisible(state == "unlocked")
        self.add.setProperty("role", "" if people else "accent")
        self.add.style().unpolish(self.add)
        self.add.style().polish(self.add)

    def say(self, problem: str) -> None:
        """Show what is wrong; empty hides it."""
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))

    def _said(self, state: State, people: int, idle_min: int, lost: bool) -> str:
        if lost:
            return self.tr(
                "The gallery is not where it was, but a backup of it is there. Add a person, and "
                "you are asked whether to restore it."
            )
        if state == "locked":
            return self.tr("The gallery is locked: nobody is named.")
        if not people:
            return self.tr(
                "Nobody is enrolled yet. Add a person, and that face gets a name here; everybody "
                "else stays unknown."
            )
        count = self.tr("1 person is") if people == 1 else self.tr("%s people are") % people
        words = self.tr("%s enrolled; the gallery is open.") % count
        if idle_min:
            words += self.tr(" It locks after %s min without you.") % idle_min
        return words

    def _arrange(self, rows: list[tuple[QPushButton, ...]]) -> None:
        everything = (self.add, self.unlock, self.people, self.verify)
        for button in everything:
            self._grid.removeWidget(button)
        shown = {button for row in rows for button in row}
        for row, buttons in enumerate(rows):
            for column, button in enumerate(buttons):
                self._grid.addWidget(button, row, column, 1, 2 if len(buttons) == 1 else 1)
        for button in everything:
            button.setVisible(button in shown)
        # Tab goes through them as they stand.
        order = [button for row in rows for button in row]
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)

    def _button(self, name: str, title: str) -> QPushButton:
        button = QPushButton(title, self)
        button.setObjectName(name)
        if name in SHORTCUTS:
            shortcut = SHORTCUTS[name]
            button.setToolTip(f"{self.tr(shortcut.title)} ({shortcut.keys})")
        button.setAccessibleName(title.rstrip("…"))
        button.clicked.connect(lambda _=False: self.wished.emit(name))
        return button
