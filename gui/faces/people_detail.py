"""What is stored about one person, and what can be done with it."""

from __future__ import annotations

import html
from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from edgecnn.core.image import Pixels
from gui.faces.consent_panel import ConsentPanel
from gui.faces.people_ask import AskPanel
from gui.faces.people_cards import PersonCard
from gui.faces.people_rows import FaceStrip
from gui.theme import GAP_PX
from gui.widgets.labels import label


class PersonPage(QWidget):
    """Emits ``wished`` with ``add``, ``rename``, ``consent``, ``merge``, ``export`` or ``forget``.

    Attributes:
        ask: Asks what has to be known first, in place.
        consent: Changes what the person agreed to, in the same place.
    """

    wished = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card: PersonCard | None = None
        self.title = label(role="large")
        self.line = label(role="secondary")
        self.strip = FaceStrip()
        self.strip.setAccessibleName(self.tr("Photos that were kept"))
        self.strip.hide()
        self.ask = AskPanel()
        self.consent = ConsentPanel()
        self.done = label(wraps=True)
        self.done.setAccessibleName(self.tr("What was done"))
        self.problem = label(role="danger", wraps=True)
        self.problem.setAccessibleName(self.tr("What is wrong"))
        self.text = QTextBrowser()
        self.text.setOpenLinks(False)
        self.text.setAccessibleName(self.tr("About the person"))
        hints = {
            "add": (self.tr("Add faces…"), self.tr("More looks or photos: recognized more often")),
            "rename": (self.tr("Rename…"), self.tr("Another name; all else stays")),
            "consent": (self.tr("Consent…"), self.tr("Who agreed, what for, and until when")),
            "merge": (self.tr("Merge…"), self.tr("Somebody is enrolled under two names")),
            "export": (self.tr("Export data…"), self.tr("All that is stored about the person")),
            "forget": (self.tr("Forget…"), self.tr("Delete the person, and prove it")),
        }
        self.buttons = {key: self._button(key, *both) for key, both in hints.items()}
        row = QHBoxLayout()
        row.setSpacing(GAP_PX)
        for key, button in self.buttons.items():
            if key == "forget":
                row.addStretch(1)
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_PX)
        layout.addWidget(self.title)
        layout.addWidget(self.line)
        layout.addWidget(self.strip)
        layout.addLayout(row)
        layout.addWidget(self.ask)
        layout.addWidget(self.consent)
        layout.addWidget(self.done)
        layout.addWidget(self.problem)
        layout.addWidget(self.text, 1)
        self.say("")

    def _button(self, name: str, words: str, hint: str) -> QPushButton:
        button = QPushButton(words)
        button.setObjectName(f"person_{name}")
        button.setToolTip(hint)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _=False: self.wished.emit(name))
        return button

    def show_card(self, card: PersonCard | None, *, others: bool) -> None:
        """A person; ``others``: whether there is anybody to merge with."""
        if card is None or self.card is None or card.id != self.card.id:
            self.stop_asking()
            self.strip.show_faces([])
        self.card = card
        self.title.setText("" if card is None else card.name)
        self.title.setToolTip(self.title.text())
        self.line.setText("" if card is None else card.line)
        self.text.setHtml("" if card is None else _page(card))
        for key, button in self.buttons.items():
            button.setEnabled(card is not None and (key != "merge" or others))

    @property
    def asking(self) -> bool:
        """Whether something is asked in place."""
        return self.ask.isVisible() or self.consent.isVisible()

    def stop_asking(self) -> None:
        """Call it off; nothing of it stays."""
        self.ask.close_question()
        self.consent.leave()

    def show_faces(self, thumbs: Sequence[Pixels]) -> None:
        """Photos that were kept."""
        self.strip.show_faces(thumbs)

    def say(self, done: str, problem: str = "") -> None:
        """What was done, or why it was not."""
        self.done.setText(done)
        self.done.setVisible(bool(done))
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))


def _page(card: PersonCard) -> str:
    rows = "".join(
        f"<tr><td width='26%'>{html.escape(title)}</td><td>{html.escape(words)}</td></tr>"
        for title, words in card.facts
    )
    return f"<table cellpadding='3' width='100%'>{rows}</table>"
