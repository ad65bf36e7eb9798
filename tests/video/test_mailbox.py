from __future__ import annotations

import threading

import pytest

from edgecnn.video.mailbox import Mailbox, MailboxClosedError


def test_the_newest_item_replaces_one_that_waits_and_the_loss_is_counted() -> None:
    box: Mailbox[int] = Mailbox()
    assert [box.put(number) for number in (1, 2, 3)] == [True, True, True]
    assert box.take() == 3
    assert box.replaced == 2
    box.put(4)
    assert (box.take(), box.replaced) == (4, 2)


def test_a_lossless_box_makes_the_sender_wait_and_loses_nothing() -> None:
    box: Mailbox[int] = Mailbox(lossless=True)

    def send() -> None:
        for number in range(200):
            box.put(number)
        box.close()

    sender = threading.Thread(target=send)
    sender.start()
    got = [box.take(10) for _ in range(200)]
    sender.join(10)
    with pytest.raises(MailboxClosedError):
        box.take()
    assert got == list(range(200))
    assert box.replaced == 0


def test_taking_from_an_empty_box_gives_up_when_the_time_is_over() -> None:
    box: Mailbox[int] = Mailbox()
    assert box.take(0) is None
    assert box.take(0.01) is None


def test_what_waits_in_a_box_that_is_closed_can_still_be_taken() -> None:
    box: Mailbox[int] = Mailbox()
    box.put(1)
    box.close()
    assert box.put(2) is False
    assert box.take() == 1
    with pytest.raises(MailboxClosedError):
        box.take()


def test_what_waits_in_a_box_that_is_emptied_is_gone() -> None:
    box: Mailbox[int] = Mailbox()
    box.put(1)
    box.close(discard=True)
    with pytest.raises(MailboxClosedError):
        box.take(0)


@pytest.mark.parametrize("lossless", [False, True])
def test_closing_wakes_whoever_waits(lossless: bool) -> None:
    box: Mailbox[int] = Mailbox(lossless=lossless)
    seen: list[str] = []

    def receive() -> None:
        try:
            box.take()
        except MailboxClosedError:
            seen.append("receiver")

    receiver = threading.Thread(target=receive)
    receiver.start()
    box.close()
    receiver.join(10)
    assert seen == ["receiver"]


def test_closing_frees_a_sender_that_waits() -> None:
    box: Mailbox[int] = Mailbox(lossless=True)
    box.put(1)
    answers: list[bool] = []
    sender = threading.Thread(target=lambda: answers.append(box.put(2)))
    sender.start()
    box.close()
    sender.join(10)
    assert answers == [False]
    assert box.take() == 1


def test_a_listener_hears_of_items_and_of_the_end_until_it_leaves() -> None:
    box: Mailbox[int] = Mailbox()
    heard: list[str] = []
    leave = box.listen(lambda: heard.append("first"))
    box.listen(lambda: heard.append("second"))
    box.put(1)
    leave()
    box.close()
    assert heard == ["first", "second", "second"]
