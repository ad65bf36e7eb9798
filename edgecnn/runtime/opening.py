"""From a chosen variant of a bundle to a running session."""

from __future__ import annotations

from edgecnn.bundle.io import Bundle
from edgecnn.bundle.schema import TensorSpec
from edgecnn.errors import BundleError
from edgecnn.runtime.backend import Engine, ModelFile
from edgecnn.runtime.policy import Choice, get_backend
from edgecnn.runtime.session import Session


def open_session(bundle: Bundle, choice: Choice, *, warm_up: int = 1) -> Session:
    """Open a variant: its files are verified, handed to the backend, and run once on zeros.

    Args:
        bundle: Where the files are.
        choice: From `edgecnn.runtime.policy.choose`.
        warm_up: Runs on zeros before the session is handed out.

    Raises:
        BundleError: A file is missing or altered, or the model has other tensors than the bundle
            says.
        BackendError: The backend refuses the model.
    """
    variant = choice.variant
    model, weights = bundle.read_variant(variant)
    names = {spec.tensor: spec.name for spec in (*variant.inputs, *variant.outputs)}
    where = f"{bundle.manifest.name}/{variant.file}"
    engine = get_backend(choice.backend).open(
        ModelFile(where, variant.format, model, weights, names),
        threads=choice.threads,
        compute=choice.compute,
    )
    try:
        _check_tensors(engine, variant.inputs, variant.outputs, where)
    except BundleError:
        engine.close()
        raise
    session = Session(engine)
    session.warm_up(warm_up)
    return session


def _check_tensors(
    engine: Engine,
    inputs: tuple[TensorSpec, ...],
    outputs: tuple[TensorSpec, ...],
    where: str,
) -> None:
    for kind, specs, infos in (
        ("input", inputs, engine.inputs),
        ("output", outputs, engine.outputs),
    ):
        for spec in specs:
            info = infos.get(spec.name)
            if info is None or info.shape != spec.shape:
                found = {name: tensor.shape for name, tensor in infos.items()}
                raise BundleError(
                    f"{where}: the bundle says that it has the {kind} {spec.name!r} of shape "
                    f"{spec.shape}, but the model has {found}."
                )
    unlisted = sorted(set(engine.inputs) - {spec.name for spec in inputs})
    if unlisted:
        raise BundleError(
            f"{where}: the model has the inputs {unlisted}, which the bundle does not list, so "
            "that nothing would be fed to them."
        )
