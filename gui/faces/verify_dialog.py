"""Whether two photographs show one person: both faces as they are compared, and a verdict."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from edgecnn.errors import EdgeCNNError
from gui.dropped import dropped_files
from gui.faces.enrol_photos import photos_among
from gui.faces.errands import Errands
from gui.faces.session import FaceSession
from gui.faces.verify_look import Looked, Looker
from gui.faces.verify_scale import DistanceScale
from gui.faces.verify_side import VerifySide
from gui.faces.verify_verdict import Verdict, cannot_say, verdict
from gui.theme import GAP_PX, GROUP_PX
from gui.widgets.labels import label


class VerifyDialog(QDialog):
    """Compares two photographs; nothing of them is stored or noted.

    An open gallery gives its calibrated threshold; without one the general threshold holds.

    Args:
        session: The gallery; need not be open.
        parent: The window; the dialog is about as large.
        looker: Looks at photographs; closed with the dialog.

    Attributes:
        said: The verdict that is shown.
    """

    def __init__(
        self, session: FaceSession, parent: QWidget | None = None, looker: Looker | None = None
    ) -> None:
        super().__init__(parent)
        self.session = session
        self.said: Verdict = cannot_say("")
        self._looker = Looker() if looker is None else looker
        self._errands = Errands("edgecnn-verify", self)
        self._turns: dict[VerifySide, int] = {}
        self.setWindowTitle(self.tr("Verify two photos"))
        self.setAcceptDrops(True)
        self.resize(1180, 740)
        if parent is not None:
            self.resize(parent.window().width() - 40, parent.window().height() - 40)
        self._build()
        session.changed.connect(self._judge)
        self.finished.connect(self._end)
        self._judge()

    def _build(self) -> None:
        self.left = VerifySide("left", self.tr("left"))
        self.right = VerifySide("right", self.tr("right"))
        self.title = label(role="large")
        self.title.setAccessibleName(self.tr("Verdict"))
        self.detail = label(wraps=True)
        self.scale = DistanceScale()
        self.claim = label(role="secondary", wraps=True)
        self.claim.setMinimumHeight(28)  # what comes and goes below would resize the pictures
        self.claim.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.caution = label(role="danger", wraps=True)
        self.caution.setAccessibleName(self.tr("Why not to rely on it"))
        self.done_button = QPushButton(self.tr("Close"))
        self.done_button.setObjectName("closeVerify")
        self.done_button.setToolTip(self.tr("Back to the live view (Esc)"))
        self.done_button.setAutoDefault(False)
        self.done_button.clicked.connect(self.reject)
        sides = QHBoxLayout()
        sides.setSpacing(GROUP_PX)
        for side in (self.left, self.right):
            side.given.connect(lambda path, s=side: self.give(s, path))
            side.changed.connect(self._judge)
            sides.addWidget(side, 1)
        head = QHBoxLayout()
        head.setSpacing(GAP_PX)
        head.addWidget(self.title, 1)
        head.addWidget(self.done_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GROUP_PX, GROUP_PX, GROUP_PX, GROUP_PX)
        layout.setSpacing(GAP_PX)
        layout.addLayout(sides, 1)
        layout.addSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.detail)
        layout.addWidget(self.scale)
        layout.addWidget(self.caution)
        layout.addWidget(self.claim)

    def give(self, side: VerifySide, path: Path) -> None:
        """Put a photograph on one side."""
        self.session.touch()
        turn = self._turns[side] = self._turns.get(side, 0) + 1
        side.show_nothing(busy=True)
        self._judge()
        gallery = self.session.gallery

        def done(looked: Looked) -> None:
            if self._turns[side] == turn:
                side.show_looked(looked)
                self._judge()

        def failed(error: EdgeCNNError) -> None:
            if self._turns[side] == turn:
                side.show_nothing(str(error))
                self._judge()

        self._errands.run(lambda: self._looker.look(path, gallery), done, failed, self)

    def _judge(self) -> None:
        first, second = self.left.candidate, self.right.candidate
        if first is not None and second is not None:
            said = verdict(first, second, self.session.gallery)
        else:
            said = cannot_say(self.left.missing or self.right.missing)
        self.said = said
        waiting = self.left.looked is None or self.right.looked is None
        self.title.setText(self.tr("Two photos, one person?") if waiting else said.title)
        self.title.setAccessibleDescription(f"{said.title}. {said.detail} {said.caution}")
        self.detail.setText(said.detail)
        self.scale.show_distance(said.distance, said.threshold)
        self.claim.setText(said.claim)
        self.caution.setText(said.caution)
        self.caution.setVisible(bool(said.caution))

    def _end(self) -> None:
        for side in (self.left, self.right):
            self._turns[side] = self._turns.get(side, 0) + 1
            side.show_nothing()
        self._errands.run(self._looker.close, lambda _: None, lambda _: None, self)
        self._errands.close()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Photographs may be dropped."""
        if dropped_files(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """One photo goes where it was dropped, two go to both sides."""
        photos = photos_among(dropped_files(event))
        event.acceptProposedAction()
        if len(photos) >= 2:
            self.give(self.left, photos[0])
            self.give(self.right, photos[1])
        elif photos:
            at_left = event.position().x() < self.width() / 2
            self.give(self.left if at_left else self.right, photos[0])
