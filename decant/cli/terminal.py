"""What reaches the user's terminal: lines of results, lines of progress, and bars."""

from __future__ import annotations

import errno
import os
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from ..interrupts import Terminated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress

# A shell's exit codes of commands that signals have ended count from here.
SIGNALLED = 128
PLAIN_LINE_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Terminal:
    """The streams that the user sees, whatever else the process and its children print.

    Attributes:
        out: For results.
        err: For progress and failures.
    """

    out: TextIO
    err: TextIO
    _live: list[Progress] = field(default_factory=list, repr=False)

    @property
    def columns(self) -> int | None:
        """How wide the terminal is that results go to; None if they go elsewhere."""
        return _columns(self.out)

    def say(self, text: str) -> None:
        """Print one line of progress, above the bars if there are any."""
        if self._live:
            self._live[0].console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            _print(text, self.err)

    def result(self, text: str) -> None:
        """Print a result."""
        _print(text, self.out)

    @contextmanager
    def task(self, what: str, total: int | None) -> Iterator[Callable[[], object]]:
        """Show a bar on a terminal, and now and then a plain line elsewhere."""
        if not self.err.isatty():
            yield _plain_progress(self, what, total)
            return
        with self._bars() as bars:
            bar = bars.add_task(what, total=total)
            try:
                yield lambda: bars.advance(bar)
            finally:
                bars.remove_task(bar)

    @contextmanager
    def bars_gone(self) -> Iterator[None]:
        """Take what bars there are off the terminal at the end, come what may.

        Those of a generator that an exception has left half-way live as long as the exception.
        """
        try:
            yield
        finally:
            for bars in self._live:
                bars.stop()
            self._live.clear()

    @contextmanager
    def _bars(self) -> Iterator[Progress]:
        """Give the bars on the terminal, which are one above the other, or make them."""
        if self._live:
            yield self._live[0]
            return
        from rich.console import Console
        from rich.progress import Progress

        console = Console(file=self.err, width=_columns(self.err))
        # What libraries print meanwhile goes where it went, not above the bars.
        with Progress(
            console=console, transient=True, redirect_stdout=False, redirect_stderr=False
        ) as bars:
            self._live.append(bars)
            try:
                yield bars
            finally:
                self._live.clear()


def _plain_progress(terminal: Terminal, what: str, total: int | None) -> Callable[[], None]:
    """Count steps and print a line every few seconds."""
    done, shown = 0, time.monotonic()

    def advance() -> None:
        nonlocal done, shown
        done += 1
        if time.monotonic() - shown > PLAIN_LINE_EVERY_S:
            shown = time.monotonic()
            terminal.say(f"  {what}: {done}" + (f" of {total}" if total else ""))

    return advance


def _columns(stream: TextIO) -> int | None:
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except OSError:
        return None


def _print(text: str, stream: TextIO) -> None:
    """Print a line; ends the command quietly where nobody reads any more, as `| head` does."""
    try:
        print(text, file=stream, flush=True)
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.EIO):
            raise
        # What is still buffered must not fail once more when the stream is closed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise Terminated(SIGNALLED + signal.SIGPIPE) from None
