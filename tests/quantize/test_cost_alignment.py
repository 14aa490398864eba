"""Which operator of a file a time in a profile belongs to."""

import costed_network
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from static_graphs import SHAPE, Growing

from decant.flatbuffer import Graph, empty_graph
from decant.quantize.cost.alignment import align, execution_order
from decant.quantize.cost.event_names import FOLDING
from decant.runtime_profile import OperatorTime, profile_files

OPTIONS = {"GELU": schema.GeluOptionsT, "LEAKY_RELU": schema.LeakyReluOptionsT}

COPY, ROUND, DENSE = "Copy (NC, X8)", "Convert (NC, F32, QD8)", "Fully Connected (NC)"


def times(*names, plain=None):
    """Times of 1, 2, 3 … ms."""
    plain = plain or {}
    return [
        OperatorTime(name, name not in plain, plain.get(name, at), at + 1.0)
        for at, name in enumerate(names)
    ]


def chain(*kinds):
    growing = Growing(0)
    x = 0
    for kind in kinds:
        inputs = [x, x] if kind in ("ADD", "MUL", "CONCATENATION") else [x]
        x = growing.one(kind, inputs, SHAPE)
    growing.graph.subgraph.outputs = [x]
    return growing.graph


@pytest.mark.parametrize(
    ("kinds", "names", "expected"),
    [
        (["ADD", "MUL"], ["Add (ND)", "Multiply (ND)"], [[1], [2]]),
        (["MUL", "MUL"], ["Multiply (ND)", "Multiply (ND)"], [[1], [2]]),
        (["ADD", "RESHAPE", "MUL"], ["Add (ND)", "Multiply (ND)"], [[1], [], [2]]),
        (["CONCATENATION", "MUL"], [COPY, COPY, "Multiply (ND)"], [[1, 2], [3]]),
        (["CONCATENATION", "RESHAPE"], [COPY, COPY, "Static Reshape (NC)"], [[1, 2], [3]]),
        (["DEQUANTIZE", "EXP", "QUANTIZE"], ["Invalid Unary Op"], [[], [1], []]),
        (["LOGISTIC", "MUL", "ADD"], ["Sigmoid (NC)", "Add (ND)"], [[1], [], [2]]),
        (["MUL", "FULLY_CONNECTED"], ["Multiply (ND)", ROUND, DENSE], [[1], [2, 3]]),
    ],
)  # fmt: skip
def test_times_find_their_operators_in_order(kinds, names, expected):
    found = align(chain(*kinds), times(*names))
    assert [[time.ms for time in found[at]] for at in range(len(kinds))] == expected


def test_a_kernel_of_litert_is_found_by_its_number():
    graph = chain("MUL", "ADD", "ADD", "MUL")
    profile = times("Multiply (ND)", "Add (ND)", "ADD", "Multiply (ND)", plain={"ADD": 2})
    found = align(graph, profile)
    assert [[time.name for time in found[at]] for at in range(4)] == [
        [each.name] for each in profile
    ]


def test_a_part_runs_what_it_can_before_the_next():
    """EXP waits for nothing that LiteRT's own kernel makes, and so runs before that."""
    growing = Growing(0)
    squared = growing.one("MUL", [0, 0], SHAPE)
    soft = growing.one("SOFTMAX", [squared], SHAPE)
    other = growing.one("EXP", [squared], SHAPE)
    growing.one("ADD", [soft, other], SHAPE)
    assert execution_order(growing.graph, plain={1}) == [[0, 2], [1], [3]]


def test_the_parts_of_a_real_file_are_those():
    graph = costed_network.softmax_of_integers()
    operators = profile_files({"x": graph.to_bytes()}, rounds=(2, 2))["x"].operators
    found = align(graph, operators)
    assert [[time.name for time in found[at]] for at in range(3)] == [
        ["Convert (NC)"],
        ["SOFTMAX"],
        ["Convert (NC)"],
    ]


def test_xnnpack_makes_one_table_of_each_folding_operator():
    graph: Graph = empty_graph(*((1, 64) for _ in FOLDING))
    graph.subgraph.outputs = [_between_integers(graph, x, kind) for x, kind in enumerate(FOLDING)]
    graph.ensure_signature()
    operators = profile_files({"x": graph.to_bytes()}, rounds=(2, 2))["x"].operators
    assert [operator.name for operator in operators] == [operators[0].name] * len(FOLDING)


def _between_integers(graph: Graph, x: int, kind: str) -> int:
    real, result, integers = (graph.add_tensor(f"{kind} {at}", (1, 64)) for at in range(3))
    for tensor in (x, integers):
        graph.set_dtype(tensor, np.dtype(np.int8))
        graph.set_scales(tensor, [0.05], [3])
    options = OPTIONS[kind]() if kind in OPTIONS else None
    if kind == "LEAKY_RELU":
        options.alpha = 0.1
    graph.subgraph.operators = [
        *graph.operators,
        graph.operator("DEQUANTIZE", [x], real, schema.DequantizeOptionsT()),
        graph.operator(kind, [real], result, options),
        graph.operator("QUANTIZE", [result], integers, schema.QuantizeOptionsT()),
    ]
    return integers
