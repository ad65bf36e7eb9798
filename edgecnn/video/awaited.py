"""Taking from a mailbox in an event loop, without a thread and without blocking."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar

from edgecnn.video.mailbox import MailboxClosedError

T = TypeVar("T")


class Awaited(AsyncIterator[T], Generic[T]):
    """What is taken, one after the other, until there is no more.

    A wait may be given up and begun again, as `asyncio.wait_for` does when a camera is silent:
    nothing is lost by that. (An asynchronous generator would be at its end.)

    Args:
        take: The next one; None when nothing has come yet. Raises `MailboxClosedError` at the end.
        listen: Has a function called, on any thread, whenever there may be something to take;
            returns what ends that.
    """

    def __init__(
        self,
        take: Callable[[], T | None],
        listen: Callable[[Callable[[], None]], Callable[[], None]],
    ) -> None:
        self._take = take
        self._arrived = asyncio.Event()
        loop, arrived = asyncio.get_running_loop(), self._arrived

        def tell_loop() -> None:
            # The loop may be gone when something comes after it was left.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(arrived.set)

        # Whoever leaves the loop early drops the iterator, and with it the listener.
        self._leave = weakref.finalize(self, listen(tell_loop))
        self._leave.atexit = False

    async def __anext__(self) -> T:
        """The next one, when it has come."""
        await asyncio.sleep(0)  # others have their turn, though there may be something each time
        try:
            while True:
                self._arrived.clear()
                taken = self._take()
                if taken is not None:
                    return taken
                await self._arrived.wait()
        except MailboxClosedError:
            self._leave()
            raise StopAsyncIteration from None
