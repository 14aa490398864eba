"""What reaches the user's terminal: our own lines, one message per failure, nothing else."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import signal
import sys
import tempfile
import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, TextIO

import typer

from ..errors import DataError, DecantError, InternalError
from ..interrupts import Terminated
from ..progress import watched_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "GLOG_minloglevel": "3",
    "ABSL_MIN_LOG_LEVEL": "3",
    "KMP_WARNINGS": "0",
    "MPLBACKEND": "agg",
}
# Whatever file it was that did not fit, such a failure is the disk's and not ours.
DISK_FAULTS = {errno.EDQUOT, errno.EFBIG, errno.ENOSPC, errno.EROFS}
INTERRUPTED = 130
TERMINATED = 143
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

    def say(self, text: str) -> None:
        """Print one line of progress."""
        print(text, file=self.err, flush=True)

    def result(self, text: str) -> None:
        """Print a result."""
        print(text, file=self.out, flush=True)

    @contextmanager
    def task(self, what: str, total: int | None) -> Iterator[Callable[[], object]]:
        """Show a bar on a terminal, and now and then a plain line elsewhere."""
        if not self.err.isatty():
            yield _plain_progress(self, what, total)
            return
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(file=self.err), transient=True) as bars:
            bar = bars.add_task(what, total=total)
            yield lambda: bars.advance(bar)


@contextmanager
def session(*, verbose: bool = False) -> Iterator[Terminal]:
    """Run a command's work: keeps noise off the terminal and turns failures into exit codes.

    Everything that is printed past the terminal, native libraries and child processes included,
    goes to a log file, which is kept only when the fault is ours.

    Raises:
        typer.Exit: With the exit code, after any failure.
    """
    os.environ.update({name: os.environ.get(name, value) for name, value in QUIET.items()})
    signal.signal(signal.SIGTERM, _terminate)
    with (
        _log_file() as log,
        _seen(log, verbose=verbose) as terminal,
        _log_lines(terminal, verbose=verbose),
        watched_by(terminal),
    ):
        try:
            yield terminal
        except typer.Exit:
            raise
        except KeyboardInterrupt:
            terminal.say("interrupted")
            raise typer.Exit(INTERRUPTED) from None
        except InternalError as error:
            _report_own_fault(terminal, error, str(error), log)
            raise typer.Exit(error.exit_code) from None
        except DecantError as error:
            terminal.say(f"error: {error}")
            raise typer.Exit(error.exit_code) from None
        except OSError as error:
            if error.errno not in DISK_FAULTS:
                _report_own_fault(terminal, error, f"{type(error).__name__}: {error}", log)
                raise typer.Exit(InternalError.exit_code) from None
            place = error.filename or tempfile.gettempdir()
            terminal.say(f"error: {place}: cannot be written ({error.strerror})")
            raise typer.Exit(DataError.exit_code) from None
        except Exception as error:  # noqa: BLE001 (the last resort, so that no traceback shows)
            _report_own_fault(terminal, error, f"{type(error).__name__}: {error}", log)
            raise typer.Exit(InternalError.exit_code) from None


def _report_own_fault(terminal: Terminal, error: Exception, message: str, log: IO[str]) -> None:
    """Print one message, and keep the whole story in a file."""
    traceback.print_exception(error, file=log)
    log.flush()
    log.seek(0)
    terminal.say(f"error: {message}")
    try:
        descriptor, name = tempfile.mkstemp(prefix="decant-", suffix=".log")
        with open(descriptor, "w", encoding="utf-8") as kept:
            kept.write(log.read())
    except OSError as reason:
        terminal.say(f"This is decant's own fault; no log could be kept ({reason.strerror}).")
    else:
        terminal.say(f"This is decant's own fault; please report it with {name}")


def _log_file() -> IO[str]:
    """Open a nameless file for what is printed; a full disk is no reason to stop here."""
    try:
        return tempfile.TemporaryFile("a+", encoding="utf-8", errors="replace")
    except OSError:
        return open(os.devnull, "a+", encoding="utf-8")


@contextmanager
def _seen(log: IO[str], *, verbose: bool) -> Iterator[Terminal]:
    """Yield what the user sees: everything, or our own lines only."""
    if verbose:
        yield Terminal(sys.stdout, sys.stderr)
        return
    with _redirected(log) as terminal:
        yield terminal


@contextmanager
def _redirected(log: IO[str]) -> Iterator[Terminal]:
    """Send the process's standard output and error to a log, and yield the real ones."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with (
        os.fdopen(os.dup(1), "w", encoding="utf-8") as out,
        os.fdopen(os.dup(2), "w", encoding="utf-8") as err,
        contextlib.redirect_stdout(log),
        contextlib.redirect_stderr(log),
    ):
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        try:
            yield Terminal(out, err)
        finally:
            with contextlib.suppress(OSError):
                log.flush()
            for descriptor, original in enumerate(kept, start=1):
                os.dup2(original, descriptor)
                os.close(original)


@contextmanager
def _log_lines(terminal: Terminal, *, verbose: bool) -> Iterator[None]:
    """Show our libraries' notes as lines."""

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            warns = record.levelno >= logging.WARNING
            terminal.say(("warning: " if warns else "  ") + record.getMessage())

    handler, logger = Lines(), logging.getLogger("decant")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)


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


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    raise Terminated(TERMINATED)
