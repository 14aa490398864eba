"""ONNX Runtime in a process of its own, whose end is no more than a refusal of what it was given.

A model of free sizes is run with sizes that nobody has tried, and ONNX Runtime does not survive all
that these may lead to: a Scan along an empty axis ends its process.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import tempfile
import weakref
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from .child_process import end_with_parent, ending, quoted_tail, variables_of_child
from .errors import DataError, DecantError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

_NOISE_BYTES = 64 * 1024
_SERVER = "from decant.runtime_process import serve; serve()"


class RuntimeProcess:
    """One ONNX model in ONNX Runtime, as `OnnxRuntime`; it is loaded again after a crash."""

    def __init__(self, path: Path) -> None:
        """Load a model.

        Raises:
            RuntimeGap: ONNX Runtime lacks an operator.
            DataError: ONNX Runtime refuses the model.
        """
        self._path = path
        self._start()

    def run(self, inputs: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
        """Run one sample, as `OnnxRuntime.run`.

        Raises:
            RuntimeGap: ONNX Runtime lacks an operator.
            DataError: An input's name, shape or type does not fit, a node failed, or the process
                crashed.
        """
        if self._process.poll() is not None:
            self._start()
        result: dict[str, NDArray[np.generic]] = self._answer(dict(inputs))
        return result

    def _start(self) -> None:
        self._noise = tempfile.TemporaryFile()  # noqa: SIM115 (closed by the finalizer)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, str(self._path.resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._noise,
            env=variables_of_child(),
        )
        weakref.finalize(self, _end, self._process, self._noise)
        self._answer()

    def _answer(self, request: Any = None) -> Any:
        """Give what the process answers to a request, or first of all, when it has loaded."""
        given, taken = self._process.stdin, self._process.stdout
        if given is None or taken is None:
            raise AssertionError("a process that was started with pipes has them")
        try:
            if request is not None:
                pickle.dump(request, given, protocol=5)
                given.flush()
            result, failure = pickle.load(taken)
        except (EOFError, OSError, pickle.UnpicklingError):
            how = f"its process {ending(self._process.wait())}{quoted_tail(self._printed())}"
            raise DataError(f"ONNX Runtime cannot run the model: {how}") from None
        if failure is not None:
            raise failure
        return result

    def _printed(self) -> str:
        """The end of what it printed, and native code in it."""
        self._noise.seek(max(0, self._noise.seek(0, os.SEEK_END) - _NOISE_BYTES))
        return self._noise.read().decode(errors="replace")


def _end(process: subprocess.Popen[bytes], noise: IO[bytes]) -> None:
    process.kill()
    process.wait()
    noise.close()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):  # of a request that it has not read
                pipe.close()


def serve() -> None:
    """Answer samples until there are no more; the whole life of such a process."""
    from .onnx_runtime import load_reference

    end_with_parent()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what native code prints is no answer

    def answer(result: Any = None, failure: DecantError | None = None) -> None:
        pickle.dump((result, failure), answers, protocol=5)
        answers.flush()

    try:
        runtime = load_reference(Path(sys.argv[1]))
    except DecantError as error:
        answer(failure=error)
        return
    answer()
    while True:
        try:
            inputs = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer(runtime.run(inputs))
        except DecantError as error:
            answer(failure=error)
