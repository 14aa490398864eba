"""Files of which every operator is int8, and inputs and outputs of int8."""

import numpy as np
import pytest
import static_graphs
import tiny_graph
from ai_edge_litert import schema_py_generated as schema

from decant.errors import UnsupportedOp
from decant.flatbuffer import Graph, empty_graph
from decant.quantize import PURE_INT8, STATIC_INT8, load_recipes, quantize
from decant.quantize.pure.masks import bound_masks, bounded_ranges

SHAPE = (1, 6, 4, 8)
SAMPLES = np.random.default_rng(0).normal(size=(24, *SHAPE)).astype(np.float32)


def grown(*kinds):
    """Give a convolution, operators of some kinds one after another, and a convolution."""
    growing = static_graphs.Growing(0)
    growing.graph = empty_graph(SHAPE)
    x = convolution(growing, growing.graph.inputs[0])
    for kind in kinds:
        x = STEPS[kind](growing, x)
    growing.graph.subgraph.outputs = [convolution(growing, x)]
    growing.graph.ensure_signature()
    return growing.graph


def convolution(growing, x):
    inputs = [x, growing.weights(8, 1, 1, 8, scale=0.4), growing.weights(8, scale=0.1)]
    return growing.one("CONV_2D", inputs, SHAPE, padding=static_graphs.SAME, **static_graphs.WINDOW)


def leaky(growing, x):
    options = schema.LeakyReluOptionsT()
    options.alpha = 0.1
    y = growing.graph.add_tensor("leaky", SHAPE)
    made = growing.graph.operator("LEAKY_RELU", [x], y, options)
    growing.graph.subgraph.operators = [*growing.graph.operators, made]
    return y


def with_constant(kind, *shape):
    return lambda growing, x: growing.one(kind, [x, growing.weights(*shape)], SHAPE)


def lone(kind):
    return lambda growing, x: growing.one(kind, [x], SHAPE)


STEPS = {
    **{kind: lone(kind) for kind in ("ABS", "ELU", "EXP", "HARD_SWISH", "NEG", "RELU6", "SIN")},
    **{kind: lone(kind) for kind in ("RELU_N1_TO_1", "SQUARE")},
    "LEAKY_RELU": leaky,
    "MINIMUM": with_constant("MINIMUM", 8),
    "PRELU": with_constant("PRELU", 1, 1, 8),
}
FOLDED = sorted({*STEPS} - {"SIN"})


def made(folder, content, **changes):
    (folder / "float.tflite").write_bytes(content)
    recipe = PURE_INT8.model_copy(update=changes)
    given = {} if recipe.ranges else {"calibration": {"x": SAMPLES[:, 0]}}
    return quantize(folder / "float.tflite", folder / "out", recipes=[recipe], **given)


def types(path):
    graph = Graph.from_file(path)
    read = {int(t) for each in graph.operators for t in (*each.inputs, *each.outputs) if t >= 0}
    return {np.dtype(graph.dtype(tensor)).name for tensor in read}


@pytest.mark.parametrize("kind", FOLDED)
def test_a_kind_that_the_library_leaves_float_is_folded(kind, tmp_path):
    report = made(tmp_path, grown(kind).to_bytes(), borders="int8")
    assert types(tmp_path / "out" / PURE_INT8.file) <= {"int8", "int32"}
    (candidate,) = report.candidates
    # Three to five roundings of a few tenths of a percent each; a wrong scale leaves less than 5.
    assert min(candidate.snr_db.values()) > 18
    assert (candidate.inputs[0].dtype, candidate.outputs[0].dtype) == ("int8", "int8")


def test_a_recipe_with_int8_borders_makes_the_same_bytes_again(tmp_path):
    made(tmp_path, grown("PRELU", "EXP").to_bytes(), borders="int8")
    file = tmp_path / "out" / PURE_INT8.file
    first = file.read_bytes()
    quantize(
        tmp_path / "float.tflite",
        tmp_path / "again",
        recipes=load_recipes(tmp_path / "out" / "recipe.json"),
    )
    assert (tmp_path / "again" / PURE_INT8.file).read_bytes() == first


def test_float_borders_leave_floats_at_the_borders_alone(tmp_path):
    made(tmp_path, grown("PRELU").to_bytes())
    counts = Graph.from_file(tmp_path / "out" / PURE_INT8.file).histogram()
    assert counts == {"CONV_2D": 2, "DEQUANTIZE": 1, "PRELU": 1, "QUANTIZE": 1}


def test_what_has_no_int8_kernel_is_listed(tmp_path):
    with pytest.raises(UnsupportedOp, match=r"1 operator .*SIN 'sin': LiteRT has no int8") as why:
        made(tmp_path, grown("SIN", "PRELU").to_bytes())
    assert why.value.exit_code == 3
    assert "static_int8 keeps them float" in str(why.value)


def test_masks_are_bounded_and_nothing_else_is():
    mask = np.array([0, -1e9], np.float32)
    graph = tiny_graph.of_one("ADD", (3, 2), (3, 2), schema.AddOptionsT(), [mask])
    ranges = bounded_ranges(graph, {"x": (-8.0, 8.0), "y": (-1e9, 8.0)})
    assert ranges == {"x": (-8.0, 8.0), "y": (-40.0, 8.0)}
    bound_masks(graph, ranges)
    (operator,) = graph.operators
    assert graph.constant(int(operator.inputs[1])).tolist() == [0, -32]
    near = {"x": (-8.0, 8.0), "y": (-20.0, 8.0)}
    usual = tiny_graph.of_one("ADD", (3, 2), (3, 2), schema.AddOptionsT(), [mask / 1e8])
    assert bounded_ranges(usual, near) == near


def test_a_static_file_with_floats_inside_takes_and_gives_int8(tmp_path):
    (tmp_path / "float.tflite").write_bytes(grown("SIN").to_bytes())
    (candidate,) = quantize(
        tmp_path / "float.tflite",
        tmp_path,
        recipes=[STATIC_INT8.with_borders("int8")],
        calibration={"x": SAMPLES[:, 0]},
    ).candidates
    assert {each.dtype for each in (*candidate.inputs, *candidate.outputs)} == {"int8"}
    assert candidate.operators == {"CONV_2D": 2, "DEQUANTIZE": 1, "QUANTIZE": 1, "SIN": 1}
    # As of the pure files.
    assert min(candidate.snr_db.values()) > 18
