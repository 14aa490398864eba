"""Runs the signatures of a `.tflite` file in LiteRT, one by one, as an app does."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import DataError
from .isolation import captured_noise
from .runtime import decode, encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from .described import Signature
    from .inputs import Run
    from .paths import AnyPath

    Outputs = dict[str, NDArray[Any]]


def run_signatures(
    path: AnyPath, signatures: Mapping[str, Signature], runs: Mapping[str, Sequence[Run]]
) -> dict[str, list[Outputs]]:
    """Run every signature of one file, all of them in one interpreter; for a child process.

    Args:
        path: The file.
        signatures: Key → what goes in and comes out.
        runs: Key → inputs by name, in ONNX axis order and real-valued.

    Returns:
        Key → for each of its runs the outputs by name, in ONNX axis order.

    Raises:
        DataError: If LiteRT refuses the file or a run of it.
    """
    from ai_edge_litert.interpreter import Interpreter

    found = {}
    with captured_noise(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        key = "the file"
        try:
            interpreter = Interpreter(model_path=str(Path(path)), num_threads=1)
            for key, signature in signatures.items():
                runner = interpreter.get_signature_runner(key)
                found[key] = [_run(runner, signature, run) for run in runs[key]]
        except (RuntimeError, ValueError) as error:
            reason = str(error).strip().replace("\n", " ")
            raise DataError(f"{path}: LiteRT cannot run signature {key}: {reason}") from error
    return found


def _run(runner: Any, signature: Signature, run: Run) -> Outputs:
    """Run a signature once."""
    given = {
        info.name: encode(info, info.from_onnx_order(run[info.name])) for info in signature.inputs
    }
    results = runner(**given)
    return {info.name: decode(info, results[info.name]) for info in signature.outputs}
