"""Ctrl-C and SIGTERM as a wish to stop that searches ask for."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

GRACE: Final = 0.8  # seconds that work may go on after the wish to stop, where what is known survives its end


@contextmanager
def interruptible(grace: float | None = None) -> Iterator[Callable[[], str]]:
    """While inside, Ctrl-C and SIGTERM ask the search to stop.

    Before a search has asked for the first time, and the second time, they raise as usual. With `grace` so do they
    that many seconds after the first time, if the work inside has not come to its end by then.
    """
    reason, asked = "", False

    def stop(number: int, _frame: object) -> None:
        nonlocal reason
        if reason or not asked:
            raise KeyboardInterrupt
        reason = "interrupted" if number == signal.SIGINT else "terminated"
        if grace is not None:
            signal.setitimer(signal.ITIMER_REAL, grace)

    def hurry(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    def should_stop() -> str:
        nonlocal asked
        asked = True
        return reason

    handlers = [(signal.SIGINT, stop), (signal.SIGTERM, stop), *([(signal.SIGALRM, hurry)] if grace else [])]
    saved = [(number, signal.signal(number, handler)) for number, handler in handlers]
    try:
        yield should_stop
    finally:
        if grace is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in saved:
            signal.signal(number, handler)
