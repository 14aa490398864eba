"""Adds the ONNX form of candidates, and says how near ONNX Runtime comes to the files with it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from decant.artifacts import scratch_folder
from decant.errors import DataError, InternalError, UnsupportedOp
from decant.fidelity import weakest
from decant.flatbuffer.graph import Graph
from decant.isolation import run_checked, run_isolated
from decant.runtime import decode, encode

from ..candidates import run_file
from ..judge import Judge, output_steps
from ..report import QdqForm
from .model import to_qdq

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from decant.inputs import Run
    from decant.tensors import TensorInfo

    from ..candidates import Made
    from ..job import Job
    from ..report import Candidate

    Infos = tuple[TensorInfo, ...]
    Outputs = dict[str, NDArray[Any]]

logger = logging.getLogger(__name__)


def add_qdq(job: Job, made: Made) -> list[str]:
    """Add the ONNX form of every candidate whose weights are integers.

    Args:
        job: With the runs to compare on.
        made: Gets the ONNX files among its contents, and what they are worth in its candidates.

    Returns:
        What there is no ONNX form of, and why.
    """
    notes = []
    for number, candidate in enumerate(made.candidates):
        if not candidate.recipe.integer_weights:
            continue
        logger.info("%s as ONNX …", candidate.name)
        try:
            form, content = _form(job, candidate, made.contents[candidate.file])
        except (DataError, InternalError, UnsupportedOp) as error:
            notes.append(f"{candidate.file} has no ONNX form: {error}")
            continue
        made.candidates[number] = candidate.model_copy(update={"qdq": form})
        made.contents[form.file] = content
    return notes


def _form(job: Job, candidate: Candidate, content: bytes) -> tuple[QdqForm, bytes]:
    """Write one candidate as ONNX, and compare both on the runs that the candidate is judged by."""
    signature = candidate.inputs, candidate.outputs
    model, answers = make_qdq(content, signature, job.held_out)
    form = QdqForm(
        file=candidate.qdq_file,
        size_bytes=len(model),
        file_snr_db={},
        float_snr_db={},
    )
    if job.judge is None:
        return form, model
    with scratch_folder("decant-qdq-") as folder:
        path = folder / candidate.file
        path.write_bytes(content)
        expected, _ = run_checked(run_file, path, *signature, job.held_out)
    steps = output_steps(Graph.from_bytes(content))
    parts = {
        "file_snr_db": Judge(expected).parts(answers, steps),
        "float_snr_db": job.judge.parts(answers, steps),
    }
    ratios = {name: {o: p.snr_db for o, p in weakest(each).items()} for name, each in parts.items()}
    return form.model_copy(update=ratios), model


def make_qdq(
    candidate: bytes, signature: tuple[Infos, Infos], runs: Sequence[Run]
) -> tuple[bytes, list[Outputs]]:
    """Write a candidate as ONNX, check it and run it in ONNX Runtime; in a process of its own.

    Args:
        candidate: The quantized flatbuffer.
        signature: Its inputs and outputs as the file has them.
        runs: To run it on, in ONNX order.

    Returns:
        The model, and its outputs per run in ONNX order.

    Raises:
        UnsupportedOp: The file has operators without a form in ONNX, or ONNX Runtime lacks one.
        DataError: The model would be too large, or ONNX Runtime refuses it.
        InternalError: ONNX Runtime crashed.
    """
    return run_isolated(_make, candidate, signature, runs)


def _make(
    candidate: bytes, signature: tuple[Infos, Infos], runs: Sequence[Run]
) -> tuple[bytes, list[Outputs]]:
    import onnx

    content = to_qdq(Graph.from_bytes(candidate), *signature)
    onnx.checker.check_model(content, full_check=True)
    predict = qdq_predictor(content, *signature)
    return content, [predict(run) for run in runs]


def qdq_predictor(model: bytes | Path, inputs: Infos, outputs: Infos) -> Callable[[Run], Outputs]:
    """Give what runs an ONNX form in ONNX Runtime, on real values in ONNX order.

    Args:
        model: The ONNX file, or its bytes.
        inputs: As the quantized file has them.
        outputs: Likewise.

    Raises:
        RuntimeGap: ONNX Runtime lacks an operator.
        DataError: ONNX Runtime refuses the model.
    """
    from decant.onnx_runtime import OnnxRuntime

    runtime = OnnxRuntime(model, exact_products=True)
    in_onnx_order = [info.model_copy(update={"layout": "keep"}) for info in outputs]

    def predict(run: Run) -> Outputs:
        found = runtime.run({info.name: encode(info, run[info.name]) for info in inputs})
        return {info.name: decode(info, found[info.name]) for info in in_onnx_order}

    return predict
