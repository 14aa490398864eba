"""Writes training.json, the figures of the shipped checkpoints, from what training left behind.

    python -m decant.zoo.detector.training_log [build/detector]

Takes the logs of teacher and student and the comparison from the build folder's `training`, where
`decant train`, `decant distill` and `decant distill --compare` put them; what is not there stays as
it was. Measures both shipped checkpoints on the test set.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from decant.artifacts import read_json, write_json
from decant.network import load_weights

from .augment import load_pages
from .model import Role, build
from .training import SPEC, evaluate, fit

HERE = Path(__file__).parent
LOG = HERE / "training.json"
PARTS = ("teacher", "student", "comparison")
DIGITS = 5


def collect(folder: Path, log: Path = LOG) -> None:
    """Bring a log up to date with the training files in a folder.

    Raises:
        DataError: If a file is damaged, or the log cannot be written.
    """
    document: dict[str, Any] = read_json(log) if log.exists() else {}
    for part in PARTS:
        if (folder / f"{part}.json").exists():
            document[part] = read_json(folder / f"{part}.json")
    write_json(log, _rounded(document))


def measure_shipped(log: Path = LOG, every: int = 1) -> None:
    """Measure the shipped checkpoints, in PyTorch and float32, and note that in a log.

    Args:
        log: Of `collect`.
        every: Takes each so-manieth page of the test set.

    Raises:
        DataError: If a checkpoint or the test set is damaged, or the log cannot be written.
    """
    assert SPEC.training is not None
    checkpoints: dict[Role, str | None] = {
        "teacher": SPEC.training.teacher,
        "student": SPEC.model.checkpoint,
    }
    pages = [fit(page) for page in load_pages(HERE / "testset", None)[::every]]
    figures = {}
    for role, checkpoint in checkpoints.items():
        model = build(role)
        load_weights(model, HERE / str(checkpoint))
        figures[role] = evaluate(model, pages)
    write_json(log, _rounded(read_json(log) | {"test_set": figures}))


def _rounded(document: Any) -> Any:
    """Round every number to what can be told apart."""
    if isinstance(document, float):
        return round(document, DIGITS)
    if isinstance(document, list):
        return [_rounded(each) for each in document]
    if isinstance(document, dict):
        return {key: _rounded(each) for key, each in document.items()}
    return document


if __name__ == "__main__":
    collect(Path(*sys.argv[1:] or ["build/detector"]) / "training")
    measure_shipped()
