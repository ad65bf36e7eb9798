"""What is known of one model, and what can be done with it."""

from __future__ import annotations

import html
from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from gui.models.checking import Finding
from gui.models.shelf import ShelfCard, what_goes
from gui.theme import GAP_PX
from gui.widgets.labels import label
from gui.widgets.variant_picker import detail_of


class DetailPage(QWidget):
    """Emits ``wished`` with ``use``, ``verify``, ``stop``, ``key``, ``optimize`` or ``delete``."""

    wished = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card: ShelfCard | None = None
        self.finding: Finding | None = None
        self.title = label(role="large")
        self.line = label(role="secondary")
        self.doing = label(role="secondary")
        self.problem = label(role="danger", wraps=True)
        self.text = QTextBrowser()
        self.text.setOpenLinks(False)
        self.text.setAccessibleName(self.tr("About the model"))
        self.use = self._button("use", self.tr("Use it"), self.tr("Run it in its tab"))
        self.use.setProperty("role", "accent")
        self.verify = self._button(
            "verify", self.tr("Verify"), self.tr("Check its files and its golden answers")
        )
        self.stop = self._button("stop", self.tr("Stop"), self.tr("End the check"))
        self.key = self._button(
            "key", self.tr("Check signature…"), self.tr("With the public key of its signer")
        )
        self.optimize = self._button(
            "optimize", self.tr("Optimize…"), self.tr("Find its fastest variant within limits")
        )
        self.delete = self._button("delete", self.tr("Delete…"), self.tr("Delete your model"))
        self.delete.clicked.disconnect()
        self.delete.clicked.connect(self._ask_to_delete)
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP_PX)
        for button in (self.use, self.verify, self.stop, self.key, self.optimize):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.delete)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_PX)
        layout.addWidget(self.title)
        layout.addWidget(self.line)
        layout.addLayout(buttons)
        layout.addWidget(self._make_question())
        layout.addWidget(self.doing)
        layout.addWidget(self.problem)
        layout.addWidget(self.text, 1)

    def _make_question(self) -> QWidget:
        """What deleting destroys, in place of a window that asks whether one is sure."""
        self.question = QWidget()
        self.warning = label(role="danger", wraps=True)
        sure = self._button("delete_now", self.tr("Delete it"), self.tr("There is no way back"))
        keep = self._button("keep", self.tr("Keep it"), "")
        for button, act in ((sure, self._delete), (keep, self.question.hide)):
            button.clicked.disconnect()
            button.clicked.connect(act)
        self.keep = keep
        row = QHBoxLayout(self.question)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.warning, 1)
        row.addWidget(sure)
        row.addWidget(keep)
        self.question.hide()
        return self.question

    def _button(self, name: str, words: str, hint: str) -> QPushButton:
        button = QPushButton(words)
        button.setObjectName(f"model_{name}")
        button.setToolTip(hint)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _=False: self.wished.emit(name))
        return button

    def show_card(self, card: ShelfCard | None, finding: Finding | None, problem: str) -> None:
        """A model, and what a check of it found."""
        if card is None or self.card is None or card.name != self.card.name:
            self.question.hide()
        self.card, self.finding = card, finding
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        if card is None:
            self.title.setText(self.tr("Reading models…"))
            self.line.setText("")
            self.text.setHtml("")
            self._enable(None)
            return
        self.title.setText(card.title)
        where = self.tr("yours") if card.own else self.tr("came with edgecnn")
        self.line.setText(f"{card.name} · {card.line} · {where}")
        self.line.setToolTip(str(card.folder))
        self.text.setHtml(_page(card, finding))
        self._enable(card)

    def show_doing(self, words: str) -> None:
        """What is being done to it; empty when nothing is."""
        self.doing.setText(words)
        self.doing.setVisible(bool(words))
        self.stop.setVisible(bool(words))
        self.verify.setVisible(not words)
        self._enable(self.card)

    def _enable(self, card: ShelfCard | None) -> None:
        whole = card is not None and not card.problem
        idle = not self.doing.text()
        self.use.setEnabled(whole and card is not None and card.tab is not None)
        nowhere = card is not None and card.tab is None
        words = self.tr("No tab shows what such a model says") if nowhere else self.tr("Run it")
        self.use.setToolTip(words)
        self.verify.setEnabled(card is not None and idle)
        self.optimize.setEnabled(whole and idle)
        signed = card is not None and card.signature.startswith("Signed")
        self.key.setVisible(signed)
        self.key.setEnabled(idle)
        self.delete.setVisible(card is not None and card.own)

    def _ask_to_delete(self) -> None:
        if self.card is not None:
            self.warning.setText(what_goes(self.card))
            self.question.show()
            self.keep.setFocus(Qt.FocusReason.OtherFocusReason)

    def _delete(self) -> None:
        self.question.hide()
        self.wished.emit("delete")


def _page(card: ShelfCard, finding: Finding | None) -> str:
    """Finding, variants and facts as HTML; every text is escaped."""
    parts: list[str] = []
    if finding is not None:
        parts.append(f"<h4>{html.escape(finding.title)}</h4>")
        if finding.details:
            parts.append(f"<pre>{html.escape(chr(10).join(finding.details))}</pre>")
    if card.problem:
        parts.append(f"<p>{html.escape(card.problem)}</p>")
    if card.card is not None:
        parts.append("<h4>Variants</h4>")
        parts.append(_table((one.title, detail_of(one)) for one in card.card.variants))
    parts.append("<h4>About</h4>")
    parts.append(_table((*card.facts, ("Signature", card.signature))))
    return "".join(parts)


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = (
        f"<tr><td width='26%'>{html.escape(one)}</td><td>{html.escape(other)}</td></tr>"
        for one, other in rows
        if other
    )
    return f"<table cellpadding='3' width='100%'>{''.join(cells)}</table>"
