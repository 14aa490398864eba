"""Runs a command: our own lines reach the terminal, a failure gives one message and its code."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shlex
import signal
import sys
import tempfile
import traceback
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

import typer

from ..artifacts import WRITE_ERRORS
from ..errors import DataError, DecantError, InternalError
from ..interrupts import Terminated
from ..progress import watched_by
from .terminal import SIGNALLED, Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
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
# What asks a command to end.
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def session(*, verbose: bool = False) -> Iterator[Terminal]:
    """Run a command's work: keeps noise off the terminal and turns failures into exit codes.

    Everything that is printed past the terminal, native libraries and child processes included,
    goes to a log file, which is kept only when the fault is ours.

    Raises:
        typer.Exit: With the exit code, after any failure.
    """
    os.environ.update({name: os.environ.get(name, value) for name, value in QUIET.items()})
    with (
        _stoppable(),
        _log_file() as log,
        _seen(log, verbose=verbose) as terminal,
        _log_lines(terminal, verbose=verbose),
        watched_by(terminal),
    ):
        try:
            with terminal.bars_gone():
                yield terminal
        except typer.Exit:
            raise
        except KeyboardInterrupt:
            terminal.say("interrupted; run again to go on")
            raise typer.Exit(SIGNALLED + signal.SIGINT) from None
        except Terminated as stop:
            if stop.code != SIGNALLED + signal.SIGPIPE:
                terminal.say("terminated")
            raise
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
            advice = WRITE_ERRORS[error.errno]
            terminal.say(f"error: {place}: cannot be written ({error.strerror}); {advice}")
            raise typer.Exit(DataError.exit_code) from None
        except Exception as error:  # noqa: BLE001 (the last resort, so that no traceback shows)
            _report_own_fault(terminal, error, f"{type(error).__name__}: {error}", log)
            raise typer.Exit(InternalError.exit_code) from None


def _report_own_fault(terminal: Terminal, error: Exception, message: str, log: IO[str]) -> None:
    """Print one message, and keep the whole story in a file."""
    log.write(_circumstances())
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


def _circumstances() -> str:
    """The command and the versions of all that it ran with."""
    from .. import __version__
    from ..machine import this_machine

    machine = this_machine()
    libraries = ", ".join(f"{name} {version}" for name, version in machine.libraries.items())
    return (
        f"command: {shlex.join(sys.argv)}\nfolder: {os.getcwd()}\ndecant {__version__}, Python"
        f" {machine.python}, {machine.system} {machine.architecture}, {machine.cores} cores,"
        f" {machine.memory_bytes >> 20} MiB\n{libraries}\n"
    )


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


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let every signal that asks for an end unwind the command as Ctrl-C does, and only once.

    What it has begun is thrown away on the way out; a second Ctrl-C would leave that half-done.
    """

    def stop(number: int, _frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt if number == signal.SIGINT else Terminated(SIGNALLED + number)

    handlers = {number: signal.getsignal(number) for number in STOPS}
    # What the shell has told us to ignore (nohup) stays ignored.
    before = {number: old for number, old in handlers.items() if old is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
