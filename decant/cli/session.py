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
from ..interrupts import Terminated, held
from ..progress import watched_by
from .terminal import SIGNALLED, Reply, Terminal

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
PIPELINE = "decant.pipeline."
# What asks a command to end.
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def session(
    command: str | None = None, *, verbose: bool = False, as_json: bool = False
) -> Iterator[Terminal]:
    """Run a command's work: keeps noise off the terminal and turns failures into exit codes.

    Everything that is printed past the terminal, native libraries and child processes included,
    goes to a log file, which is kept only when the fault is ours.

    Args:
        command: As it is typed behind `decant`.
        verbose: Whether what is printed past the terminal is shown, too.
        as_json: Whether one object is printed in place of lines of results, come what may.

    Raises:
        typer.Exit: With the exit code, after any failure.
    """
    os.environ.update({name: os.environ.get(name, value) for name, value in QUIET.items()})
    reply = Reply(command) if as_json else None
    with (
        _stoppable(),
        _log_file() as log,
        _seen(log, reply, verbose=verbose) as terminal,
        _log_lines(terminal, verbose=verbose),
        watched_by(terminal),
    ):
        try:
            with terminal.bars_gone():
                yield terminal
            with held():
                terminal.send()
        except Terminated as stop:
            if stop.code != SIGNALLED + signal.SIGPIPE:
                terminal.say("terminated")
                terminal.send(int(stop.code or 0), "terminated")
            raise
        except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 (so that no traceback shows)
            # Whoever reads an object gets it, even if a signal comes now.
            with held():
                code = _report(terminal, error, log)
            raise typer.Exit(code) from None


def _report(terminal: Terminal, error: BaseException, log: IO[str]) -> int:
    """Say what ended a command; returns its exit code."""
    code, message = _told(error)
    kept = None
    # Where nothing can be said there is still the object to send, and the code.
    with contextlib.suppress(DataError):
        terminal.say(message if isinstance(error, KeyboardInterrupt) else f"error: {message}")
    with contextlib.suppress(DataError):
        if code == InternalError.exit_code:
            kept = _keep_log(terminal, error, log)
    terminal.send(code, message, kept)
    return code


def _told(error: BaseException) -> tuple[int, str]:
    """Give exit code and message of a failure."""
    if isinstance(error, KeyboardInterrupt):
        return SIGNALLED + signal.SIGINT, "interrupted; run again to go on"
    if isinstance(error, DecantError):
        return error.exit_code, str(error)
    if isinstance(error, OSError) and error.errno in DISK_FAULTS:
        place = error.filename or tempfile.gettempdir()
        advice = WRITE_ERRORS[error.errno]
        message = f"{place}: cannot be written ({error.strerror}); {advice}"
        return DataError.exit_code, message
    return InternalError.exit_code, f"{type(error).__name__}: {error}"


def _keep_log(terminal: Terminal, error: BaseException, log: IO[str]) -> str | None:
    """Keep the whole story of our own fault in a file, and say in which."""
    log.write(_circumstances())
    traceback.print_exception(error, file=log)
    log.flush()
    log.seek(0)
    try:
        descriptor, name = tempfile.mkstemp(prefix="decant-", suffix=".log")
        with open(descriptor, "w", encoding="utf-8") as kept:
            kept.write(log.read())
    except OSError as reason:
        terminal.say(f"This is decant's own fault; no log could be kept ({reason.strerror}).")
        return None
    terminal.say(f"This is decant's own fault; please report it with {name}")
    return name


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
def _seen(log: IO[str], reply: Reply | None, *, verbose: bool) -> Iterator[Terminal]:
    """Yield what the user sees: everything, or our own lines only."""
    if verbose and reply is None:
        yield Terminal(sys.stdout, sys.stderr)
        return
    with contextlib.ExitStack() as stack:
        if verbose:
            # The object has stdout for itself.
            shown = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace")
            log = stack.enter_context(shown)
        yield stack.enter_context(_redirected(log, reply))


@contextmanager
def _redirected(log: IO[str], reply: Reply | None) -> Iterator[Terminal]:
    """Send the process's standard output and error to a log, and yield the real ones."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with (
        # A path may hold bytes that are no UTF-8.
        os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace") as out,
        os.fdopen(os.dup(2), "w", encoding="utf-8", errors="backslashreplace") as err,
        contextlib.redirect_stdout(log),
        contextlib.redirect_stderr(log),
    ):
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        try:
            yield Terminal(out, err, reply)
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
            # What happens within a stage stands below the line that says that it has begun.
            indent = "" if record.name.startswith(PIPELINE) else "  "
            terminal.say(("warning: " if warns else indent) + record.getMessage())

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
