"""Runs the signatures of one `.tflite` file in LiteRT, and holds each to a file of its own."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import DataError, DecantError, ParityError
from .inputs import cut_runs
from .isolation import captured_noise, run_checked
from .parity import compare_all
from .runtime import LiteRtModel, decode, encode, run_each

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from .inputs import Run
    from .inputs.stored import AnyArray
    from .parity import Parity
    from .tensors import TensorInfo

    Outputs = dict[str, NDArray[Any]]

HOP = "tflite → signature"
"""From the file of one signature to that of all."""
MOST = 4
"""Samples that each signature is run on; the file of its own ran on more."""


@dataclass(frozen=True, slots=True)
class OwnFile:
    """The file that a signature was before it was united with others.

    Attributes:
        path: The file.
        inputs: Of the file, and of the signature.
        outputs: Likewise.
    """

    path: Path
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]

    def runs(self, given: Mapping[str, AnyArray] | None) -> list[Run]:
        """Give a few inputs for it, in ONNX order: those given, or seeded ones.

        Raises:
            DataError: If they do not fit, or LiteRT runs it with none of the sizes that were tried.
            InternalError: If LiteRT crashed over them.
        """
        if given is not None:
            return [*cut_runs(given, self.inputs)[:MOST]]
        return run_checked(_samples, self)


@contextmanager
def of_signature(name: str) -> Iterator[None]:
    """Say which signature a fault is of."""
    try:
        yield
    except DecantError as error:
        raise type(error)(f"signature {name}: {error}") from error


def held_to_own(
    path: Path,
    files: Mapping[str, OwnFile],
    runs: Mapping[str, Sequence[Run]],
    tolerance: float,
) -> dict[str, tuple[Parity, ...]]:
    """Compare each signature of a file with the file that it was before.

    Args:
        path: The file of all signatures, which nobody has run yet.
        files: Signature → its own file.
        runs: Signature → inputs by name, in ONNX axis order and real-valued.
        tolerance: Largest relative error allowed; the constants and operators are the same.

    Raises:
        DataError: LiteRT refuses the file or a run of it.
        ParityError: A signature computes something else.
        InternalError: LiteRT crashed.
    """
    alone = run_checked(_run_alone, files, runs)
    found = run_checked(_run_all, path, files, runs)
    parities = {}
    for name, file in files.items():
        outputs = [info.name for info in file.outputs]
        actual = [[*answers.values()] for answers in found[name]]
        parities[name] = compare_all(HOP, outputs, actual, alone[name], tolerance)
        wrong = [parity for parity in parities[name] if not parity.within]
        if wrong:
            raise ParityError(
                f"signature {name}: the file of all signatures computes something else than the"
                f" file of this one alone ({wrong[0]}); convert each by itself, and report this"
            )
    return parities


def _samples(file: OwnFile) -> list[Run]:
    """Draw seeded inputs that a file takes."""
    model = LiteRtModel(file.path, file.inputs, file.outputs)
    return [model.sample(seed) for seed in range(MOST)]


def _run_alone(
    files: Mapping[str, OwnFile], runs: Mapping[str, Sequence[Run]]
) -> dict[str, list[list[NDArray[Any]]]]:
    """Run the file that each signature was."""
    return {
        name: run_each(file.path, file.inputs, file.outputs, runs[name])
        for name, file in files.items()
    }


def _run_all(
    path: Path, files: Mapping[str, OwnFile], runs: Mapping[str, Sequence[Run]]
) -> dict[str, list[Outputs]]:
    """Run every signature in one interpreter, as an app does."""
    from ai_edge_litert.interpreter import Interpreter

    found, name = {}, ""
    with captured_noise(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            interpreter = Interpreter(model_path=str(path), num_threads=1)
            for name, file in files.items():
                runner = interpreter.get_signature_runner(name)
                found[name] = [_run(runner, file, run) for run in runs[name]]
        except (RuntimeError, ValueError) as error:
            reason = str(error).strip().replace("\n", " ")
            raise DataError(
                f"{path.name}: LiteRT cannot run signature {name} ({reason}); convert each by"
                " itself, and report this"
            ) from error
    return found


def _run(runner: Any, file: OwnFile, run: Run) -> Outputs:
    """Run a signature once."""
    given = {info.name: encode(info, info.from_onnx_order(run[info.name])) for info in file.inputs}
    results = runner(**given)
    return {info.name: decode(info, results[info.name]) for info in file.outputs}
