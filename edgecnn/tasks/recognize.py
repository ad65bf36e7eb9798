"""Recognizing faces: detect, measure, align, embed, match; live with votes over frames.

A photograph is answered for itself. In a stream a name is shown only after several good frames of
one followed face agree (`edgecnn.faces.votes`): `FaceRecognizer.stream` remembers for one stream,
and `edgecnn.Pipeline` asks it by itself for every source whose pictures follow one another.
"""

from __future__ import annotations

import time
from dataclasses import replace

from edgecnn.core.results import Faces
from edgecnn.errors import GalleryError
from edgecnn.faces.access import GalleryAccess, Opened
from edgecnn.faces.enrolment import assess
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.outcomes import Identity
from edgecnn.faces.recognition import LOCKED, Recognition
from edgecnn.faces.votes import IdentityVotes, Verdict
from edgecnn.tasks.base import Picture, Timing, as_pixels
from edgecnn.tasks.detect_faces import FaceDetector
from edgecnn.tasks.embed import ImageEmbedder
from edgecnn.tasks.faces import FacePipeline
from edgecnn.tasks.options import FaceOptions
from edgecnn.video.frame import Frame
from edgecnn.video.scene import SceneChange, glance_at
from edgecnn.video.tracking import Tracker, TrackOptions


class FaceRecognizer(FacePipeline):
    """Says whose faces are in a picture: `Recognition`.

        recognize = edgecnn.load("faces", gallery=gallery)
        for face in recognize("photo.jpg"):
            print(face.state, face.name, face.distance, face.reasons)
        with edgecnn.Pipeline(source=0, task=recognize) as pipeline:
            for frame, faces in pipeline: ...

    The gallery may change at any time, by this program or another: the next frame sees it. After
    `GalleryAccess.lock` no answer has a name, those in progress included; faces are still found
    then, but not embedded. Any number of threads may ask about pictures; each stream has one.

    Args:
        detector: Finds faces; owned from now on.
        embedder: Embeds aligned faces; owned from now on.
        access: Which gallery, and which threshold; may be shared with other recognizers. Locked
            when left out.

    Attributes:
        detector, embedder, options, timing: See `FacePipeline`.
        access: As given: ``access.open(gallery)``, ``access.lock()``, ``access.decide_by(0.001)``.

    Raises:
        OptionError: Models of other tasks.
        GalleryError: The gallery holds faces of another embedding space.
    """

    def __init__(
        self,
        detector: FaceDetector,
        embedder: ImageEmbedder,
        access: GalleryAccess | None = None,
    ) -> None:
        super().__init__(detector, embedder)
        self.access = GalleryAccess() if access is None else access
        if self.access.gallery is not None:
            self._check_space(self.access.gallery)

    def __call__(
        self, picture: Picture, color: str | None = None, *, options: FaceOptions | None = None
    ) -> Recognition:
        """Recognize all faces of one picture, from this picture alone.

        Args:
            picture: A path, a `Frame`, or a uint8 array: (H, W, 3), or (H, W) when grey.
            color: For an array: ``"bgr"``, ``"rgb"`` or ``"gray"``.
            options: Of the detector, for this call only.

        Raises:
            ImageError: Not a picture, or an array without its colour order.
            SourceError: A file that is not there or cannot be decoded.
            BackendError: An engine failed.
            GalleryError: The gallery's file is gone, has another passphrase now, or holds faces of
                another embedding space.
        """
        pixels, order = as_pixels(picture, color)
        frame = Frame(pixels, order)
        opened = self.access.look()
        faces = self.detector(frame, options=options)
        timing = self.detector.timing
        if opened is not None:
            faces, timing = self.embed(frame, faces)
        self.timing = timing
        found = self.match(frame, faces, opened)
        return found if self.holds(opened) else found.as_locked()

    def stream(self) -> FaceStream:
        """Memory for the frames of one stream, in order."""
        return FaceStream(self)

    def match(self, frame: Frame, faces: Faces, opened: Opened | None) -> Recognition:
        """Who these faces are, from this picture alone; without an open gallery, their quality."""
        qualities = tuple(assess(frame.pixels, faces, frame.color))
        identities: tuple[Identity, ...] = ()
        verdicts: tuple[Verdict, ...] = (LOCKED,) * len(faces)
        if opened is not None:
            self._check_space(opened.gallery)
            identities = tuple(opened.gallery.match(faces.embeddings or (), opened.rule))
            verdicts = tuple(_verdict(identity) for identity in identities)
        return Recognition(
            faces.boxes_xyxy,
            faces.scores,
            faces.points_xy,
            faces.embeddings,
            faces.track_ids,
            verdicts,
            identities,
            qualities,
            opened is None,
        )

    def holds(self, opened: Opened | None) -> bool:
        """Whether what was answered with this may be shown: nobody has locked it meanwhile."""
        return opened is None or opened.turn == self.access.turn

    def _check_space(self, gallery: Gallery) -> None:
        """Refuse a gallery of another embedder before a face is there to be refused."""
        specification = self.embedder.bundle.manifest.embedding
        space = None if specification is None else specification.space
        if gallery.contents.space != space:
            raise GalleryError(
                f"This gallery holds faces of {gallery.contents.space!r} "
                f"({gallery.contents.embedder}), but {self.embedder.bundle.manifest.name} gives "
                f"{space!r}: they cannot be compared. Use that embedder, or enrol again from kept "
                "photos: edgecnn faces re-enrol"
            )


class FaceStream:
    """Recognizes the faces of one stream, frame after frame, in order.

    Faces are followed (`edgecnn.video.tracking`), each frame votes with the weight of its quality,
    and what is shown is what the votes agree on. A cut, another gallery and another threshold begin
    anew; whoever is removed from the gallery, or whose time is over, is not named from the next
    frame on.

    Args:
        recognizer: Answers; used, not owned.

    Attributes:
        timing: Where the time of the last frame went.
    """

    def __init__(self, recognizer: FaceRecognizer) -> None:
        self._recognizer = recognizer
        self.timing: Timing | None = None
        # Names need votes of several frames anyway, so a face is followed from its first one.
        self._tracker = Tracker(TrackOptions(confirm_after=1))
        self._scene = SceneChange()
        self._votes = IdentityVotes()
        self._turn = -1
        self._people: frozenset[str] = frozenset()

    def __call__(self, frame: Frame) -> Recognition:
        """The faces of the next frame, with ``track_ids``; errors as of `FaceRecognizer`."""
        recognizer = self._recognizer
        opened = recognizer.access.look()
        # Faint faces are not asked for, as others do who follow: averaged in, they would move the
        # points of the good ones, and with them the embeddings.
        found = recognizer.detector(frame)
        timing = recognizer.detector.timing
        start_s = time.perf_counter()
        if self._scene.update(glance_at(frame)):
            self._tracker.forget()
            self._votes.clear()
        faces = self._tracker.update(found, frame.timestamp_s)
        track_ms = (time.perf_counter() - start_s) * 1e3
        if opened is not None:
            self._see_changes(opened)
            faces, timing = recognizer.embed(frame, faces)
        match_s = time.perf_counter()
        result = recognizer.match(frame, faces, opened)
        if opened is not None:
            result = self._agreed(result, opened, frame.timestamp_s)
        match_ms = (time.perf_counter() - match_s) * 1e3
        if timing is not None:
            own_ms = track_ms + match_ms
            self.timing = replace(
                timing, post_ms=timing.post_ms + own_ms, total_ms=timing.total_ms + own_ms
            )
        return result if recognizer.holds(opened) else result.as_locked()

    def _agreed(self, result: Recognition, opened: Opened, time_s: float) -> Recognition:
        """What the frames so far agree on, by the names that people have now."""
        ids = [] if result.track_ids is None else result.track_ids.tolist()
        weights = [quality.weight for quality in result.qualities]
        verdicts = self._votes.add(ids, result.identities, weights, time_s)
        names = opened.gallery.names
        return replace(
            result,
            verdicts=tuple(
                verdict
                if verdict.person_id is None
                else replace(verdict, name=names[verdict.person_id])
                if verdict.person_id in names
                else replace(verdict, state="undecided", name=None, person_id=None)
                for verdict in verdicts
            ),
        )

    def _see_changes(self, opened: Opened) -> None:
        if self._turn != opened.turn:
            self._votes.clear()
            self._turn = opened.turn
        people = frozenset(opened.gallery.names)
        for person_id in self._people - people:
            self._votes.forget_person(person_id)
        self._people = people


def _verdict(identity: Identity) -> Verdict:
    """Of a picture that stands for itself."""
    if identity.person_id is None:
        return Verdict("unknown", None, None, 1.0, 1.0)
    return Verdict("known", identity.name, identity.person_id, 1.0, 1.0)
