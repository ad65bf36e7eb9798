"""Guided enrolment in front of a camera: straight ahead, then to either side, one person alone.

Frame after frame is offered; each time it says in words what to do now. For each pose the best of
several good frames is kept, and every face has to be that of the first one, so that nobody is
enrolled with somebody else who stepped in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgecnn.core.image import Pixels
from edgecnn.core.results import Embedding, Faces
from edgecnn.errors import OptionError
from edgecnn.faces.enrolment import face_photo
from edgecnn.faces.outcomes import NewFace
from edgecnn.faces.quality import FaceQuality, measure_face
from edgecnn.faces.second_look import Confirm


@dataclass(frozen=True, slots=True)
class Pose:
    """One view of a head.

    Attributes:
        name: ``front``, ``left`` or ``right``, as the person would say.
        words: What to do.
        least_yaw_deg: Range of `FaceQuality.yaw_deg`; a turn to one's own left is to the picture's
            right, which is positive. Mirroring the picture for display changes nothing here.
        most_yaw_deg: Likewise.
    """

    name: str
    words: str
    least_yaw_deg: float
    most_yaw_deg: float


POSES = (
    Pose("front", "look straight at the camera", -10.0, 10.0),
    Pose("left", "turn your head a little to your left", 12.0, 28.0),
    Pose("right", "turn your head a little to your right", -28.0, -12.0),
)
"""The sides stay within what may be enrolled (30 degrees)."""

_FRAMES_EACH = 5
DONE = "done, thank you"


class GuidedEnrolment:
    """Collects one face a pose.

    Args:
        threshold: Distances below it are the same person (`Rule.threshold`).
        poses: In which order.
        frames_each: Good frames of a pose of which the best is kept.
        keep_photos: Keep the face and its surroundings of those.
        confirm: Takes a second look at each face that would be kept; see `only_face`.

    Raises:
        OptionError: No pose, or no frame.
    """

    def __init__(
        self,
        threshold: float,
        *,
        poses: tuple[Pose, ...] = POSES,
        frames_each: int = _FRAMES_EACH,
        keep_photos: bool = False,
        confirm: Confirm | None = None,
    ) -> None:
        if not poses or frames_each < 1:
            raise OptionError("Guided enrolment takes at least one pose and one frame each.")
        self._threshold = threshold
        self._poses = poses
        self._frames_each = frames_each
        self._keep_photos = keep_photos
        self._confirm = confirm
        self._taken: list[NewFace] = []
        self._best: tuple[float, NewFace] | None = None
        self._seen = 0
        self._first: Embedding | None = None

    @property
    def pose(self) -> Pose | None:
        """The one that is wanted now; None when all are taken."""
        return None if self.done else self._poses[len(self._taken)]

    @property
    def done(self) -> bool:
        """Whether all poses are taken."""
        return len(self._taken) == len(self._poses)

    @property
    def progress(self) -> float:
        """Share of the good frames that were seen, 0..1."""
        seen = len(self._taken) * self._frames_each + self._seen
        return seen / (len(self._poses) * self._frames_each)

    @property
    def faces(self) -> tuple[NewFace, ...]:
        """The best face of each pose that is complete, for `Gallery.enrol`."""
        return tuple(self._taken)

    def offer(self, pixels: Pixels, faces: Faces, color: str) -> str:
        """Look at the next frame.

        Args:
            pixels: The frame; see `measure_face`.
            faces: Found in it, with embeddings.
            color: Of ``pixels``.

        Returns:
            What to do now, in words for the person; `DONE` at the end.

        Raises:
            OptionError: Faces without embeddings.
        """
        pose = self.pose
        if pose is None:
            return DONE
        if faces.embeddings is None:
            raise OptionError("These faces have no embeddings: use edgecnn.load('faces').")
        if len(faces) != 1:
            return "one person at a time" if len(faces) else "come into the picture"
        face, embedding = faces[0], faces.embeddings[0]
        quality = measure_face(pixels, face, color)
        # A head that is turned too far is told so by the pose, in words that fit.
        reasons = [words for words in quality.reasons if words != "turn to the camera"]
        if reasons:
            return reasons[0]
        if not pose.least_yaw_deg <= quality.yaw_deg <= pose.most_yaw_deg:
            return _towards(pose, quality.yaw_deg)
        if self._first is not None and embedding.distance(self._first) >= self._threshold:
            return "this looks like another person; start again with one alone"
        if self._confirm is not None:
            quality = replace(quality, confirmed=self._confirm(pixels, face, color))
            if not quality.good:
                return quality.reasons[0]
        self._first = embedding if self._first is None else self._first
        self._take(pixels, faces, color, quality)
        return DONE if self.done else self._poses[len(self._taken)].words

    def _take(self, pixels: Pixels, faces: Faces, color: str, quality: FaceQuality) -> None:
        """Keep the frame if it is the best of its pose; go on when there were enough."""
        worth = quality.weight * quality.sharpness
        if self._best is None or worth > self._best[0]:
            numbers = {k: v for k, v in quality.to_dict().items() if isinstance(v, float)}
            photo = face_photo(pixels, faces[0], color) if self._keep_photos else None
            embeddings = faces.embeddings or ()
            self._best = worth, NewFace(embeddings[0], numbers, photo)
        self._seen += 1
        if self._seen == self._frames_each:
            self._taken.append(self._best[1])
            self._best, self._seen = None, 0


def _towards(pose: Pose, yaw_deg: float) -> str:
    """What to do with a head that is turned otherwise."""
    if pose.least_yaw_deg < 0 < pose.most_yaw_deg:
        return pose.words
    wanted = (pose.least_yaw_deg + pose.most_yaw_deg) / 2
    too_far = yaw_deg * wanted > 0 and abs(yaw_deg) > abs(wanted)
    return "not so far: turn back a little" if too_far else pose.words
