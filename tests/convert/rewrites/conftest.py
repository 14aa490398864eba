"""Rewrites a small model given as text and compares every value in ONNX Runtime."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from decant.convert.rewrites import REWRITES
from decant.graph.load import prepare
from decant.graph.rewrite import apply
from decant.onnx_runtime import OnnxRuntime

ROUNDING = 2e-6
"""Relative to the largest element: folded constants round once more than separate steps."""


@dataclass(frozen=True)
class Result:
    """A rewritten model, the count of each rewrite and of each operator."""

    model: ir.Model
    applied: dict[str, int]
    ops: Counter[str]


Check = Callable[..., Result]


@pytest.fixture
def check() -> Check:
    return _check


def _check(
    text: str,
    weights: Mapping[str, Sequence[int]] | None = None,
    *,
    opset: int = 20,
    only: Sequence[str] = (),
) -> Result:
    """Rewrite "(inputs) => (outputs) {nodes}" with seeded weights of the given shapes."""
    proto = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": {opset}]> g {text}')
    rng = np.random.default_rng(0)
    for name, shape in (weights or {}).items():
        array = rng.uniform(0.5, 1.5, shape).astype(np.float32)
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    onnx.checker.check_model(proto)
    model = prepare(ir.from_proto(proto))
    after, applied = apply(model, REWRITES.chosen(only, only=bool(only)))
    _compare(model, after)
    ops = Counter(node.op_type for node in after.graph)
    return Result(after, {entry.name: entry.count for entry in applied}, ops)


def _compare(before: ir.Model, after: ir.Model) -> None:
    """Every value whose name survived has the same shape and numbers; so have all outputs."""
    inputs = _inputs(before)
    expected, actual = _values(before, inputs), _values(after, inputs)
    shared = expected.keys() & actual.keys()
    assert shared >= {value.name for value in before.graph.outputs}
    for name in shared:
        assert actual[name].dtype == expected[name].dtype, name
        assert actual[name].shape == expected[name].shape, name
        scale = np.abs(expected[name]).max(initial=1e-30)
        error = np.abs(actual[name] - expected[name]).max(initial=0) / scale
        assert error <= ROUNDING, name


def _inputs(model: ir.Model) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    arrays = {}
    for value in model.graph.inputs:
        shape = [size if isinstance(size, int) else 2 for size in value.shape]
        dtype = value.dtype.numpy()
        wide = rng.normal(0.0, 3.0, shape)
        arrays[value.name] = np.asarray(np.round(wide) if dtype.kind == "i" else wide, dtype)
    return arrays


def _values(model: ir.Model, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Run a model with every intermediate value as an output."""
    copy = model.clone()
    newest = max([copy.graph.opset_imports[""], *(n.version or 0 for n in copy.graph)])
    copy.graph.opset_imports[""] = newest
    outputs = set(copy.graph.outputs)
    for node in copy.graph:
        copy.graph.outputs.extend(v for v in node.outputs if v.name and v not in outputs)
        outputs.update(node.outputs)
    results = OnnxRuntime(ir.to_proto(copy).SerializeToString(), optimize=False).run(inputs)
    return {name: x for name, x in results.items() if isinstance(x, np.ndarray)}  # no sequences
