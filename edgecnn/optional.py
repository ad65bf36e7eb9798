"""The one place where optional dependencies are imported."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

from edgecnn.errors import MissingExtraError

REPORTS_USE = "openvino_telemetry"
"""OpenVINO and NNCF tell their maker by it that they are used; they do without where it is not."""


def require(module: str, *, extra: str) -> ModuleType:
    """Import an optional dependency, or say which command installs it.

    Nothing is ever installed at run time, and nothing that is imported reports to anybody.

    Args:
        module: Dotted name of the module, for example ``"openvino"``.
        extra: The extra of the edgecnn distribution that brings it.

    Returns:
        The imported module.

    Raises:
        MissingExtraError: The module, or one that it needs, is not installed.
    """
    # None stands for a module that is not there: what nobody has loaded yet stays away.
    sys.modules.setdefault(REPORTS_USE, None)  # type: ignore[arg-type]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if getattr(sys, "frozen", False):
            raise MissingExtraError(
                f"This needs the module {module!r}, which was left out of this package. For it, "
                f"install edgecnn with Python: pip install 'edgecnn[{extra}]'"
            ) from error
        raise MissingExtraError(
            f"This needs the module {module!r}, which is not installed ({error}). "
            f"Install it with: pip install 'edgecnn[{extra}]'"
        ) from error
