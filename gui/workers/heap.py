"""Giving memory back to the system."""

from __future__ import annotations

import contextlib
import ctypes


def give_back_freed() -> None:
    """Return memory that was freed to the system, where the C library can.

    glibc keeps what is freed for later, in one heap a thread; after models of several sizes came
    and went, that was more than half of what the app occupied. Takes milliseconds, so it is for
    moments in which much was freed, off the window's thread.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        # musl, macOS and Windows have no such function.
        ctypes.CDLL(None).malloc_trim(ctypes.c_size_t(0))
