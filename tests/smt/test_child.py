"""Work in a child process."""

from __future__ import annotations

import os
import signal
import time

from oomcheck.smt.child import Child, Died, Done, Send


def _all(child: Child) -> list[object]:
    found: list[object] = []
    while not found or not isinstance(found[-1], Done | Died):
        message = child.next(10.0)
        assert message is not None
        found.append(message)
    child.close()
    return found


def test_messages_arrive_in_order() -> None:
    """What the work sends comes in order, then the end."""

    def work(send: Send) -> None:
        for number in range(3):
            send(number)

    assert _all(Child(work)) == [0, 1, 2, Done()]


def test_a_crash_ends_in_a_reason() -> None:
    """A signal that ends the process is named, and what came before is kept."""

    def work(send: Send) -> None:
        send("first")
        os.kill(os.getpid(), signal.SIGKILL)

    assert _all(Child(work)) == ["first", Died("the solver's process was ended by SIGKILL")]


def test_an_exception_ends_in_a_reason() -> None:
    """An exception is no end of the work."""

    def work(send: Send) -> None:
        raise ValueError

    assert _all(Child(work)) == [Died("the solver's process ended with status 1")]


def test_memory_is_bounded() -> None:
    """What asks for more memory than it may have gets none."""

    def work(send: Send) -> None:
        bytearray(8 << 30)

    assert _all(Child(work, memory=1 << 30)) == [Died("the solver ran out of memory")]


def test_nothing_within_the_time() -> None:
    """A child that is busy is told from one that has ended; closing it does not wait for it."""

    def work(send: Send) -> None:
        time.sleep(600)

    child = Child(work)
    assert child.next(0.05) is None
    child.close()
