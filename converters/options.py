"""What `edgecnn.convert` may be told beyond model, task and data, in four small groups.

`About` is for people who read the bundle; `Signature` for networks that do not explain themselves;
`Proof` for what is demanded; `Int8` for how 8 bits are reached. Each field has a default that suits
a classifier of pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from converters.quantization.plan import Int8Plan
from edgecnn.bundle.keys import Key
from edgecnn.bundle.schema import DecoderSpec, EmbeddingSpec
from edgecnn.errors import OptionError

Preprocess = Callable[[Path], NDArray[Any]]
"""From an image file to an input tensor, (H, W, C) or with a batch axis, as training made it."""
Progress = Callable[[str, float], None]
"""Told what is being done, and the share of it that is done, 0..1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a bundle says of itself to people; the fields are those of `Manifest`.

    Attributes:
        name: None takes the name of the output folder.
        title: None takes the name.
    """

    name: str | None = None
    title: str | None = None
    licence: str = "unknown"
    source: str | None = None
    paper: str = ""
    training_data: str = ""
    limits: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What cannot be read off the network.

    Attributes:
        outputs: Names for its outputs, in its order, as the decoder knows them; None where the task
            needs one output and the network has one.
        decoder: How outputs become a result; None for the task's plain decoder. Detection has none.
        embedding: For the task ``embed``; None makes a space of its own with cosine distance.
        inputs: Names for its inputs, in its order; None keeps its own (``image`` for a single one).
        input_shapes: Input name -> shape with the batch axis, where the network leaves sizes open;
            of a network with one input, the shape alone.
        batch: For an open batch axis. Pictures go in one by one, so only the task ``tensors`` may
            have another than 1.
        custom_objects: Name -> class or function, for Keras files with layers of your own.
    """

    outputs: tuple[str, ...] | None = None
    decoder: DecoderSpec | None = None
    embedding: EmbeddingSpec | None = None
    inputs: tuple[str, ...] | None = None
    input_shapes: Mapping[str, tuple[int, ...]] | tuple[int, ...] | None = None
    batch: int = 1
    custom_objects: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is demanded, and on what it is measured.

    Attributes:
        gates: Name -> bound, for gates that shall differ from `converters.gates.DEFAULTS`
            ("int8.cosine": 0.95). Lowering one is said in the report.
        preprocess: The training code's own way from an image file to an input tensor, to be
            compared with the device's.
        pictures: How many pictures tasks are compared on, at most.
        tensors: How many inputs raw outputs are compared on, at most.
        seed: Of every choice that is made.
        rounds: Timed runs of each variant and backend; 0 measures no latency.
        threads: Of the timed runs.
    """

    gates: Mapping[str, float] = field(default_factory=dict)
    preprocess: Preprocess | None = None
    pictures: int = 500
    tensors: int = 64
    seed: int = 0
    rounds: int = 30
    threads: int = 1

    def __post_init__(self) -> None:
        for name in ("pictures", "tensors"):
            if getattr(self, name) < 1:
                raise OptionError(f"Proof.{name} must be 1 or more, but got {getattr(self, name)}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Int8:
    """How 8 bits are reached.

    Attributes:
        plan: The first try; what a remedy changes starts from it.
        budget_s: Seconds that remedies may take for each file; 0 tries none.
        accuracy_control: OpenVINO: let NNCF itself put layers back into float until the metric on
            the validation set drops by no more than the gate allows. Slow.
    """

    plan: Int8Plan = field(default_factory=Int8Plan)
    budget_s: float = 300.0
    accuracy_control: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertOptions:
    """All four groups.

    Attributes:
        sign: Private Ed25519 key that the bundle is signed with, PEM or the path of a PEM file;
            None leaves it unsigned. For a key with a passphrase sign afterwards: edgecnn sign.
    """

    about: About = field(default_factory=About)
    signature: Signature = field(default_factory=Signature)
    proof: Proof = field(default_factory=Proof)
    int8: Int8 = field(default_factory=Int8)
    sign: Key | None = None


def no_progress(what: str, share: float) -> None:
    """A `Progress` that tells no one."""
    del what, share


__all__ = [
    "About",
    "ConvertOptions",
    "Int8",
    "Preprocess",
    "Progress",
    "Proof",
    "Signature",
    "no_progress",
]
