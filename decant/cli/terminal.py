"""What reaches the user's terminal: lines of results, lines of progress, and bars."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TextIO, TypeVar

from ..errors import DataError
from ..interrupts import Terminated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress

    from ..pipeline.documents.document import Document

# A shell's exit codes of commands that signals have ended count from here.
SIGNALLED = 128
PLAIN_LINE_EVERY_S = 10.0
# What keeps lines from a place that was opened for them.
UNPRINTABLE = {errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC}


class Documented(Protocol):
    """What a command found, which can be written as JSON."""

    def document(self) -> Document:
        """Write it as `--json` does."""


Found = TypeVar("Found", bound=Documented)


@dataclass(slots=True)
class Reply:
    """The one object that is printed in place of lines of results.

    Attributes:
        command: As it is typed behind `decant`; None if there is none of that name.
        result: What it found; None as long as it has found nothing.
        sent: Whether it has been printed.
    """

    command: str | None
    result: Document | None = None
    sent: bool = False

    def send(self, out: TextIO, exit_code: int, message: str = "", log: str | None = None) -> None:
        """Print the object, unless that is done.

        Args:
            out: Where to.
            exit_code: That the command ends with.
            message: Of what ended it, if it is no 0.
            log: File that is to be reported.
        """
        from ..pipeline.documents.document import Answer, Failure

        if self.sent:
            return
        self.sent = True
        error = Failure(message=message, log=log) if exit_code else None
        answer = Answer(command=self.command, exit_code=exit_code, error=error, result=self.result)
        _print(answer.to_json(), out)


@dataclass(frozen=True, slots=True)
class Terminal:
    """The streams that the user sees, whatever else the process and its children print.

    Attributes:
        out: For results.
        err: For progress and failures.
        reply: The object that is printed in place of lines of results; None to print these.
    """

    out: TextIO
    err: TextIO
    reply: Reply | None = None
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

    def give(self, found: Found, show: Callable[[Terminal, Found], object]) -> None:
        """Give what a command found: as lines, or as the object that its end completes.

        Args:
            found: That.
            show: Prints it as lines of results; what it says besides is said either way.
        """
        if self.reply is not None:
            self.reply.result = found.document()
        show(self, found)

    def result(self, text: str) -> None:
        """Print a line of results, unless an object is printed in place of them."""
        if self.reply is None:
            _print(text, self.out)

    def send(self, exit_code: int = 0, message: str = "", log: str | None = None) -> None:
        """Print the object, if there is to be one and it has not been printed yet."""
        if self.reply is not None:
            self.reply.send(self.out, exit_code, message, log)

    @contextlib.contextmanager
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

    @contextlib.contextmanager
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

    @contextlib.contextmanager
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


def open_streams() -> None:
    """Let what is printed go nowhere where standard output or error is closed (`>&-`)."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free.
            os.open(os.devnull, os.O_RDWR)
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8", closefd=False))
        # A path may hold bytes that are no UTF-8.
        getattr(sys, name).reconfigure(errors="backslashreplace")


@contextlib.contextmanager
def printing() -> Iterator[None]:
    """Print what is no command's: help, and what is said of arguments.

    Raises:
        SystemExit: If it cannot be printed.
    """
    try:
        yield
    except (OSError, DataError) as error:
        if isinstance(error, OSError) and (error.filename or error.errno not in UNPRINTABLE):
            raise
        silence(sys.stdout)
        with contextlib.suppress(DataError):
            told = _unprinted(error) if isinstance(error, OSError) else error
            _print(f"error: {told}", sys.stderr)
        raise SystemExit(DataError.exit_code) from None


def silence(stream: TextIO) -> None:
    """Let a stream that takes no more take everything: what it buffers must not fail at its end."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def _unprinted(error: OSError) -> DataError:
    return DataError(f"what is printed cannot be written ({error.strerror}); send it elsewhere")


def _print(text: str, stream: TextIO) -> None:
    """Print a line; ends the command quietly where nobody reads any more, as `| head` does.

    Raises:
        DataError: If it cannot be printed, on a full disk for example.
    """
    try:
        print(text, file=stream, flush=True)
    except OSError as error:
        silence(stream)
        if error.errno in (errno.EPIPE, errno.EIO):
            raise Terminated(SIGNALLED + signal.SIGPIPE) from None
        raise _unprinted(error) from error
