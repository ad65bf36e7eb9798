"""The pages beside that of a person: nobody is there yet, the log, what forgetting has done."""

from __future__ import annotations

import html

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from edgecnn.faces.forget import Forgotten
from edgecnn.faces.records import Contents
from gui.faces.forget_words import forget_page, forget_title
from gui.faces.people_cards import LOG_LINES, log_rows
from gui.theme import GAP_PX
from gui.widgets.labels import label

_TEXT_PX = 380


class EmptyPage(QWidget):
    """Emits ``wished`` when somebody is to be added."""

    wished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = label(self.tr("Nobody is enrolled yet"), "large", wraps=True)
        title.ensurePolished()
        words = label(
            self.tr(
                "Three looks into the camera or a few photos are enough. What is stored are "
                "numbers in one encrypted file on this machine; everybody else stays unknown."
            ),
            wraps=True,
        )
        for part in (title, words):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            # A wrapped label asks for its height only when its width is settled.
            part.setFixedSize(_TEXT_PX, part.heightForWidth(_TEXT_PX) + 4)
        self.add = QPushButton(self.tr("Add a person"))
        self.add.setObjectName("addFirst")
        self.add.setProperty("role", "accent")
        self.add.setAutoDefault(False)
        self.add.clicked.connect(self.wished)
        layout = QVBoxLayout(self)
        layout.setSpacing(GAP_PX)
        layout.addStretch(1)
        for part in (title, words):
            layout.addWidget(part, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(GAP_PX)
        layout.addWidget(self.add, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)


class TextPage(QWidget):
    """A title, a text, and the way back; emits ``left``."""

    left = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = label(role="large", wraps=True)
        self.about = label(role="secondary", wraps=True)
        self.text = QTextBrowser()
        self.text.setOpenLinks(False)
        self.back = QPushButton(self.tr("Back"))
        self.back.setObjectName(name)
        self.back.setAutoDefault(False)
        self.back.clicked.connect(self.left)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.back)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_PX)
        layout.addWidget(self.title)
        layout.addWidget(self.about)
        layout.addWidget(self.text, 1)
        layout.addLayout(row)

    def show_text(self, title: str, about: str, page: str) -> None:
        """Show HTML."""
        self.title.setText(title)
        self.about.setText(about)
        self.about.setVisible(bool(about))
        self.text.setHtml(page)
        self.text.setAccessibleName(title)


def show_report(page: TextPage, report: Forgotten) -> None:
    """What forgetting removed, what is proven, and what is out of reach."""
    page.show_text(forget_title(report), "", forget_page(report))


def show_log(page: TextPage, contents: Contents) -> None:
    """The audit log."""
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
        for row in log_rows(contents)
    )
    head = "".join(
        f"<th align='left'>{one}</th>" for one in ("When (UTC)", "What", "How many", "Whom")
    )
    page.show_text(
        page.tr("Audit log"),
        page.tr(
            "What was done, when, and to whom, by random identifiers: no names, no templates, no "
            "paths. It is encrypted with the rest; the newest %s lines are shown."
        )
        % LOG_LINES,
        f"<table cellpadding='4' width='98%'><tr>{head}</tr>{rows}</table>",
    )
