"""Trying an unknown model file in a child process before it is opened in this one.

A ``.tflite`` or IR that no bundle's hash protects is a program for a native parser, and a damaged
one can crash it in spite of its verifier. The child opens the file and runs it; if it dies or
hangs, only the child does, and the caller gets an error. What a file passed with is remembered by
the hash of its content, so that the second load is quick.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import platformdirs

from edgecnn.errors import BackendError, EdgeCNNError
from edgecnn.runtime.backend import ModelFile, TensorInfo
from edgecnn.runtime.policy import get_backend

TIMEOUT_S = 60.0
MAX_CHILD_BYTES = 12 * 2**30
"""Address space of the child: a damaged file can ask for any amount of memory."""


class ProbedTensor(msgspec.Struct, frozen=True, kw_only=True):
    """An input or output tensor, as `TensorInfo`, in JSON."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What a file that opened and ran turned out to be."""

    inputs: tuple[ProbedTensor, ...]
    outputs: tuple[ProbedTensor, ...]


# Made here and not at the first use: two threads that make it at once crash the interpreter.
_DECODER = msgspec.json.Decoder(Probe)


def probe(model: ModelFile, backend: str) -> Probe:
    """Open and run a model in a child process.

    Args:
        model: Content of the file, and its name for messages.
        backend: Name of the backend to try it with.

    Returns:
        Its tensors.

    Raises:
        BackendError: The backend refuses the file, or the child crashed or hung.
    """
    version = get_backend(backend).version()
    digest = hashlib.sha256(model.model + b"\0" + model.weights).hexdigest()
    remembered = _cache_folder() / f"{digest}-{backend}-{version}.json"
    try:
        return _DECODER.decode(remembered.read_bytes())
    except (OSError, msgspec.DecodeError):
        pass
    result = _run_child(model, backend)
    with contextlib.suppress(OSError):  # without a home it is asked again the next time
        remembered.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=remembered.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(msgspec.json.encode(result))
        Path(name).replace(remembered)
    return result


def _cache_folder() -> Path:
    return Path(platformdirs.user_cache_path("edgecnn")) / "probed"


def _run_child(model: ModelFile, backend: str) -> Probe:
    with tempfile.TemporaryDirectory(prefix="edgecnn-probe-") as folder:
        (Path(folder) / "model").write_bytes(model.model)
        (Path(folder) / "weights").write_bytes(model.weights)
        command = [sys.executable, "-m", "edgecnn.runtime.probe", folder, backend, model.format]
        package_root = str(Path(__file__).resolve().parents[2])
        search = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                timeout=TIMEOUT_S,
                check=False,
                env={**os.environ, "PYTHONPATH": search},
            )
        except subprocess.TimeoutExpired as error:
            raise BackendError(
                f"{model.name} did not answer within {TIMEOUT_S:.0f} s in {backend}: it is damaged "
                "or far too large for this machine."
            ) from error
    if done.returncode == 3:
        answer = json.loads(done.stdout)
        raise BackendError(str(answer["error"]).replace("{name}", model.name))
    if done.returncode != 0:
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"code {done.returncode}"
        raise BackendError(
            f"{model.name} makes {backend} crash ({how}), so it is not opened here. The file is "
            "damaged or not a model; get it again, or convert it again."
        )
    return _DECODER.decode(done.stdout)


def _child(folder: Path, backend: str, file_format: str) -> dict[str, Any]:
    """What the child process does: open, run on zeros and on noise, say which tensors there are."""
    model = ModelFile(
        "{name}",
        "tflite" if file_format == "tflite" else "openvino",
        (folder / "model").read_bytes(),
        (folder / "weights").read_bytes(),
    )
    engine = get_backend(backend).open(model, threads=1)
    random = np.random.default_rng(0)
    for noisy in (False, True):
        feeds: dict[str, Any] = {}
        for name, info in engine.inputs.items():
            noise = random.integers(0, 127, info.shape) if noisy else np.zeros(info.shape)
            feeds[name] = noise.astype(info.dtype)
        engine.infer(feeds)
    return {
        "inputs": [_plain(info) for info in engine.inputs.values()],
        "outputs": [_plain(info) for info in engine.outputs.values()],
    }


def _plain(info: TensorInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "shape": list(info.shape),
        "dtype": info.dtype.name,
        "scale": info.scale,
        "zero_point": info.zero_point,
    }


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MAX_CHILD_BYTES, MAX_CHILD_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _main(arguments: list[str]) -> int:
    _limit_memory()
    try:
        answer, code = _child(Path(arguments[0]), arguments[1], arguments[2]), 0
    except EdgeCNNError as error:
        answer, code = {"error": str(error)}, 3
    except MemoryError:
        answer, code = {"error": "{name} asks for more memory than a model may."}, 3
    sys.stdout.write(json.dumps(answer))
    return code


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
