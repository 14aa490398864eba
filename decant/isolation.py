"""Runs native code in a process of its own, so that its crash becomes a message.

LiteRT, TensorFlow's converter and its quantizer can end a process by a signal. The functions
here keep the caller alive, and keep what native code writes to standard error off the user's
terminal unless something fails.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from .errors import InternalError

P = ParamSpec("P")
R = TypeVar("R")

# glibc 2.34 moved malloc's checks to a library that has to be preloaded; an older or another C
# library warns into the captured noise and goes on without it.
CHECKED_HEAP = {"MALLOC_CHECK_": "3", "LD_PRELOAD": "libc_malloc_debug.so.0"}

_NOISE_LINES = 15
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
    with tempfile.TemporaryDirectory(prefix="decant-child-") as folder:
        request, reply = Path(folder, "request"), Path(folder, "reply")
        request.write_bytes(pickle.dumps((function, args, kwargs or {}), protocol=5))
        variables = {**os.environ, **(environment or {})}
        variables["PYTHONPATH"] = os.pathsep.join(path or os.getcwd() for path in sys.path)
        with tempfile.TemporaryFile() as noise:
            command = [sys.executable, "-c", _CHILD, str(request), str(reply)]
            try:
                code = subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=noise,
                    stderr=noise,
                    env=variables,
                    timeout=timeout_s,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired as error:
                tail = _tail(noise)
                raise InternalError(f"{name}: no answer within {timeout_s:g} s{tail}") from error
            if not reply.exists():
                raise InternalError(f"{name}: its process {_ending(code)}{_tail(noise)}")
        result, failure = pickle.loads(reply.read_bytes())
    if failure is not None:
        raise failure
    return result  # type: ignore[no-any-return]  # pickle gives Any


@contextlib.contextmanager
def captured_noise() -> Iterator[None]:
    """Keep what native code writes to file descriptor 2 off the terminal inside the block.

    A failure inside the block carries the last captured lines as a note.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as noise:
        os.dup2(noise.fileno(), 2)
        try:
            yield
        except Exception as error:
            error.add_note(_tail(noise).strip())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)


def _serve() -> None:
    """Answer one request; the whole life of a child process."""
    request, reply = (Path(argument) for argument in sys.argv[1:])
    function, args, kwargs = pickle.loads(request.read_bytes())
    result, failure = None, None
    try:
        result = function(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 (handed to the caller, who raises it)
        failure = error
    try:
        answer = pickle.dumps((result, failure), protocol=5)
        pickle.loads(answer)
    except Exception as error:  # noqa: BLE001 (an exception whose class cannot be rebuilt)
        reason = failure if failure is not None else error
        answer = pickle.dumps((None, InternalError(f"{type(reason).__name__}: {reason}")))
    written = reply.with_name("reply.part")
    written.write_bytes(answer)
    written.rename(reply)


def _ending(code: int) -> str:
    """Say how a process ended."""
    if code >= 0:
        return f"ended with exit code {code} and no answer"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def _tail(noise: Any) -> str:
    """Quote the last lines that a child or native code wrote."""
    noise.seek(0)
    lines = noise.read().decode(errors="replace").splitlines()[-_NOISE_LINES:]
    return "".join(f"\n  | {line}" for line in lines if line.strip())
