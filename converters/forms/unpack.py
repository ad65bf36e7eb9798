"""Taking a converted file out of a bundle again, with what the bundle says about it."""

from __future__ import annotations

from converters.bundles.pack import Facts, ModelVariant
from edgecnn.bundle.io import Bundle
from edgecnn.errors import ConversionError


def unpack_variant(bundle: Bundle, file: str) -> tuple[ModelVariant, Facts]:
    """One file of a bundle, ready for another form or for another bundle.

    Args:
        bundle: From `edgecnn.api.open_bundle`.
        file: Path of the ``.tflite`` or ``.xml`` inside it.

    Raises:
        ConversionError: No such variant.
        BundleError: A file is missing or altered.
    """
    manifest = bundle.manifest
    entry = next((variant for variant in manifest.variants if variant.file == file), None)
    if entry is None:
        known = ", ".join(variant.file for variant in manifest.variants)
        raise ConversionError(f"{manifest.name} has no variant {file!r}; it has {known}.")
    variant = ModelVariant(
        file=entry.file,
        precision=entry.precision,
        model=bundle.read(entry.file),
        weights=None if entry.weights is None else bundle.read(entry.weights),
        backends=entry.backends,
        outputs={spec.tensor: spec.name for spec in entry.outputs},
        agreement=entry.agreement,
        speed=entry.speed,
    )
    return variant, Facts(**{name: getattr(manifest, name) for name in Facts.__slots__})
