"""Measures what each rewrite gains on its example, for `docs/reference/rewrites.md`.

`PYTHONPATH=tests/cases python tests/cases/rewrite_gains.py [REWRITE …]` converts each example of
`rewrite_examples.py` with the rewrite and without it, times both in turn on one thread, and writes
`rewrite_gains.json`, from which `operators_page.py` makes the page: nobody else has to measure.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from rewrite_examples import EXAMPLES, Example

from decant.convert.build import Built, Request, build
from decant.errors import DecantError
from decant.machine import this_machine
from decant.runtime import LiteRtModel

GAINS = Path(__file__).with_suffix(".json")
ROUNDS = 300
ROUND_S = 5e-4
"""How long a file runs before it is the other's turn, at least: a clock says less of less."""
ALIKE = 0.02
"""Of the largest number; a quantum, where the example computes in integers."""


def gain(name: str, example: Example, folder: Path) -> dict[str, Any] | None:
    """What a rewrite gains; None where the example is refused without it."""
    file = folder / f"{name}.onnx"
    onnx.save(example.model(), file)
    sample = example.sample()
    built = [_built(file, sample)]
    if name not in {applied.name for applied in built[0].rewrites}:
        raise AssertionError(f"{name} takes nothing of its example")
    try:
        built.append(_built(file, sample, name))
    except DecantError:
        return None
    models = [LiteRtModel(each.tflite, each.inputs, each.outputs) for each in built]
    _check_alike(name, [model.run(sample) for model in models])
    files = [each.tflite.read_bytes() for each in built]
    return {
        "operators": [sum(each.op_histogram.values()) for each in built],
        "bytes": [len(each) for each in files],
        "time_ratio": 1.0 if files[0] == files[1] else round(_time_ratio(*reversed(models)), 3),
    }


def _built(file: Path, sample: dict[str, np.ndarray], *without: str) -> Built:
    stage = file.with_suffix(".without" if without else ".with")
    stage.mkdir()
    return build(Request(file, stage / "saved_model", without=without), [sample])


def _check_alike(name: str, answers: list[dict[str, np.ndarray]]) -> None:
    for output, array in answers[0].items():
        largest = np.abs(array).max(initial=0)
        np.testing.assert_allclose(
            answers[1][output], array, atol=ALIKE * largest, err_msg=f"{name}: {output}"
        )


def _time_ratio(one: LiteRtModel, other: LiteRtModel) -> float:
    """The shortest time of one file over that of another, both in turn."""
    calls = max(1, round(ROUND_S / min(_seconds(one, 5), _seconds(other, 5))))
    times = [(_seconds(one, calls), _seconds(other, calls)) for _ in range(ROUNDS)]
    shortest = np.min(times, axis=0)
    return float(shortest[0] / shortest[1])


def _seconds(model: LiteRtModel, calls: int) -> float:
    """Seconds per run, of some in a row."""
    start = time.perf_counter()
    for _ in range(calls):
        model.invoke()
    return (time.perf_counter() - start) / calls


def main() -> None:
    """Measure the rewrites that are named, or all."""
    known = json.loads(GAINS.read_text()) if GAINS.exists() else {}
    found = known.get("gains", {})
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[1:] or EXAMPLES:
            found[name] = gain(name, EXAMPLES[name], Path(folder))
            sys.stderr.write(f"{name}: {found[name]}\n")
    machine = this_machine()
    document = {
        "machine": f"{machine.cpu} ({machine.int8_isa})",
        "runtime": machine.libraries["ai-edge-litert"],
        "rounds": ROUNDS,
        "gains": {name: found[name] for name in EXAMPLES if name in found},
    }
    GAINS.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
