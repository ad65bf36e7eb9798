"""How well a face can be recognized, as numbers, and what a person can do about it, in words.

All numbers but one come from the picture and the six points of the detector; no network is asked.
What is no face at all is told by a second look (`edgecnn.faces.second_look`), at enrolment. Each
limit says what it was chosen from: five portraits (`assets/images`), their embedding against that
of degraded copies, in distances of dlib's embedder, where two photographs of one person are some
0.4 apart. Quality never stops the identification of a photograph: it refuses at enrolment, where a
better picture can be taken, and it weighs votes in a video.

The darkest part of a face says nothing about its exposure (hair, shadow, skin), so darkness is read
from its brightest parts: dark skin in good light is not "too dark".
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edgecnn.bundle.schema import Alignment
from edgecnn.core.image import Pixels, check_pixels, convert_color
from edgecnn.core.results import FACE_POINTS, Face
from edgecnn.errors import OptionError
from edgecnn.faces.align import align_face

MIN_EYE_DISTANCE_PX = 30.0
"""Reducing portraits to 21 px between the eyes moved them by up to 0.21, to 11 px by 0.41."""
MIN_SHARPNESS = 0.02
"""Below, each blurred portrait had moved by 0.26 or more; sharp ones have 0.05 to 0.16."""
MIN_BRIGHTNESS = 50.0
"""Taken to 0.3 of their light (38 to 66), portraits moved by up to 0.24 and lost their shades."""
MAX_CLIPPED = 0.2
"""With half of the face overexposed, a portrait moved by 0.27; with 0.07, by 0.17."""
MAX_YAW_DEG = 30.0
"""A portrait turned by some 20 to 30 degrees is still 0.40 from the frontal one of that man."""
MAX_PITCH_DEG = 30.0
"""Pursed lips move the centre of the mouth and are taken for up to 28 degrees."""
MAX_ROLL_DEG = 45.0
"""Alignment undoes roll; beyond this the detector starts to misplace points."""
MIN_SCORE = 0.6
"""Real faces here have 0.73 to 0.95; what is no face and passes the detector, mostly less."""
MIN_CONFIRMED = 0.73
"""Of a second look (`edgecnn.faces.second_look`): faces have 0.745 or more, others up to 0.716."""
_FOREHEAD_APART, _CHIN_APART = 11.0, 25.0
"""Chroma (CIELAB) between cheeks and forehead, and cheeks and chin. Of 27 bare faces, some in
coloured light, none exceeds the first (at most 9) and two the second; of 15 masks painted on, one
is below both."""
_DARK_EYES = 0.35
"""Lightness of the eye regions over that of the cheeks; those bare faces have 0.39 and more."""

# Where the points lie in the crop that is measured; regions below are in its coordinates.
_SIZE = 150
_TEMPLATE = Alignment(
    width=_SIZE,
    height=_SIZE,
    points=FACE_POINTS[:4],
    template_xy=((47.7, 47.1), (100.3, 47.1), (74.0, 75.0), (74.0, 105.0)),
)
_FOREHEAD, _CHIN = np.s_[16:30, 55:93], np.s_[118:132, 60:88]
_EYES = np.s_[40:54, 36:60], np.s_[40:54, 88:112]
_CHEEKS_AND_NOSE = np.s_[68:84, 38:54], np.s_[68:84, 94:110], np.s_[60:76, 66:82]

# Proportions of an average frontal face, in distances between the eyes.
_NOSE_LENGTH = 0.42
"""How far the tip of the nose stands before the plane of the eyes."""
_EYES_TO_MOUTH = 1.05
_NOSE_BETWEEN = 0.52
"""Where the tip lies between the eyes (0) and the mouth (1) when looking straight."""


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """What was measured of one face.

    Attributes:
        eye_distance_px: Size: distance between the eyes, or what it would be looking straight.
        sharpness: Share of the contrast that lies in fine detail, 0..1.
        brightness: Level (0..255) that only the brightest 5 % of the face exceed.
        clipped: Share of the face that is overexposed, 0..1.
        yaw_deg: Turned towards the picture's right (positive) or left; rough, +-10 degrees.
        pitch_deg: Turned down (positive) or up; rough.
        roll_deg: Tilted clockwise in the picture (positive) or anticlockwise.
        score: Of the detector, 0..1.
        inside: Share of the face that is inside the picture, 0..1.
        covered: Hint at what may be covered: ``"eyes"``, ``"mouth"`` or empty. Beards, make-up
            and coloured light are taken for covers at times, so it never refuses anything.
        confirmed: How sure a second look is that it is a face, 0..1; None when nobody looked.
    """

    eye_distance_px: float
    sharpness: float
    brightness: float
    clipped: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    score: float
    inside: float
    covered: str
    confirmed: float | None = None

    @property
    def reasons(self) -> tuple[str, ...]:
        """What speaks against enrolling this face, as advice; empty when nothing does."""
        confirmed = 1.0 if self.confirmed is None else self.confirmed
        checks = (
            (confirmed < MIN_CONFIRMED, "a second look finds no face: take another picture"),
            (self.inside < 0.95, "bring the whole face into the picture"),
            (self.score < MIN_SCORE, "this is hardly a face; remove what covers it"),
            (self.eye_distance_px < MIN_EYE_DISTANCE_PX, "too small: come closer"),
            (self.brightness < MIN_BRIGHTNESS, "too dark: turn on a light"),
            (self.clipped > MAX_CLIPPED, "too bright: move out of the direct light"),
            (self.sharpness < MIN_SHARPNESS, "blurred: hold still, or wipe the lens"),
            (abs(self.yaw_deg) > MAX_YAW_DEG, "turn to the camera"),
            (self.pitch_deg > MAX_PITCH_DEG, "raise your chin"),
            (self.pitch_deg < -MAX_PITCH_DEG, "lower your chin"),
            (abs(self.roll_deg) > MAX_ROLL_DEG, "hold your head upright"),
        )
        return tuple(words for failed, words in checks if failed)

    @property
    def hints(self) -> tuple[str, ...]:
        """What may be wrong but does not refuse."""
        return (f"something may cover the {self.covered}",) if self.covered else ()

    @property
    def good(self) -> bool:
        """Whether the face may be enrolled."""
        return not self.reasons

    @property
    def weight(self) -> float:
        """How much a vote about this face counts, 0..1: the product of what each number is worth.

        Everything that may be enrolled weighs 0.4 or more; what is far beyond a limit, nothing.
        """
        worth = (
            _ramp(self.eye_distance_px, 8, MIN_EYE_DISTANCE_PX),
            _ramp(self.sharpness, 0.003, 1.5 * MIN_SHARPNESS),
            _ramp(self.brightness, 10, 1.2 * MIN_BRIGHTNESS),
            _ramp(-self.clipped, -0.7, -MAX_CLIPPED),
            _ramp(-abs(self.yaw_deg), -70, -0.8 * MAX_YAW_DEG),
            _ramp(-abs(self.pitch_deg), -60, -0.8 * MAX_PITCH_DEG),
            _ramp(self.score, 0.4, MIN_SCORE),
            _ramp(self.inside, 0.5, 0.95),
        )
        return float(np.prod(worth))

    def to_dict(self) -> dict[str, Any]:
        """The numbers, ``weight``, ``reasons`` and ``hints``."""
        numbers = {
            name: value if isinstance(value, str) else round(value, 3)
            for name, value in asdict(self).items()
            if value is not None
        }
        return {
            **numbers,
            "weight": round(self.weight, 3),
            "reasons": list(self.reasons),
            "hints": list(self.hints),
        }


def measure_face(pixels: Pixels, face: Face, color: str) -> FaceQuality:
    """Measure one face of a picture.

    Args:
        pixels: (H, W, 3) uint8, or (H, W) when grey; not changed.
        face: As a face detector found it in this picture.
        color: ``"bgr"``, ``"rgb"`` or ``"gray"``.

    Raises:
        ImageError: Not a picture.
    """
    picture = check_pixels(pixels, color)
    yaw_deg, pitch_deg, roll_deg, size_px = _pose(face.points_xy.astype(np.float64))
    try:
        bgr = convert_color(picture, color, "bgr")
        crop = align_face(bgr, face.points_xy, _TEMPLATE)
    except OptionError:  # its points lie outside the picture or fall together
        crop = np.zeros((_SIZE, _SIZE, 3), np.uint8)
        size_px = 0.0
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY).astype(np.float32)
    oval = grey[_OVAL]
    detail = (grey - cv2.GaussianBlur(grey, (0, 0), 2.0))[_OVAL]
    return FaceQuality(
        eye_distance_px=size_px,
        sharpness=float(detail.var() / max(float(oval.var()), 1.0)),
        brightness=float(np.percentile(oval, 95)),
        clipped=float((oval >= 250).mean()),
        yaw_deg=yaw_deg,
        pitch_deg=pitch_deg,
        roll_deg=roll_deg,
        score=face.score,
        inside=_inside(face, (picture.shape[1], picture.shape[0])),
        covered=_covered(crop),
    )


def _pose(points: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Yaw, pitch and roll in degrees, and the distance between the eyes in pixels.

    The tip of the nose stands before the plane of eyes and mouth: turning the head moves it
    against that plane. At a profile, where that says little, the eyes have come close together.
    """
    right, left, nose, mouth = points[:4]
    centre, across = (right + left) / 2, left - right
    eyes_px = max(float(np.hypot(*across)), 1e-6)
    height_px = max(float(np.hypot(*(mouth - centre))), 1e-6)
    # One of the two is foreshortened by yaw, the other by pitch.
    size_px = max(eyes_px, height_px / _EYES_TO_MOUTH)
    x_axis = across / eyes_px
    y_axis = np.array([-x_axis[1], x_axis[0]])
    down = float((mouth - centre) @ y_axis)
    between = float((nose - centre) @ y_axis) / (down if abs(down) > 1e-6 else 1e-6)
    aside = float((nose - centre - between * (mouth - centre)) @ x_axis)
    yaw = np.degrees(np.arctan2(aside, _NOSE_LENGTH * size_px))
    narrowed = np.degrees(np.arccos(min(eyes_px * _EYES_TO_MOUTH / height_px, 1.0)))
    if narrowed > 40:
        yaw = np.copysign(max(abs(yaw), narrowed), aside)
    pitch = np.degrees(np.arctan2((between - _NOSE_BETWEEN) * _EYES_TO_MOUTH, _NOSE_LENGTH))
    roll = np.degrees(np.arctan2(across[1], across[0]))
    return float(yaw), float(pitch), float(roll), size_px


def _inside(face: Face, size_wh: tuple[int, int]) -> float:
    """Share of the square around the points that lies in the picture."""
    centre = face.points_xy[:4].mean(axis=0)
    spread = np.ptp(face.points_xy[:4], axis=0).max()
    low, high = centre - spread, centre + spread
    seen = np.clip(high, 0, size_wh) - np.clip(low, 0, size_wh)
    return float(np.prod(seen / np.maximum(high - low, 1e-6)))


def _covered(crop: Pixels) -> str:
    """Which part differs in colour from the cheeks more than skin does."""

    def middle(*regions: tuple[slice, slice]) -> NDArray[np.float64]:
        # Only these places are converted: the whole crop would take half of all measuring.
        shares = [np.ascontiguousarray(crop[region], np.float32) / 255 for region in regions]
        parts = [
            np.median(cv2.cvtColor(share, cv2.COLOR_BGR2Lab).reshape(-1, 3), axis=0)
            for share in shares
        ]
        return np.asarray(np.mean(parts, axis=0), np.float64)

    cheeks = middle(*_CHEEKS_AND_NOSE)
    eyes = middle(*_EYES)
    if eyes[0] < _DARK_EYES * cheeks[0]:
        return "eyes"

    def apart(part: tuple[slice, slice]) -> float:
        return float(np.hypot(*(middle(part) - cheeks)[1:]))

    # A mask that reaches high has the cheeks under it: then the forehead is what differs.
    covered = apart(_FOREHEAD) > _FOREHEAD_APART or apart(_CHIN) > _CHIN_APART
    return "mouth" if covered else ""


def _ramp(value: float, nothing: float, full: float) -> float:
    """0 up to ``nothing``, 1 from ``full`` on, a straight line between."""
    return float(np.clip((value - nothing) / (full - nothing), 0.0, 1.0))


def _make_oval() -> NDArray[np.bool_]:
    """The middle of the face: skin, eyes and mouth without hair and background."""
    y, x = np.mgrid[:_SIZE, :_SIZE]
    oval: NDArray[np.bool_] = ((x - 74) / 40) ** 2 + ((y - 80) / 52) ** 2 <= 1
    return oval


_OVAL = _make_oval()
