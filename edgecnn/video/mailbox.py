"""One slot between two threads: what a camera needs instead of a queue.

A queue in front of a model that is slower than its camera grows, and every answer is older than
the one before. One slot in which the newest frame replaces the waiting one keeps answers as fresh
as the model allows; what was replaced is counted. Files lose nothing: there the sender waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class MailboxClosedError(Exception):
    """Nothing is in the box, and nothing will come any more."""


class Mailbox(Generic[T]):
    """Hands items from one thread to another, one at a time, in order.

    Args:
        lossless: With it, `put` waits until the slot is free; without, the newest item wins.

    Attributes:
        replaced: How many items were replaced by a newer one before anybody took them.
    """

    def __init__(self, *, lossless: bool = False) -> None:
        self.lossless = lossless
        self.replaced = 0
        self._changed = threading.Condition()
        self._items: list[T] = []
        self._ended = False
        self._listeners: list[Callable[[], None]] = []

    def put(self, item: T) -> bool:
        """Leave an item.

        Returns:
            False when the box is closed and the item went nowhere.
        """
        with self._changed:
            while self.lossless and self._items and not self._ended:
                self._changed.wait()
            if self._ended:
                return False
            if self._items:
                self.replaced += 1
                self._items.clear()
            self._items.append(item)
            self._tell()
        return True

    def take(self, timeout_s: float | None = None) -> T | None:
        """The waiting item; waits for one.

        Args:
            timeout_s: Waits at most so long; 0 does not wait, None waits as long as it takes.

        Returns:
            The item, or None when the time is over.

        Raises:
            MailboxClosedError: The box is closed, and what was in it has been taken.
        """
        end_s = None if timeout_s is None else time.monotonic() + timeout_s
        with self._changed:
            while not self._items:
                if self._ended:
                    raise MailboxClosedError
                left_s = None if end_s is None else end_s - time.monotonic()
                if left_s is not None and left_s <= 0:
                    return None
                self._changed.wait(left_s)
            item = self._items.pop()
            self._changed.notify_all()
        return item

    def close(self, *, discard: bool = False) -> None:
        """Take no more items; whoever waits is woken. Closing twice is harmless.

        Args:
            discard: Throw away the waiting item as well, instead of leaving it to be taken.
        """
        with self._changed:
            self._ended = True
            if discard:
                self._items.clear()
            self._tell()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call a function whenever there may be something to take, or the box was closed.

        It is called on the sender's thread and has to be quick: it may set an event, no more.

        Returns:
            A function that ends this.
        """
        with self._changed:
            # A new list each time, so that one that is being walked is never changed.
            self._listeners = [*self._listeners, listener]

        def leave() -> None:
            with self._changed:
                self._listeners = [known for known in self._listeners if known is not listener]

        return leave

    def _tell(self) -> None:
        self._changed.notify_all()
        for listener in self._listeners:
            listener()
