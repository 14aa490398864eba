"""Which times a prediction adds up, by numbers that tell them apart."""

import pytest
from static_graphs import SHAPE, Growing, unary

from decant.quantize.cost.borders import PASSINGS, SIZES, Borders
from decant.quantize.cost.costs import Costs
from decant.quantize.cost.operator_costs import wiring_of
from decant.quantize.cost.store import NONE, Cost

QUANTIZE, DEQUANTIZE, TABLE = 1000.0, 100.0, 10.0
"""Of a whole tensor, whatever its size; an operator takes 1 as floats and 0.1 as integers."""
STATIC = ("MUL", "LOGISTIC", "CONV_2D")


def costs_of(graph):
    times = dict(zip(PASSINGS, (QUANTIZE, DEQUANTIZE, TABLE), strict=True))
    borders = Borders({passing: (ms,) * len(SIZES) for passing, ms in times.items()})
    kinds = [graph.kind(operator) for operator in graph.operators]
    static = [Cost(ms=0.1, kernel="xnnpack") if kind in STATIC else NONE for kind in kinds]
    real = [Cost(ms=1.0, kernel="xnnpack")] * len(kinds)
    return Costs(wiring_of(graph), {"float": real, "static_int8": static}, borders)


def grown(*kinds, outputs=(-1,)):
    """A chain in which MUL squares."""
    growing = Growing(0)
    tensors = [0]
    for kind in kinds:
        double = kind == "MUL"
        x = tensors[-1]
        made = growing.one(kind, [x, x], SHAPE) if double else unary(kind)(growing, x)
        tensors.append(made)
    growing.graph.subgraph.outputs = [tensors[at] for at in outputs]
    return costs_of(growing.graph)


@pytest.mark.parametrize(
    ("kinds", "schemes", "expected"),
    [
        (["MUL"], "f", 1),
        (["MUL"], "s", QUANTIZE + 0.1 + DEQUANTIZE),
        (["MUL", "MUL"], "ss", QUANTIZE + 0.2 + DEQUANTIZE),
        (["MUL", "MUL"], "sf", QUANTIZE + 0.1 + DEQUANTIZE + 1),
        (["MUL", "MUL"], "fs", 1 + QUANTIZE + 0.1 + DEQUANTIZE),
        (["MUL", "EXP", "MUL"], "sfs", QUANTIZE + 0.1 + TABLE + 0.1 + DEQUANTIZE),
        # Static means the same for what has no static form.
        (["MUL", "EXP", "MUL"], "sss", QUANTIZE + 0.1 + TABLE + 0.1 + DEQUANTIZE),
        # A chain is one table.
        (["MUL", "EXP", "SQRT", "MUL"], "sffs", QUANTIZE + 0.2 + TABLE + DEQUANTIZE),
        # At an end of the network it is none.
        (["MUL", "EXP"], "sf", QUANTIZE + 0.1 + DEQUANTIZE + 1),
        (["EXP", "MUL"], "fs", 1 + QUANTIZE + 0.1 + DEQUANTIZE),
        # What has a static form may be a part of a table as well.
        (["MUL", "LOGISTIC", "MUL"], "sfs", QUANTIZE + 0.2 + TABLE + DEQUANTIZE),
        (["MUL", "LOGISTIC", "MUL"], "sss", QUANTIZE + 0.3 + DEQUANTIZE),
        # SOFTMAX is no unary one.
        (["MUL", "SOFTMAX", "MUL"], "sfs", 2 * (QUANTIZE + 0.1 + DEQUANTIZE) + 1),
    ],
)  # fmt: skip
def test_borders_and_tables_are_added(kinds, schemes, expected):
    names = [{"f": "float", "s": "static_int8"}[each] for each in schemes]
    assert grown(*kinds).predict_ms(names) == pytest.approx(expected)


def test_an_output_inside_a_chain_keeps_it_from_being_a_table():
    costs = grown("MUL", "EXP", "MUL", outputs=(2, 3))
    told = costs.predict_ms(["static_int8", "float", "static_int8"])
    assert told == pytest.approx(2 * (QUANTIZE + 0.1 + DEQUANTIZE) + 1)


def test_a_tensor_of_several_readers_passes_once():
    growing = Growing(0)
    squared = growing.one("MUL", [0, 0], SHAPE)
    growing.graph.subgraph.outputs = [growing.one("EXP", [squared], SHAPE) for _ in range(2)]
    told = costs_of(growing.graph).predict_ms(["static_int8", "float", "float"])
    assert told == pytest.approx(QUANTIZE + 0.1 + DEQUANTIZE + 2)


def test_borders_lie_on_lines_between_what_was_measured():
    borders = Borders({"quantize": [float(size) for size in SIZES]})
    assert borders.time_ms("quantize", 300) == pytest.approx(300)
    assert borders.time_ms("quantize", 10) == SIZES[0]
    assert borders.time_ms("quantize", 3 * SIZES[-1]) == pytest.approx(3 * SIZES[-1])
