"""A process of its own for one call, which can make itself ready before it is asked."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import pickle
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from .artifacts import no_scratch, scratch_folder, told_if_full
from .errors import InternalError

R = TypeVar("R")

WHERE = signal.SIGUSR1
"""Asks a child where it is."""

PATIENCE_S = 2.0

# Of Linux's prctl(2): the signal that a process gets when its parent ends.
_PR_SET_PDEATHSIG = 1
# EX_IOERR of sysexits.h: the answer could not be written.
_UNWRITTEN = 74
_NOISE_LINES = 15
_NOISE_BYTES = 64 * 1024
_CHILD = "from decant.child_process import serve; serve()"


class Child:
    """A process that answers one call; it can be started before that, to make itself ready.

    It is a context, at whose end the process and what it left behind are gone.
    """

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        prepare: Callable[[], object] | None = None,
    ) -> None:
        """Describe the process.

        Args:
            environment: Variables to add.
            prepare: What it does before it is asked, such as imports that take seconds.
                Importable by its module and name.
        """
        self._environment = environment or {}
        self._prepare = prepare
        self._process: subprocess.Popen[bytes] | None = None
        self._called = False
        self._left = contextlib.ExitStack()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self._left.close()

    def start(self) -> None:
        """Let it begin to make itself ready.

        Raises:
            DataError: If the place of temporary files takes no more.
        """
        self._files = _Files(self._left.enter_context(scratch_folder("decant-child-")))
        with told_if_full():
            if self._prepare is not None:
                self._files.preparation.write_bytes(pickle.dumps(self._prepare))
            self._process = self._left.enter_context(self._started())
        self._left.callback(self._process.kill)

    def _started(self) -> subprocess.Popen[bytes]:
        with self._files.noise.open("wb") as noise:
            return subprocess.Popen(
                self._files.command,
                stdin=subprocess.PIPE,
                stdout=noise,
                stderr=noise,
                env=variables_of_child(self._environment),
            )

    def call(
        self,
        function: Callable[..., R],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        *,
        timeout_s: float | None = None,
    ) -> R:
        """Call a function there, as `run_in_child` does; once in its life."""
        if self._called:
            raise AssertionError("a child process answers one call; take another for the next")
        self._called = True
        if self._process is None:
            self.start()
        with told_if_full():
            request = pickle.dumps((function, args, kwargs or {}), protocol=5)
            self._files.request.write_bytes(request)
        name = f"{function.__module__}.{function.__qualname__}"
        result, failure = self._answer(name, timeout_s)
        if failure is not None:
            raise self._told(failure)
        return result  # type: ignore[no-any-return]  # pickle gives Any

    def _answer(self, name: str, timeout_s: float | None) -> tuple[Any, Exception | None]:
        """Give what the function returned or raised, or how the process ended."""
        code = self._ended(timeout_s)
        if code is None:
            return None, self._fault(f"{name}: no answer within {timeout_s:g} s")
        if code == _UNWRITTEN:
            return None, no_scratch("no room for an answer")
        if not self._files.reply.exists():
            return None, self._fault(f"{name}: its process {ending(code)}")
        result, failure = pickle.loads(self._files.reply.read_bytes())
        return result, failure

    def _fault(self, what: str) -> InternalError:
        return InternalError(f"{what}{quoted_tail(self._files.printed())}")

    def _ended(self, timeout_s: float | None) -> int | None:
        """Let it answer; give its exit code, or None if it had to be killed for its time."""
        process = self._process
        if process is None or process.stdin is None:
            raise AssertionError("a process that was started waits at its standard input")
        process.stdin.close()
        try:
            return process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._ask_where(process)
            return None
        finally:
            process.kill()

    def _ask_where(self, process: subprocess.Popen[bytes]) -> None:
        """Let every thread of it write down where it is, before it is killed."""
        stacks = self._files.stacks
        if not stacks.exists():  # it has not come so far
            return
        process.send_signal(WHERE)
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and not stacks.stat().st_size:
            time.sleep(0.01)
        time.sleep(0.05)

    def _told(self, error: Exception) -> Exception:
        """Add to an exception what whoever mends it needs; its message stays as it is."""
        stacks = self._files.stacks
        told = {
            "the child process": " ".join(
                [
                    *(f"{k}={v}" for k, v in self._environment.items()),
                    *map(repr, self._files.command),
                ]
            ),
            "where its threads were": stacks.read_text(errors="replace") if stacks.exists() else "",
            "what it printed": self._files.printed(),
        }
        for title, text in told.items():
            if text.strip():
                error.add_note(f"--- {title}:\n{text.rstrip()}")
        return error


@dataclass(frozen=True, slots=True)
class _Files:
    """What a process and its caller tell each other, in a folder."""

    folder: Path

    @property
    def preparation(self) -> Path:
        """What is to be done first, pickled; missing where that is nothing."""
        return self.folder / "preparation"

    @property
    def request(self) -> Path:
        """The pickled call."""
        return self.folder / "request"

    @property
    def reply(self) -> Path:
        """The pickled result or exception."""
        return self.folder / "reply"

    @property
    def noise(self) -> Path:
        """What it prints, and native code in it."""
        return self.folder / "noise"

    def printed(self) -> str:
        """The end of that."""
        return self.noise.read_bytes()[-_NOISE_BYTES:].decode(errors="replace")

    @property
    def stacks(self) -> Path:
        """Where each thread was when the process died or was asked."""
        return self.folder / "stacks"

    @property
    def command(self) -> list[str]:
        """What is run."""
        return [sys.executable, "-c", _CHILD, str(self.folder)]


def serve() -> NoReturn:
    """Answer one request; the whole life of a child process.

    It ends without tidying up, which TensorFlow takes most of a second for.
    """
    end_with_parent()
    files = _Files(Path(sys.argv[1]))
    stacks = files.stacks.open("w")
    faulthandler.enable(stacks)
    faulthandler.register(WHERE, stacks)
    if files.preparation.exists():
        pickle.loads(files.preparation.read_bytes())()
    sys.stdin.read()  # until the caller has written its request, or is gone
    code = _answer(files) if files.request.exists() else 0
    flush()
    os._exit(code)


def _answer(files: _Files) -> int:
    """Call what is asked for and write down what comes of it; give the exit code."""
    function, args, kwargs = pickle.loads(files.request.read_bytes())
    result, failure = None, None
    try:
        result = function(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 (handed to the caller, who raises it)
        failure = error
        failure.add_note(f"--- in the child process:\n{traceback.format_exc().rstrip()}")
    try:
        answer = pickle.dumps((result, failure), protocol=5)
        pickle.loads(answer)
    except Exception as error:  # noqa: BLE001 (an exception whose class cannot be rebuilt)
        answer = pickle.dumps((None, _rebuilt(failure if failure is not None else error)))
    written = files.reply.with_name("reply.part")
    try:
        written.write_bytes(answer)
    except OSError:
        return _UNWRITTEN
    written.rename(files.reply)
    return 0


def variables_of_child(added: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give the environment of a process that is to find the modules that this one finds."""
    path = os.pathsep.join(path or os.getcwd() for path in sys.path)
    return {**os.environ, **(added or {}), "PYTHONPATH": path}


def end_with_parent() -> None:
    """Let a caller that is killed outright take its child along, wherever Linux can do that.

    The child would go on for minutes, and whatever is timed meanwhile would be timed wrongly.
    """
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError, OSError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _rebuilt(error: Exception) -> InternalError:
    """An error that travels, in place of one that does not."""
    rebuilt = InternalError(f"{type(error).__name__}: {error}")
    notes = getattr(error, "__notes__", None) or ["".join(traceback.format_exception(error))]
    for note in notes:
        rebuilt.add_note(note)
    return rebuilt


def flush() -> None:
    """Write what is buffered, by Python and by C, to where it was meant to go."""
    sys.stdout.flush()
    sys.stderr.flush()
    ctypes.CDLL(None).fflush(None)


def ending(code: int) -> str:
    """Say how a process ended, by its code as `subprocess` gives it."""
    if code >= 0:
        return f"ended with exit code {code} and no answer"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"was killed by signal {-code}"
    if -code == signal.SIGKILL:
        return f"was killed by {name}, which is what the system does when memory runs out"
    return f"was killed by {name}"


def quoted_tail(text: str) -> str:
    """Quote the last lines of what a process wrote, each on a line of its own behind a bar."""
    lines = text.splitlines()[-_NOISE_LINES:]
    return "".join(f"\n  | {line}" for line in lines if line.strip())
