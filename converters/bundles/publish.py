"""The last steps of every zoo recipe: prove, measure, describe, write.

A recipe makes the files and says what is known about them; from there on all bundles are made
alike, so that no recipe can forget a proof.
"""

from __future__ import annotations

import dataclasses
import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2

from converters.bundles import pack
from converters.bundles.card import CardText, write_card
from converters.bundles.pack import Facts, ModelVariant
from converters.bundles.speed import describe_machine, relative_speeds
from converters.metadata.write import with_metadata
from converters.proof.parity import (
    AnyTask,
    Pictures,
    ask_bgr,
    check_golden,
    measure_parity,
    require_agreement,
)
from edgecnn.core.image import Pixels, read_image
from edgecnn.errors import ConversionError

GOLDEN_SIDE = 640
GOLDEN_BYTES = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a bundle is proven on, and what is demanded of it.

    Attributes:
        pictures: Gives the pictures of the parity measurement.
        least: precision -> figure of `converters.proof.parity.summarize` -> least that is accepted.
        golden: Name -> picture (BGR) that goes into the bundle with the reference's answer.
        tolerance: precision -> check of `edgecnn.evaluation.agreement` -> limit.
        ask: How a task is called with a picture of ``pictures``.
    """

    pictures: Callable[[], Pictures]
    least: Mapping[str, Mapping[str, float]]
    golden: Mapping[str, Pixels]
    tolerance: Mapping[str, Mapping[str, float]]
    ask: Callable[[AnyTask, Any], Any] = field(default=ask_bgr)


def publish(
    facts: Facts,
    reference: ModelVariant,
    variants: Sequence[ModelVariant],
    proof: Proof,
    card: CardText,
    licence: str,
    out: Path,
) -> Path:
    """Prove the variants against the reference, and write the bundle.

    Args:
        facts: What no file can tell.
        reference: The float32 file that everything is compared with; it is not shipped unless it
            is also among the variants.
        variants: What is shipped, the float one first.
        proof: See `Proof`.
        card: See `CardText`.
        licence: Text of LICENSE.
        out: Folder of the bundle; a bundle that is there is replaced.

    Returns:
        ``out``.

    Raises:
        ParityError: A variant does not agree.
        BackendError: A backend refuses a variant that names it.
    """
    reference = dataclasses.replace(reference, file="reference.tflite")
    described = [with_metadata(variant, facts) for variant in variants]
    draft = pack.assemble(facts, [reference, *described])
    parity = measure_parity(draft, proof.pictures(), ask=proof.ask)
    for variant in described:
        require_agreement(
            {key: figures for key, figures in parity.items() if key[0] == variant.file},
            proof.least[variant.precision],
        )
    speeds = relative_speeds(draft)
    finished = [
        dataclasses.replace(
            variant,
            agreement=_worst([parity[key] for key in parity if key[0] == variant.file]),
            speed=speeds.get(variant.file, ()),
        )
        for variant in described
    ]
    pictures = {f"golden/{name}.jpg": golden_jpeg(image) for name, image in proof.golden.items()}
    shown = {path: _decoded(content) for path, content in pictures.items()}
    golden = pack.golden_answers(draft, shown, proof.tolerance, proof.ask)
    check_golden(draft, golden, shown, ask=proof.ask)
    files = {**pictures, "LICENSE": licence.encode()}
    bundle = pack.assemble(facts, finished, files)
    text = write_card(bundle.manifest, card, parity=parity, machine=describe_machine())
    return pack.write(bundle, golden, out, {"CARD.md": text})


def check_sources(folder: Path, expected: Mapping[str, str]) -> None:
    """Make sure that the source files are those that the recipe was written for.

    Args:
        folder: The unpacked source package.
        expected: Path inside it -> SHA-256 in hex.

    Raises:
        ConversionError: A file is missing or different.
    """
    for path, digest in expected.items():
        file = folder / path
        if not file.is_file():
            raise ConversionError(
                f"{file} is missing. Pass the folder of the unpacked source package that the "
                "recipe's docstring names."
            )
        found = hashlib.sha256(file.read_bytes()).hexdigest()
        if found != digest:
            raise ConversionError(
                f"{path} has SHA-256 {found}, but the recipe was written for {digest}. Use the "
                "version of the package that the recipe's docstring names."
            )


def golden_jpeg(image: Pixels) -> bytes:
    """A picture as JPEG of at most `GOLDEN_BYTES`, reduced to `GOLDEN_SIDE` first if larger.

    Args:
        image: (H, W, 3) uint8 BGR.
    """
    scale = min(1.0, GOLDEN_SIDE / max(image.shape[:2]))
    if scale < 1.0:
        image = _as_pixels(
            cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        )
    for quality in range(90, 30, -5):
        done, content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if done and content.size <= GOLDEN_BYTES:
            return bytes(content.tobytes())
    raise ConversionError(
        f"A picture of shape {image.shape} does not fit into {GOLDEN_BYTES} bytes of JPEG. "
        "Choose a smaller one."
    )


def _decoded(content: bytes) -> Pixels:
    """As whoever opens the file sees it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "golden.jpg"
        file.write_bytes(content)
        return read_image(file)


def _as_pixels(array: Any) -> Pixels:
    pixels: Pixels = array
    return pixels


def _worst(figures: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Over backends: the lowest agreement, the largest error."""
    if not figures:
        return {}
    return {
        name: (max if _is_error(name) else min)(one[name] for one in figures if name in one)
        for name in figures[0]
    }


def _is_error(name: str) -> bool:
    return any(part in name for part in ("error", "extra", "distance", "percent"))
