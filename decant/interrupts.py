"""Holds Ctrl-C and termination back where stopping half-way would leave a mess."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


@contextmanager
def held() -> Iterator[None]:
    """Let a signal that arrives inside the block act right after it.

    Masking the signals would not do: the kernel then hands them to another thread, such as one of
    torch's, and Python acts on them in the main thread all the same. In other threads there is
    nothing to hold back, since Python acts on signals in the main thread only.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    before: dict[signal.Signals, Any] = {}
    try:
        for number in SIGNALS:
            before[number] = signal.getsignal(number)
            signal.signal(number, lambda which, _frame: arrived.append(which))
        yield
    finally:
        for number, handler in before.items():
            # None: a handler that was not installed from Python and cannot be put back from it.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        if arrived:
            signal.raise_signal(arrived[0])


class Terminated(SystemExit):
    """The process was asked to end (by SIGTERM, say), as opposed to code that ends it itself."""
