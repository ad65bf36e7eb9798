"""A file or folder that somebody wants to use: what it is, and what it does not say."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edgecnn.bundle import io
from edgecnn.bundle.metadata import Embedded
from edgecnn.bundle.metadata_openvino import read_rt_info
from edgecnn.bundle.metadata_tflite import read_tflite_metadata
from edgecnn.bundle.paths import MANIFEST, check_path
from edgecnn.bundle.schema import DecoderSpec
from edgecnn.errors import BundleError
from edgecnn.runtime.bare import BARE_SUFFIXES, Description, bundle_from_file
from edgecnn.runtime.described_parts import HOW_TO_DESCRIBE
from edgecnn.zoo.catalogue import names, user_folder
from gui.models.questions import Answers, Questions, description, questions_for

NETWORKS = frozenset({".keras", ".h5", ".onnx"})
"""Networks that have to be converted first."""
_TENSORS = Description(task="tensors", input=None, decoder=DecoderSpec(name="tensors"))


@dataclass(frozen=True, slots=True)
class Foreign:
    """What was found.

    Attributes:
        path: Where it is.
        bundle: Ready to be used; None where something has to be asked, or converted, first.
        questions: What has to be asked; None where nothing has.
        network: It is a network for conversion.
    """

    path: Path
    bundle: io.Bundle | None = None
    questions: Questions | None = None
    network: bool = False

    @property
    def sealed(self) -> bool:
        """It is a bundle of its own, whose name and texts are taken over as they are."""
        return self.bundle is not None and self.path.suffix.lower() not in BARE_SUFFIXES


def is_model(path: Path) -> bool:
    """Whether a path looks like something that can be imported, by its name alone."""
    known = path.suffix.lower() in BARE_SUFFIXES | NETWORKS | {io.EDGE_SUFFIX}
    return known or (path / MANIFEST).is_file()


def examine(path: Path) -> Foreign:
    """Find out what a file or folder is. A bare file is tried in a child process first.

    Raises:
        BundleError: Missing, damaged, or nothing that is known here.
        BackendError: No backend opens it, or it crashes them.
        OptionError: It fits none of the camera's tasks.
    """
    suffix = path.suffix.lower()
    if suffix in NETWORKS and path.is_file():
        return Foreign(path, network=True)
    if path.is_dir() or suffix == io.EDGE_SUFFIX:
        bundle = io.load(path)
        bundle.verify()
        return Foreign(path, bundle)
    if suffix not in BARE_SUFFIXES:
        raise BundleError(
            f"{path.name} is no model that is known here. Known are .tflite, .xml (OpenVINO), "
            f"{io.EDGE_SUFFIX}, the folder of a bundle, and for conversion "
            f"{', '.join(sorted(NETWORKS))}."
        )
    try:
        return Foreign(path, bundle_from_file(path))
    except BundleError as error:
        if HOW_TO_DESCRIBE not in str(error):
            raise
    variant = bundle_from_file(path, _TENSORS).manifest.variants[0]
    weights = path.with_suffix(".bin") if suffix == ".xml" else path
    content = hashlib.sha256(weights.read_bytes())
    asked = questions_for(
        variant.inputs,
        variant.outputs,
        _embedded(path),
        space=f"imported-{content.hexdigest()[:12]}",
    )
    return Foreign(path, questions=asked)


def bundle_of(foreign: Foreign, answers: Answers | None) -> io.Bundle:
    """A bundle in memory.

    Args:
        foreign: That was examined.
        answers: To its questions, when it has some.

    Raises:
        BundleError: The file does not fit the answers.
        OptionError: Answers that cannot be, or none.
    """
    if foreign.bundle is not None:
        return foreign.bundle
    if foreign.questions is None or answers is None:
        raise BundleError(f"{foreign.path.name} has to be described or converted first.")
    return bundle_from_file(foreign.path, description(foreign.questions, answers))


def check_name(name: str) -> str:
    """A name for a new model, as it is.

    Raises:
        BundleError: Not a plain name, or taken.
    """
    check_path(name, where="The name of a model")
    if "/" in name or name.startswith("."):
        raise BundleError(f"{name!r} is no plain name. Use letters, digits, - and _.")
    if name in names():
        raise BundleError(f"There is a model {name!r} already. Choose another name.")
    return name


def plain_name(stem: str) -> str:
    """A file's stem as a name that a model may have."""
    kept = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in stem)
    return kept.strip("_").lower() or "model"


def save(bundle: io.Bundle, name: str, *, title: str = "", licence: str = "") -> Path:
    """Write a bundle into the user's own models: all of it, or nothing.

    Args:
        bundle: What is saved.
        name: Under which it is found. A bundle that has its own name and texts keeps its bytes,
            and so its signature.
        title: In place of the bundle's own; empty leaves that.
        licence: The same.

    Returns:
        The folder.

    Raises:
        BundleError: The name is taken, or it cannot be written.
    """
    target = user_folder() / check_name(name)
    manifest = msgspec.structs.replace(
        bundle.manifest,
        name=name,
        title=title or bundle.manifest.title,
        licence=licence or bundle.manifest.licence,
    )
    return io.export(io.Bundle(manifest, bundle.store), target)


def adopt(name: str) -> None:
    """Give one of the user's own bundles the name under which it lies.

    `edgecnn optimize` writes the bundle that it was given, with the winner first, under the name
    that it had; two models of one name could not be told apart.

    Raises:
        BundleError: It cannot be read or written.
    """
    folder = user_folder() / name
    bundle = io.load(folder)
    if bundle.manifest.name == name:
        return
    head, colon, tail = bundle.manifest.title.partition(":")
    manifest = msgspec.structs.replace(
        bundle.manifest, name=name, title=f"{head}, optimized{colon}{tail}"
    )
    io.export(io.Bundle(manifest, bundle.store), folder, force=True)


def _embedded(path: Path) -> Embedded:
    """What the file says of itself, as far as that can be read."""
    read = read_tflite_metadata if path.suffix.lower() == ".tflite" else read_rt_info
    try:
        return read(path.read_bytes()) or Embedded()
    except BundleError:
        return Embedded()
