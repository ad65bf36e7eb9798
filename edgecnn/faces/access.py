"""Which gallery live recognition may look into, and which threshold decides; on any thread.

One `GalleryAccess` is shared by everything that recognizes: whoever locks it takes the names away
from all of them with one call, frames in progress included.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from edgecnn.errors import GalleryError
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.policy import Rule
from edgecnn.faces.records import Contents


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """What holds for one frame.

    Attributes:
        gallery: With the newest state of its file.
        rule: The threshold.
        turn: Rises when the gallery is opened, exchanged or locked, or another rate is asked for.
    """

    gallery: Gallery
    rule: Rule
    turn: int


class GalleryAccess:
    """A gallery that may be opened, exchanged and locked while faces are recognized.

    Args:
        gallery: Opened; None while it is locked, or when there is none.
        target: False-match rate that is asked for (0.01 for 1 in 100); None for what the gallery
            keeps, as `edgecnn.faces.policy` says.

    Raises:
        GalleryError: The gallery does not support that rate; says how many pairs it takes.
    """

    def __init__(self, gallery: Gallery | None = None, target: float | None = None) -> None:
        self._lock = threading.Lock()
        self._gallery = gallery
        self._target = target
        self._turn = 0
        self._rule: tuple[Contents, Rule] | None = None
        if gallery is not None:
            gallery.rule(target)

    @property
    def gallery(self) -> Gallery | None:
        """The opened gallery; None while it is locked."""
        return self._gallery

    @property
    def locked(self) -> bool:
        """Whether nobody is looked for."""
        return self._gallery is None

    @property
    def turn(self) -> int:
        """What was answered at another turn must not be shown any more."""
        return self._turn

    @property
    def target(self) -> float | None:
        """The false-match rate that is asked for."""
        return self._target

    def open(self, gallery: Gallery) -> None:
        """Look into this gallery from the next frame on."""
        with self._lock:
            self._gallery, self._rule = gallery, None
            self._turn += 1

    def lock(self) -> None:
        """Look into none: from now on no answer has a name, whichever frame it is about."""
        with self._lock:
            self._gallery, self._rule = None, None
            self._turn += 1

    def decide_by(self, target: float | None) -> Rule | None:
        """Ask for another false-match rate; the next frame is judged by it.

        Args:
            target: See the class.

        Returns:
            The rule that holds now; None while locked.

        Raises:
            OptionError: Not a rate.
            GalleryError: The gallery does not support it; the rule before holds on.
        """
        gallery = self._gallery
        contents = None if gallery is None else gallery.contents
        rule = None if gallery is None else gallery.rule(target)
        with self._lock:
            self._target = target
            self._rule = None if contents is None or rule is None else (contents, rule)
            self._turn += 1
        return rule

    def look(self) -> Opened | None:
        """What holds for the next frame, with what other programs changed; None while locked.

        Raises:
            GalleryError: The file is gone or has another passphrase now.
        """
        while True:
            with self._lock:
                gallery, known, turn = self._gallery, self._rule, self._turn
            if gallery is None:
                return None
            gallery.refresh()
            contents = gallery.contents
            # For a rate it takes all pairs of people: once a state, and nobody waits for it.
            if known is None or known[0] is not contents:
                known = (contents, self._rule_of(gallery, known))
            with self._lock:
                if turn == self._turn:
                    self._rule = known
                    return Opened(gallery, known[1], turn)

    def _rule_of(self, gallery: Gallery, before: tuple[Contents, Rule] | None) -> Rule:
        try:
            return gallery.rule(self._target)
        except GalleryError:
            if before is None:
                raise
            # People were removed and too few pairs are left: no looser threshold, and no claim.
            basis = "kept from before people were removed, whose pairs it was claimed for"
            return replace(before[1], target=None, upper_bound=None, basis=basis)
