"""What every engine checks before it runs: are all inputs fed, with the right shape and type?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edgecnn.errors import BackendError
from edgecnn.runtime.backend import Array, Feed, TensorInfo


def check_names(feeds: Mapping[str, Feed], inputs: Mapping[str, TensorInfo]) -> None:
    """Raise BackendError unless exactly the inputs are fed."""
    if feeds.keys() != inputs.keys():
        raise BackendError(f"The model takes the inputs {sorted(inputs)}, but got {sorted(feeds)}.")


def write_feed(feed: Feed, view: Array, info: TensorInfo) -> None:
    """Put a feed into an input tensor's memory.

    Raises:
        BackendError: An array of another shape or type than the tensor's.
    """
    if not isinstance(feed, np.ndarray):
        feed(view)
        return
    if feed.shape != info.shape or feed.dtype != info.dtype:
        raise BackendError(
            f"The input {info.name!r} takes {info.dtype} of shape {info.shape}, but got "
            f"{feed.dtype} of shape {feed.shape}."
        )
    np.copyto(view, feed)


def unique_name(tensor: str, names: Mapping[str, str] | None) -> str:
    """The name that feeds and outputs go by, for a tensor of the file."""
    return tensor if names is None else names.get(tensor, tensor)
