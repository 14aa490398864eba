"""Runs native code in a process of its own, so that its crash becomes a message.

LiteRT, TensorFlow's converter and its quantizer can end a process by a signal. The functions
here keep the caller alive, and keep what native code writes to standard error off the user's
terminal unless something fails. Every exception carries as notes what the command line puts into
the log that it keeps of a fault: the child's traceback, its command and all that it printed.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, ParamSpec, TypeVar

from .artifacts import no_scratch, scratch_folder
from .errors import InternalError

P = ParamSpec("P")
R = TypeVar("R")

# glibc 2.34 moved malloc's checks to a library that has to be preloaded; an older or another C
# library warns into the captured noise and goes on without it.
CHECKED_HEAP = {"MALLOC_CHECK_": "3", "LD_PRELOAD": "libc_malloc_debug.so.0"}

WHERE = signal.SIGUSR1
"""Asks a child where it is."""

PATIENCE_S = 2.0

# Of Linux's prctl(2): the signal that a process gets when its parent ends.
_PR_SET_PDEATHSIG = 1
# EX_IOERR of sysexits.h: the answer could not be written.
_UNWRITTEN = 74
_NOISE_LINES = 15
_NOISE_BYTES = 64 * 1024
_CHILD = "from decant.isolation import _serve; _serve()"


def run_isolated(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a module-level function in a fresh process and return its result.

    Arguments and result are pickled. An exception of the function is raised here as it was.

    Raises:
        InternalError: If the process crashed; the message holds the tail of its output.
    """
    return run_in_child(function, args, kwargs)


def run_checked(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Do as `run_isolated`, with heap corruption made fatal (glibc's MALLOC_CHECK_=3).

    Raises:
        InternalError: If the process crashed; the message holds the tail of its output.
    """
    return run_in_child(function, args, kwargs, environment=CHECKED_HEAP)


def run_in_child(
    function: Callable[..., R],
    args: tuple[Any, ...] = (),
    kwargs: dict[str, Any] | None = None,
    *,
    environment: dict[str, str] | None = None,
    timeout_s: float | None = None,
) -> R:
    """Call a module-level function in a fresh process with changes to its environment.

    Args:
        function: Importable by its module and name (not from `__main__`, not a lambda).
        args: Positional arguments, picklable.
        kwargs: Keyword arguments, picklable.
        environment: Variables to add.
        timeout_s: Kill the process after so many seconds.

    Raises:
        InternalError: If the process crashed or ran out of time; the message holds the tail
            of its output.
    """
    name = f"{function.__module__}.{function.__qualname__}"
    with scratch_folder("decant-child-") as folder:
        child = _Child(folder, environment or {})
        child.request.write_bytes(pickle.dumps((function, args, kwargs or {}), protocol=5))
        with tempfile.TemporaryFile() as noise:
            result, failure = child.answer(name, noise, timeout_s)
            if failure is not None:
                failure = child.told(failure, noise)
    # Out here, lest a refusal of the user's disk be taken for one of the place of temporary files.
    if failure is not None:
        raise failure
    return result  # type: ignore[no-any-return]  # pickle gives Any


@dataclass(frozen=True, slots=True)
class _Child:
    """A process that answers one request, and what it leaves behind in its folder."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def request(self) -> Path:
        """The pickled call."""
        return self.folder / "request"

    @property
    def reply(self) -> Path:
        """The pickled result or exception."""
        return self.folder / "reply"

    @property
    def stacks(self) -> Path:
        """Where each thread was when the process died or was asked."""
        return self.folder / "stacks"

    @property
    def command(self) -> list[str]:
        """What is run."""
        return [sys.executable, "-c", _CHILD, str(self.folder)]

    def answer(
        self, name: str, noise: IO[bytes], timeout_s: float | None
    ) -> tuple[Any, Exception | None]:
        """Run it, and give what the function returned or raised, or how the process ended."""
        code = self.run(noise, timeout_s)
        if code is None:
            return None, InternalError(f"{name}: no answer within {timeout_s:g} s{_tail(noise)}")
        if code == _UNWRITTEN:
            return None, no_scratch("no room for an answer")
        if not self.reply.exists():
            return None, InternalError(f"{name}: its process {ending(code)}{_tail(noise)}")
        result, failure = pickle.loads(self.reply.read_bytes())
        return result, failure

    def run(self, noise: IO[bytes], timeout_s: float | None) -> int | None:
        """Run it to its end; give its exit code, or None if it had to be killed for its time."""
        variables = {**os.environ, **self.environment}
        variables["PYTHONPATH"] = os.pathsep.join(path or os.getcwd() for path in sys.path)
        with subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=noise, stderr=noise, env=variables
        ) as process:
            try:
                return process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self._ask_where(process)
                return None
            finally:
                process.kill()

    def _ask_where(self, process: subprocess.Popen[bytes]) -> None:
        """Let every thread of it write down where it is, before it is killed."""
        if not self.stacks.exists():  # it has not come so far
            return
        process.send_signal(WHERE)
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and not self.stacks.stat().st_size:
            time.sleep(0.01)
        time.sleep(0.05)

    def told(self, error: Exception, noise: IO[bytes]) -> Exception:
        """Add to an exception what whoever mends it needs; its message stays as it is."""
        noise.seek(0)
        stacks = self.stacks.read_text(errors="replace") if self.stacks.exists() else ""
        told = {
            "the child process": " ".join(
                [*(f"{k}={v}" for k, v in self.environment.items()), *map(repr, self.command)]
            ),
            "where its threads were": stacks,
            "what it printed": noise.read()[-_NOISE_BYTES:].decode(errors="replace"),
        }
        for title, text in told.items():
            if text.strip():
                error.add_note(f"--- {title}:\n{text.rstrip()}")
        return error


@contextlib.contextmanager
def captured_noise(*descriptors: int) -> Iterator[None]:
    """Keep what native code writes to standard error off the terminal inside the block.

    A failure inside the block carries the last captured lines as a note.

    Args:
        *descriptors: Instead of standard error's alone.
    """
    _flush()
    kept = {descriptor: os.dup(descriptor) for descriptor in descriptors or (2,)}
    with tempfile.TemporaryFile() as noise:
        for descriptor in kept:
            os.dup2(noise.fileno(), descriptor)
        try:
            yield
        except Exception as error:
            error.add_note(_tail(noise).strip())
            raise
        finally:
            _flush()
            for descriptor, original in kept.items():
                os.dup2(original, descriptor)
                os.close(original)


def _flush() -> None:
    """Write what is buffered, by Python and by C, to where it was meant to go."""
    sys.stdout.flush()
    sys.stderr.flush()
    ctypes.CDLL(None).fflush(None)


def _serve() -> None:
    """Answer one request; the whole life of a child process."""
    _end_with_parent()
    child = _Child(Path(sys.argv[1]), {})
    stacks = child.stacks.open("w")
    faulthandler.enable(stacks)
    faulthandler.register(WHERE, stacks)
    function, args, kwargs = pickle.loads(child.request.read_bytes())
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
    written = child.reply.with_name("reply.part")
    try:
        written.write_bytes(answer)
    except OSError:
        sys.exit(_UNWRITTEN)
    written.rename(child.reply)


def _end_with_parent() -> None:
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


def _tail(noise: Any) -> str:
    """Quote the last lines that a child or native code wrote."""
    noise.seek(0)
    return quoted_tail(noise.read().decode(errors="replace"))


def quoted_tail(text: str) -> str:
    """Quote the last lines of what a process wrote, each on a line of its own behind a bar."""
    lines = text.splitlines()[-_NOISE_LINES:]
    return "".join(f"\n  | {line}" for line in lines if line.strip())
