"""Tells the rounding of single precision from a form of the model that computes something else.

Where two forms differ by more than the tolerance, the model is computed in double precision. A form
that agrees with that is right, whatever the one before it says. What is further off may still be
rounding, where the model amplifies it: then single precision alone, in the same program as double
precision, moves the answer about as far.
"""

from __future__ import annotations

import copy
import functools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnx_ir as ir
from onnx.reference import ReferenceEvaluator
from onnx_ir.passes import common

from decant.isolation import run_in_child
from decant.parity import Parity, ratio

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import torch
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Sample = Mapping[str, Array]
    Answers = list[list[Array]]

logger = logging.getLogger(__name__)

TIME_LIMIT_S = 300
SINGLE, DOUBLE = onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE
TYPE_ATTRIBUTES = frozenset({"to", "dtype"})


@dataclass(frozen=True, slots=True)
class Precision:
    """What a model computes for some samples in double precision, and the same in single."""

    double: Answers
    single: Answers

    def judge(self, parities: Sequence[Parity], answers: Answers) -> tuple[Parity, ...]:
        """Add to each distance how far from double precision the form is, and single precision.

        Args:
            parities: One per output.
            answers: What the form that was checked computes.
        """
        return tuple(self._judged(i, parity, answers) for i, parity in enumerate(parities))

    def _judged(self, output: int, parity: Parity, answers: Answers) -> Parity:
        exact, single, found = (
            [np.asarray(sample[output], np.float64) for sample in form]
            for form in (self.double, self.single, answers)
        )
        forms = list(zip(exact, single, found, strict=True))
        alike = all(len({array.shape for array in sample}) == 1 for sample in forms)
        if parity.passed or not alike or any(np.isnan(x).any() for each in forms for x in each):
            return parity
        size = max(_largest(np.where(np.isfinite(x), x, 0.0)) for x in exact)
        distances = [_distances(*sample, size) for sample in forms]
        judged = [parity.model_copy(update=each) for each in distances]
        # Each sample by itself: that one amplifies rounding excuses no error of another.
        return max(judged, key=lambda each: (not each.passed, each.exact))


def _distances(exact: Array, single: Array, found: Array, size: float) -> dict[str, float]:
    """Say how far a form is from double precision, and how far rounding may have taken it.

    Rounding of few elements explains no error of all: measured by the root mean square, single
    precision has to be off in the same proportion.
    """
    off, own = _difference(found, exact), _difference(single, exact)
    largest, rounding = _largest(off), _largest(own)
    if 0.0 < largest < np.inf:
        rounding = min(rounding, largest * float(np.linalg.norm(own) / np.linalg.norm(off)))
    return {"exact": ratio(largest, size), "rounding": ratio(rounding, size)}


def _difference(found: Array, exact: Array) -> Array:
    """Subtract; equal infinities are equal."""
    with np.errstate(invalid="ignore"):
        return np.where(found == exact, 0.0, np.abs(found - exact))


def _largest(values: Array) -> float:
    return float(np.abs(values).max(initial=0.0))


def of_module(network: torch.nn.Module, samples: Sequence[Sample]) -> Precision | None:
    """Run a module in both precisions; None where it has no double precision."""
    import torch

    from ..export.pytorch import run_torch

    rows = [list(sample.values()) for sample in samples]
    try:
        double = copy.deepcopy(network).double()
        with torch.no_grad():
            exact = [
                [x.numpy() for x in double(*(torch.from_numpy(_widened(x)) for x in row))]
                for row in rows
            ]
    except (RuntimeError, TypeError, ValueError) as error:  # tensors of the module's own kind
        logger.debug("no double precision", exc_info=error)
        return None
    return Precision(exact, [run_torch(network, row) for row in rows])


def of_onnx(path: Path, samples: Sequence[Sample]) -> Precision | None:
    """Run an ONNX file in both precisions by ONNX's own reference; None where that cannot."""
    try:
        return run_in_child(_of_onnx, (path, list(samples)), timeout_s=TIME_LIMIT_S)
    except Exception as error:
        logger.debug("no double precision", exc_info=error)
        return None


def _of_onnx(path: Path, samples: list[Sample]) -> Precision:
    model = ir.load(path)
    common.InlinePass()(model)
    single = ir.serde.serialize_model(model)
    double = onnx.ModelProto()
    double.CopyFrom(single)
    _widen(double.graph)
    wide = [{name: _widened(array) for name, array in sample.items()} for sample in samples]
    return Precision(_answers(double, wide), _answers(single, samples))


def _answers(model: onnx.ModelProto, samples: Sequence[Sample]) -> Answers:
    evaluator = ReferenceEvaluator(model)
    runs = [evaluator.run(None, dict(sample)) for sample in samples]
    return [[np.asarray(array) for array in run] for run in runs]


def _widened(array: Array) -> Array:
    return array.astype(np.float64) if array.dtype == np.float32 else array


def _widen(graph: onnx.GraphProto) -> None:
    """Make every float of a graph, and of those inside it, a double."""
    for weight in graph.initializer:
        _widen_tensor(weight)
    for value in (*graph.input, *graph.output, *graph.value_info):
        if value.type.tensor_type.elem_type == SINGLE:
            value.type.tensor_type.elem_type = DOUBLE
    for node in graph.node:
        for attribute in node.attribute:
            _widen_attribute(node, attribute)


def _widen_attribute(node: onnx.NodeProto, attribute: onnx.AttributeProto) -> None:
    if attribute.HasField("t"):
        _widen_tensor(attribute.t)
    if attribute.name in TYPE_ATTRIBUTES and attribute.i == SINGLE:
        attribute.i = DOUBLE
    if node.op_type == "Constant" and attribute.name in ("value_float", "value_floats"):
        value = attribute.f if attribute.name == "value_float" else list(attribute.floats)
        tensor = onnx.numpy_helper.from_array(np.asarray(value, np.float64))
        attribute.CopyFrom(onnx.helper.make_attribute("value", tensor))
    for inner in _graphs(attribute):
        _widen(inner)


def _graphs(attribute: onnx.AttributeProto) -> Iterator[onnx.GraphProto]:
    yield from attribute.graphs
    if attribute.HasField("g"):
        yield attribute.g


def _widen_tensor(tensor: onnx.TensorProto) -> None:
    if tensor.data_type == SINGLE:
        array = onnx.numpy_helper.to_array(tensor).astype(np.float64)
        tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))


def told(parities: Sequence[Parity]) -> list[str]:
    """Say which distances over the tolerance are rounding, and how that is known."""
    by_hop: dict[str, list[Parity]] = {}
    for parity in parities:
        if parity.is_rounding:
            by_hop.setdefault(parity.hop, []).append(parity)
    return [_told(hop, found) for hop, found in by_hop.items()]


def _told(hop: str, found: Sequence[Parity]) -> str:
    def largest(name: str) -> float:
        return functools.reduce(max, (getattr(parity, name) or 0.0 for parity in found))

    names = ", ".join(parity.output for parity in found[:8])
    more = f" and {len(found) - 8} more" if len(found) > 8 else ""
    return (
        f"{hop}: {names}{more} differ by up to {largest('max_relative'):.2g}, which is rounding:"
        f" the later form is {largest('exact'):.2g} off what the model gives in double precision"
        f" (single precision alone: {largest('rounding'):.2g})"
    )
