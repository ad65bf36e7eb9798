"""The files that the interoperability benchmark hands to other programs.

What the zoo ships goes out as it is. What other programs read in another form only (detectors with
suppression inside, maps with channels first, float IRs, which the zoo does not ship) is made from
it by the public converters.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from converters.bundles.pack import Facts, ModelVariant
from converters.forms.mask import standard_segmenter
from converters.forms.ssd import standard_ssd
from converters.forms.uniform_input import uniform_input
from converters.forms.unpack import unpack_variant
from converters.metadata.write import with_metadata
from edgecnn.bundle import io
from edgecnn.bundle.schema import Variant
from edgecnn.zoo.catalogue import find

CLASSIFY, EMBED = "classify_efficientnet_lite0", "face_embed_dlib"
SEGMENT, DETECT = "segment_selfie", "detect_ssd_desk"

Form = Callable[[ModelVariant, Facts], tuple[ModelVariant, Facts]]


class Handed(NamedTuple):
    """A file on disk, and what it has to answer like.

    Attributes:
        bundle: Name in the zoo.
        precision: Of the zoo's variant that it comes from.
        backend: That edgecnn runs the zoo's variant with.
        path: Of the ``.tflite`` or ``.xml``.
        made: How it differs from what the zoo ships.
    """

    bundle: str
    precision: str
    backend: str
    path: Path
    made: str


def for_mediapipe(folder: Path) -> list[Handed]:
    """All ``.tflite`` of the classifier, embedder, segmenter and SSD detector."""
    plans: list[tuple[str, Form | None, str]] = [
        (CLASSIFY, None, "as shipped"),
        (EMBED, uniform_input, "`uniform_input`"),
        (SEGMENT, None, "as shipped"),
        (DETECT, standard_ssd, "`standard_ssd`"),
    ]
    handed = []
    for name, form, made in plans:
        bundle = io.load(find(name))
        for variant in bundle.manifest.variants:
            if variant.format == "tflite":
                path = folder / name / variant.file
                _write(_formed(bundle, variant, form), path)
                handed.append(Handed(name, variant.precision, "litert", path, made))
    return handed


def for_model_api(folder: Path) -> list[Handed]:
    """The shipped int8 IRs, and float IRs made from the float16 ``.tflite``."""
    plans: list[tuple[str, Form | None, str]] = [
        (CLASSIFY, None, "as shipped"),
        (SEGMENT, standard_segmenter, "`standard_segmenter`"),
        (DETECT, standard_ssd, "`standard_ssd`"),
    ]
    handed = []
    for name, form, made in plans:
        bundle = io.load(find(name))
        for variant in bundle.manifest.variants:
            path = (folder / name / variant.file).with_suffix(".xml")
            words = [] if form is None else [made]
            if variant.format == "openvino":
                ready = _formed(bundle, variant, form)
            elif "openvino" in variant.backends:
                ready = _formed(bundle, variant, form, as_ir=True)
                words.insert(0, "IR of the `.tflite`")
            else:
                continue
            _write(ready, path)
            text = ", ".join(words) or made
            handed.append(Handed(name, variant.precision, "openvino", path, text))
    return handed


def _formed(
    bundle: io.Bundle, variant: Variant, form: Form | None, *, as_ir: bool = False
) -> ModelVariant:
    """A variant in another form; what is only taken out of the bundle keeps its bytes."""
    ready, facts = unpack_variant(bundle, variant.file)
    if form is None and not as_ir:
        return ready
    if as_ir:
        ready = _as_ir(ready)
    if form is not None:
        ready, facts = form(ready, facts)
    return with_metadata(ready, facts)


def _as_ir(variant: ModelVariant) -> ModelVariant:
    import openvino

    from converters.openvino.ir import read_tflite, serialize

    xml, weights = serialize(openvino, read_tflite(openvino, variant.model, variant.outputs))
    file = variant.file.removesuffix(".tflite") + ".xml"
    return ModelVariant(
        file=file, precision=variant.precision, model=xml, weights=weights, backends=("openvino",)
    )


def _write(variant: ModelVariant, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(variant.model)
    if variant.weights is not None:
        path.with_suffix(".bin").write_bytes(variant.weights)
