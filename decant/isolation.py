"""Runs native code in a process of its own, so that its crash becomes a message.

LiteRT, TensorFlow's converter and its quantizer can end a process by a signal. The functions
here keep the caller alive, and keep what native code writes to standard error off the user's
terminal unless something fails. Every exception carries as notes what the command line puts into
the log that it keeps of a fault: the child's traceback, its command and all that it printed.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

from .child_process import Child, flush, quoted_tail

P = ParamSpec("P")
R = TypeVar("R")

# glibc 2.34 moved malloc's checks to a library that has to be preloaded; an older or another C
# library warns into the captured noise and goes on without it.
CHECKED_HEAP = {"MALLOC_CHECK_": "3", "LD_PRELOAD": "libc_malloc_debug.so.0"}


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
    with Child(environment) as child:
        return child.call(function, args, kwargs, timeout_s=timeout_s)


@contextlib.contextmanager
def captured_noise(*descriptors: int) -> Iterator[None]:
    """Keep what native code writes to standard error off the terminal inside the block.

    A failure inside the block carries the last captured lines as a note.

    Args:
        *descriptors: Instead of standard error's alone.
    """
    flush()
    kept = {descriptor: os.dup(descriptor) for descriptor in descriptors or (2,)}
    with tempfile.TemporaryFile() as noise:
        for descriptor in kept:
            os.dup2(noise.fileno(), descriptor)
        try:
            yield
        except Exception as error:
            noise.seek(0)
            error.add_note(quoted_tail(noise.read().decode(errors="replace")).strip())
            raise
        finally:
            flush()
            for descriptor, original in kept.items():
                os.dup2(original, descriptor)
                os.close(original)
