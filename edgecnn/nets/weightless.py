"""Build a net without its weights: shapes and names alone, to count and to print."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras
from keras.src.backend.common import global_state

_WAITING = "uninitialized_variables"


@contextlib.contextmanager
def weightless() -> Iterator[None]:
    """Within this block, layers are built with weights that have a shape but no memory.

    VGG-16 then takes kilobytes, not 550 MB. Such a model can be counted and printed; it can
    neither run nor be trained, saved or converted.

    Keras itself defers the values of variables that are made in a `keras.StatelessScope`, and keeps
    a list of them to fill them in at the next opportunity; what was made here is taken off that
    list again. There is no public name for the list.
    """
    waiting = list(global_state.get_global_attribute(_WAITING) or ())
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        global_state.set_global_attribute(_WAITING, waiting)
