"""Measures again what `runtime_facts` holds of LiteRT and XNNPACK on this machine.

What takes seconds is counted or summed and held by a test; what is a matter of time is timed when
this module is run: `python -m decant.runtime_limits`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from . import runtime_facts
from .flatbuffer import Graph, empty_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_TRIED = 9
SUMMED_OFF = {4096: 5e-5, 76_800: 7e-4}
"""Elements that are summed at once → relative error."""


def differences() -> list[str]:
    """Say which limits this machine's LiteRT does not have as they are written."""
    lines = []
    for name, taken in LIMITS.items():
        written = getattr(runtime_facts, name)
        found = max((n for n in range(2, MOST_TRIED) if taken(n)), default=0)
        if found != written:
            lines.append(f"{name} is written as {written}, and LiteRT here takes {found}")
    off = {count: _rounding(count) for count in SUMMED_OFF}
    lines += [
        f"the sum of {count} equal elements is off by {found:.1g} here, and not by "
        f"{SUMMED_OFF[count]:.1g} as written of ELEMENTS_SUMMED"
        for count, found in off.items()
        if not SUMMED_OFF[count] / 3 < found < 3 * SUMMED_OFF[count]
    ]
    return lines


def main() -> None:
    """Measure again what can be measured here, and say what no longer holds."""
    import sys

    from .runtime_timings import timings

    found = differences()
    for each in timings():
        line = (
            f"{each.name}: at {each.count} the usual form takes {each.ratio:.2f} × the other's time"
        )
        sys.stdout.write(f"{line}\n")
        if not each.holds:
            found.append(f"{line}: the form that is taken there is clearly the slower one")
    for line in found or [f"all holds here as on LiteRT {runtime_facts.LITERT}"]:
        sys.stdout.write(f"{line}\n")
    raise SystemExit(1 if found else 0)


def _rounding(count: int) -> float:
    """How far off, relative to it, the sum of so many equal elements is."""
    from ai_edge_litert.interpreter import Interpreter

    graph = empty_graph((1, count, 8))
    axes = graph.add_constant("axes", np.array([1], np.int32))
    output = graph.add_tensor("y", (1, 8))
    graph.subgraph.operators = [graph.operator("SUM", [0, axes], output, schema.ReducerOptionsT())]
    graph.subgraph.outputs = [output]
    interpreter = Interpreter(model_content=graph.to_bytes())
    interpreter.allocate_tensors()
    element = np.float32(0.1)
    interpreter.set_tensor(0, np.full((1, count, 8), element))
    interpreter.invoke()
    exact = count * float(element)
    return abs(float(interpreter.get_tensor(output)[0, 0]) - exact) / exact


def _splits(parts: int) -> bool:
    graph = empty_graph((2 * parts, 3))
    axis = graph.add_constant("axis", np.array(0, np.int32))
    options = schema.SplitOptionsT()
    options.numSplits = parts
    outputs = [graph.add_tensor(f"y{i}", (2, 3)) for i in range(parts)]
    return _delegated(graph, graph.operator("SPLIT", [axis, 0], outputs[0], options), outputs)


def _concatenates(inputs: int) -> bool:
    graph = empty_graph((2, 3))
    others = [graph.add_tensor(f"x{i}", (2, 3)) for i in range(1, inputs)]
    graph.subgraph.inputs = [0, *others]
    options = schema.ConcatenationOptionsT()
    options.axis = 0
    output = graph.add_tensor("y", (2 * inputs, 3))
    made = graph.operator("CONCATENATION", [0, *others], output, options)
    return _delegated(graph, made, [output])


def _transposes(rank: int) -> bool:
    shape = tuple(range(2, 2 + rank))
    graph = empty_graph(shape)
    order = graph.add_constant("order", np.arange(rank, dtype=np.int32)[::-1].copy())
    output = graph.add_tensor("y", shape[::-1])
    made = graph.operator("TRANSPOSE", [0, order], output, schema.TransposeOptionsT())
    return _delegated(graph, made, [output])


def _reduces(rank: int) -> bool:
    shape = (2,) * rank
    graph = empty_graph(shape)
    axes = graph.add_constant("axes", np.array([rank - 1], np.int32))
    options = schema.ReducerOptionsT()
    options.keepDims = True
    output = graph.add_tensor("y", (*shape[:-1], 1))
    return _delegated(graph, graph.operator("MEAN", [0, axes], output, options), [output])


def _pads(rank: int) -> bool:
    shape = (2,) * rank
    graph = empty_graph(shape)
    sizes = graph.add_constant("sizes", np.ones((rank, 2), np.int32))
    output = graph.add_tensor("y", (4,) * rank)
    made = graph.operator("PAD", [0, sizes], output, schema.PadOptionsT())
    return _runs(graph, made, [output])


def _pads_and_slices(rank: int) -> bool:
    shape = (3,) * rank
    graph = empty_graph(shape)
    begin = graph.add_constant("begin", np.ones(rank, np.int32))
    size = graph.add_constant("size", np.full(rank, 2, np.int32))
    output = graph.add_tensor("y", (2,) * rank)
    made = graph.operator("SLICE", [0, begin, size], output, schema.SliceOptionsT())
    return _pads(rank) and _runs(graph, made, [output])


def _multiplies(rank: int) -> bool:
    batch = (2,) * (rank - 2)
    graph = empty_graph((*batch, 3, 4))
    other = graph.add_tensor("other", (*batch, 4, 5))
    graph.subgraph.inputs = [0, other]
    output = graph.add_tensor("y", (*batch, 3, 5))
    made = graph.operator("BATCH_MATMUL", [0, other], output, schema.BatchMatMulOptionsT())
    return _runs(graph, made, [output])


LIMITS: dict[str, Callable[[int], bool]] = {
    "BATCH_MATMUL_RANK": _multiplies,
    "CONCATENATION_INPUTS": _concatenates,
    "EXPOSED_RANK": _pads_and_slices,
    "PAD_RANK": _pads,
    "REDUCE_RANK": _reduces,
    "SPLIT_PARTS": _splits,
    "TRANSPOSE_RANK": _transposes,
}
"""Fact → whether the runtime takes so many."""


def _runs(graph: Graph, operator: Any, outputs: Sequence[int]) -> bool:
    """Whether LiteRT's own kernel computes the one operator of a graph."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    operator.outputs = graph.subgraph.outputs = list(outputs)
    graph.subgraph.operators = [operator]
    try:
        interpreter = Interpreter(
            model_content=graph.to_bytes(),
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        interpreter.allocate_tensors()
        interpreter.invoke()
    except (RuntimeError, ValueError):
        return False
    return True


def _delegated(graph: Graph, operator: Any, outputs: Sequence[int]) -> bool:
    """Whether XNNPACK takes the one operator of a graph; False where nothing takes it."""
    from ai_edge_litert.interpreter import Interpreter

    operator.outputs = graph.subgraph.outputs = list(outputs)
    graph.subgraph.operators = [operator]
    try:
        interpreter = Interpreter(model_content=graph.to_bytes())
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError):
        return False
    return any(node["op_name"] == "DELEGATE" for node in interpreter._get_ops_details())


if __name__ == "__main__":
    main()
