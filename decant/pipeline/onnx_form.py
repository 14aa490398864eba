"""How right the ONNX form of a candidate is on the test set, beside the candidate itself.

python -m decant.pipeline.onnx_form detector build/detector/quantize
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..artifacts import read_json
from ..errors import DataError
from ..files import QUANTIZATION
from ..runtime import LiteRtModel
from ..source import find_source
from ..spec import load_spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from decant.bench.accuracy import Predictor
    from decant.bench.stats import Comparison

    from ..paths import AnyPath

FILE, FORM = "LiteRT", "ONNX Runtime"


def compare_onnx_form(
    model: AnyPath, folder: AnyPath, candidate: str = "static_int8"
) -> Mapping[str, Comparison]:
    """Judge a candidate in LiteRT and its ONNX form in ONNX Runtime on the spec's test set.

    Args:
        model: A zoo model's name, a `model.toml` or its folder.
        folder: Where `decant quantize MODEL --qdq` has written.
        candidate: Name of the recipe.

    Returns:
        Of "LiteRT" and "ONNX Runtime" the task's figures, and their drops from LiteRT's.

    Raises:
        DataError: The folder holds no such candidate, or none with an ONNX form.
    """
    from decant.bench.accuracy import measure_accuracy, prepare_set
    from decant.bench.stats import compare
    from decant.quantize import QuantizeReport
    from decant.quantize.qdq import qdq_predictor

    from ..datasets import open_dataset

    folder = Path(folder)
    report = QuantizeReport.model_validate(read_json(folder / QUANTIZATION))
    found = next((each for each in report.candidates if each.name == candidate), None)
    if found is None or found.qdq is None:
        raise DataError(
            f"{folder}: has no ONNX form of {candidate}; run decant quantize --qdq -o {folder}"
        )
    spec = load_spec(find_source(model, "spec").path)
    task = spec.open_task()
    dataset = open_dataset(spec.data.test, task, spec.folder, inputs=spec.signature)
    prepared = prepare_set(dataset, spec.signature)
    signature = found.inputs, found.outputs
    predictors: dict[str, Predictor] = {
        FILE: LiteRtModel(folder / found.file, *signature).run,
        FORM: cast("Predictor", qdq_predictor(folder / found.qdq.file, *signature)),
    }
    raw = [info.name for info in found.inputs if info.dtype == "uint8"]
    batch = found.inputs[0].shape[0] or 1
    evidence = {
        name: measure_accuracy(predictor, prepared, task, batch=batch, raw=raw).evidence
        for name, predictor in predictors.items()
    }
    return compare(task, evidence[FILE], evidence, seed=spec.seed)


def _told(compared: Mapping[str, Comparison]) -> str:
    """Write the figures of both, a line per metric."""
    return "\n".join(
        f"{metric}: {FILE} {figure.value:.4f}, {FORM} {compared[FORM].accuracy[metric].value:.4f}"
        f" (drop {(drop := compared[FORM].drop[metric]).value:+.4f},"
        f" 95 % from {drop.low:+.4f} to {drop.high:+.4f})"
        for metric, figure in compared[FILE].accuracy.items()
    )


if __name__ == "__main__":
    sys.stdout.write(_told(compare_onnx_form(*sys.argv[1:])) + "\n")
