"""The public functions behind ``import edgecnn``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgecnn.bundle import io, signing
from edgecnn.bundle.keys import Key
from edgecnn.core.image import Pixels
from edgecnn.core.results import Result
from edgecnn.errors import BundleError, OptionError
from edgecnn.registry import COMPOSITES, TASKS
from edgecnn.runtime.backend import Compute
from edgecnn.runtime.bare import BARE_SUFFIXES, Description, bundle_from_file
from edgecnn.runtime.policy import choose
from edgecnn.tasks.base import Picture, as_pixels
from edgecnn.zoo.catalogue import find

if TYPE_CHECKING:
    from edgecnn.faces.access import GalleryAccess
    from edgecnn.faces.gallery import Gallery
    from edgecnn.faces.unlocking import Secret


def load(
    model: str | os.PathLike[str],
    *,
    backend: str | None = None,
    precision: str | None = None,
    threads: int | None = None,
    compute: Compute | None = None,
    quick_start: bool = False,
    options: Any = None,
    description: Description | None = None,
    key: Key | None = None,
    gallery: Gallery | GalleryAccess | str | os.PathLike[str] | None = None,
    secret: Secret | str | None = None,
    detector: str | os.PathLike[str] | None = None,
    embedder: str | os.PathLike[str] | None = None,
) -> Any:
    """Load a model, ready to answer about pictures.

    What is not named is chosen for this machine; ``task.info.reason`` says why.

    Args:
        model: Name of a zoo bundle, or ``"faces"`` (detector and embedder in one); or the path of a
            bundle folder, an ``.edge`` file, or a bare ``.tflite`` or OpenVINO ``.xml``.
        backend: ``litert``, ``openvino`` or ``tflite_runtime``.
        precision: ``float32``, ``float16`` or ``int8``, as far as the bundle has it.
        threads: Threads of inference and OpenCV; None for the cores there are, at most four.
        compute: ``f32`` (default), or ``bf16`` on OpenVINO.
        quick_start: Only a few pictures will be asked about: choose what opens fastest, not what
            runs fastest.
        options: Options of the task, for example `edgecnn.tasks.options.DetectOptions`.
        description: For a bare file without metadata: what it is for and how to feed it.
        key: Public Ed25519 key (PEM, or the path of a PEM file) that the bundle has to be signed
            with; one that is not, or that was altered since, is refused.
        gallery: For ``"faces"``: who is known, so that faces get names. An opened gallery, a
            `GalleryAccess` (which can be locked and exchanged), or the path of a gallery.
        secret: Opens the gallery at a path: a passphrase, or `SystemKeyring` (the default).
        detector: For ``"faces"``: another bundle than the zoo's, by name or path.
        embedder: Likewise.

    Returns:
        `ImageClassifier`, `ObjectDetector`, `FaceDetector`, `ImageEmbedder`, `ImageSegmenter`,
        `TensorModel`, `FacePipeline`, or with a gallery `FaceRecognizer`, by the bundle's task.

    Raises:
        UnknownNameError: No such bundle or backend; lists the known ones.
        BundleError: The bundle is damaged, altered or not understood.
        BackendError: No installed backend can run it.
        OptionError: A value that cannot be used.
        GalleryError: The gallery cannot be opened, or holds faces of another embedder.
    """
    settings: dict[str, Any] = {
        "backend": backend,
        "precision": precision,
        "threads": threads,
        "compute": compute,
        "quick_start": quick_start,
    }
    name = os.fspath(model)
    if name in COMPOSITES:
        access = _access(gallery, secret)
        parts = COMPOSITES[name].parts
        return _load_composite(
            name, (detector or parts[0], embedder or parts[1]), settings, options, key, access
        )
    given = {"gallery": gallery, "secret": secret, "detector": detector, "embedder": embedder}
    if wrong := [word for word, value in given.items() if value is not None]:
        raise OptionError(f"{', '.join(wrong)} belongs to load('faces'), not to {name!r}.")
    bundle = open_bundle(model, description=description, key=key)
    choice = choose(bundle.manifest, **settings)
    return TASKS[bundle.manifest.task](bundle, choice, options)


def open_bundle(
    model: str | os.PathLike[str],
    *,
    description: Description | None = None,
    key: Key | None = None,
) -> io.Bundle:
    """The bundle behind a zoo name or a path, without loading a model.

    A bare model file becomes a bundle in memory, which `edgecnn.bundle.io.export` can save.

    Raises:
        UnknownNameError: Neither a path nor a name of the zoo.
        BundleError: Damaged, or a bare file that does not say what it is; with a ``key``, also
            altered or not signed with it.
    """
    name = os.fspath(model)
    path = Path(name)
    if path.suffix.lower() in BARE_SUFFIXES:
        if key is not None:
            raise BundleError(f"{path} is a bare model file; only bundles can be signed.")
        return bundle_from_file(path, description)
    if description is not None:
        raise OptionError("description belongs to a bare .tflite or .xml; a bundle has its own.")
    found = bundle_path(model)
    return io.load(found) if key is None else signing.verify(found, key)


def bundle_path(model: str | os.PathLike[str]) -> Path:
    """Where the bundle of a zoo name or path lies; a path is given back as it is.

    Raises:
        UnknownNameError: Neither a path nor a name of the zoo.
    """
    name = os.fspath(model)
    path = Path(name)
    looks_like_path = isinstance(model, os.PathLike) or os.sep in name or path.exists()
    return path if looks_like_path or path.suffix == io.EDGE_SUFFIX else find(name)


def _access(
    gallery: Gallery | GalleryAccess | str | os.PathLike[str] | None, secret: Secret | str | None
) -> GalleryAccess | None:
    """What a recognizer looks into; None when faces are not to be recognized."""
    from edgecnn.faces.access import GalleryAccess
    from edgecnn.faces.gallery import Gallery
    from edgecnn.faces.impostors import find_table
    from edgecnn.faces.unlocking import Passphrase, SystemKeyring

    if isinstance(gallery, str | os.PathLike):
        chosen = Passphrase(secret) if isinstance(secret, str) else secret or SystemKeyring()
        opened = Gallery.open(Path(gallery), chosen)
        opened.table = find_table(opened.contents.space)
        return GalleryAccess(opened)
    if secret is not None:
        raise OptionError("secret opens the gallery at a path; give gallery='.../people.faces'.")
    return GalleryAccess(gallery) if isinstance(gallery, Gallery) else gallery


def _load_composite(
    name: str,
    models: tuple[str | os.PathLike[str], ...],
    settings: dict[str, Any],
    options: Any,
    key: Key | None,
    access: GalleryAccess | None,
) -> Any:
    parts: list[Any] = []
    try:
        for part in models:
            bundle = open_bundle(part, key=key)
            part_options = options if not parts else None
            choice = choose(bundle.manifest, **settings)
            parts.append(TASKS[bundle.manifest.task](bundle, choice, part_options))
        if access is not None:
            from edgecnn.tasks.recognize import FaceRecognizer

            return FaceRecognizer(parts[0], parts[1], access)
        return COMPOSITES[name](*parts)
    except BaseException:
        for loaded in parts:
            loaded.close()
        raise


def draw(picture: Picture, result: Result, color: str | None = None) -> Pixels:
    """A copy of a picture with a result drawn on it.

    Args:
        picture: A path, a `Frame`, or a uint8 array with its ``color``.
        result: What a task answered about it.
        color: For an array: ``"bgr"``, ``"rgb"`` or ``"gray"``.

    Returns:
        (H, W, 3) uint8 in the picture's colour order; BGR for a path or a grey picture.

    Raises:
        ImageError: Not a picture, or an array without its colour order.
    """
    from edgecnn.core.draw import draw as draw_result  # only who draws pays for it

    pixels, order = as_pixels(picture, color)
    return draw_result(pixels, result, color=order)
