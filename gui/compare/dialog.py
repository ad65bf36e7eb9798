"""The window of the comparison: two pictures, a verdict in words, and what it rests on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from edgecnn.video.frame import Frame
from gui.catalogue import BACKEND_TITLES, ModelCard
from gui.compare.bars import BarRow, CostBars
from gui.compare.duel import Bout, Duel
from gui.compare.side_view import SideView
from gui.compare.strip import AgreementStrip
from gui.compare.tally import SIDES, Contender, verdict
from gui.notices import Notice
from gui.theme import GAP_PX, GROUP_PX
from gui.widgets.labels import label

LOOK_MS = 8
NUMBERS_MS = 250


class CompareDialog(QDialog):
    """Compares two variants on the frames of the running source.

    Args:
        duel: What runs both; closed with the dialog.
        frames: The newest frame of the source; called on a timer.
        models: The models that may be chosen.
        threshold: Least score that is shown, 0..1.
        what: Title of the tab.
        trouble: What is wrong with the source, in words; called on a timer.
        parent: The window; the dialog is about as large.
    """

    def __init__(
        self,
        duel: Duel,
        frames: Callable[[], Frame | None],
        models: Sequence[ModelCard],
        *,
        threshold: float,
        what: str,
        trouble: Callable[[], Notice | None] = lambda: None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Compare · %s") % what)
        self.duel = duel
        self._frames = frames
        self._trouble = trouble
        self._threshold = threshold
        self._serial = -1
        self.resize(1180, 740)
        if parent is not None:
            self.resize(parent.width() - 40, parent.height() - 40)
        self._build()
        for view in self.sides.values():
            view.show_models(models)
        for side in SIDES:
            self.sides[side].chosen.connect(lambda choice, s=side: self.duel.choose(s, choice))
        self._looking = self._timer(LOOK_MS, self.look)
        self._looking.setTimerType(Qt.TimerType.PreciseTimer)
        self._counting = self._timer(NUMBERS_MS, self.count)
        self.finished.connect(self._end)
        self.count()

    def _build(self) -> None:
        self.sides = {
            "first": SideView("first", self.tr("left")),
            "second": SideView("second", self.tr("right")),
        }
        self.verdict = label(role="title", wraps=True)
        self.verdict.setAccessibleName(self.tr("Verdict"))
        self.verdict.setMinimumHeight(36)
        self.agreed = label(role="secondary")
        self.strip = AgreementStrip()
        self.bars = CostBars()
        self.anew = QPushButton(self.tr("Count anew"))
        self.anew.setObjectName("countAnew")
        self.anew.setToolTip(self.tr("Begin the count again (R)"))
        self.anew.setAutoDefault(False)
        self.anew.clicked.connect(self.duel.count_anew)
        self.done_button = QPushButton(self.tr("Close"))
        self.done_button.setObjectName("closeCompare")
        self.done_button.setToolTip(self.tr("Back to the live view (Esc)"))
        self.done_button.setAutoDefault(False)
        self.done_button.clicked.connect(self.reject)
        QShortcut(QKeySequence("R"), self, self.duel.count_anew)
        pictures = QHBoxLayout()
        pictures.setSpacing(GROUP_PX)
        for view in self.sides.values():
            pictures.addWidget(view, 1)
        said = QHBoxLayout()
        said.setSpacing(GAP_PX)
        said.addWidget(self.verdict, 1)
        said.addWidget(self.anew)
        said.addWidget(self.done_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GROUP_PX, GROUP_PX, GROUP_PX, GROUP_PX)
        layout.setSpacing(GAP_PX)
        layout.addLayout(pictures, 1)
        layout.addLayout(said)
        layout.addWidget(self.strip)
        layout.addWidget(self.agreed)
        layout.addSpacing(4)
        layout.addWidget(self.bars)

    def _timer(self, milliseconds: int, slot: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(milliseconds)
        timer.timeout.connect(slot)
        timer.start()
        return timer

    def look(self) -> None:
        """Hand over the newest frame, and show the newest answers."""
        self.duel.give(self._frames())
        bout = self.duel.look()
        if bout.serial == self._serial:
            return
        self._serial = bout.serial
        for side, view in self.sides.items():
            view.show_answer(bout.frame, bout.results.get(side), self._threshold)

    def count(self) -> None:
        """Show verdict and figures."""
        bout = self.duel.look()
        now_s = time.monotonic()
        trouble = self._trouble()
        if trouble is not None:  # what can be done about it is done in the window
            trouble = replace(trouble, actions=())
        for side, view in self.sides.items():
            view.show_side(bout.sides[side], now_s, trouble)
            if bout.frame is None and view.view.frame is None:
                view.show_answer(self._frames(), None, self._threshold)
        contenders = [self._contender(side, bout) for side in SIDES]
        self.verdict.setText(verdict(contenders[0], contenders[1], bout.tally))
        self.agreed.setText(self._agreed(bout))
        self.strip.show_shares(bout.tally.shares, self.agreed.text())
        self.bars.show_rows(
            *(
                BarRow(one.title, one.megabytes or 0.0, bout.tally.medians_ms(side))
                for side, one in zip(SIDES, contenders, strict=True)
            )
        )

    def _contender(self, side: str, bout: Bout) -> Contender:
        """Precision and backend; the model's name as well where the two have different ones."""
        state = bout.sides[side]
        card = self.sides[side].variant(state.choice)
        others = {one.choice.model for one in bout.sides.values()}
        info = state.info
        title = card[1].title if card is not None else ""
        if info is not None and not title:
            title = f"{info.precision} · {BACKEND_TITLES.get(info.backend, info.backend)}"
        name = card[0].title if card is not None else state.choice.model
        if len(others) > 1 or not title:
            title = f"{name} · {title}" if title else name
        return Contender(title, None if card is None else card[1].megabytes)

    def _agreed(self, bout: Bout) -> str:
        tally = bout.tally
        if not tally.frames or tally.newest is None:
            return ""
        share = self.tr("%s %% agreement over %s frames")
        return f"{share % (f'{100 * tally.mean_share:.1f}', tally.frames)} · {tally.newest.words}"

    def _end(self) -> None:
        self._looking.stop()
        self._counting.stop()
        self.duel.close()
