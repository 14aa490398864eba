"""Lint of the graph, and a whole lint: what stays float, what XNNPACK leaves, masks."""

import dataclasses

import mobile_network
import numpy as np
import pytest
from lint_subject import Built, findings, normal, subject
from static_graphs import INPUT, STEPS, Growing
from tiny_graph import delegate_nodes

from decant.errors import DataError
from decant.flatbuffer import Graph
from decant.quantize import STATIC_INT8
from decant.quantize.calibrate import measure
from decant.quantize.lint import CHECKS, lint
from decant.quantize.lint.partitions import Outside, Partitions
from decant.quantize.lint.structure import islands
from decant.quantize.ranges import choose
from decant.quantize.transform import transform

# Islands


def between(*kinds, reads_twice=False):
    """Float operators between two ADD, which are int8."""
    built = Built((1, 8))
    first = tensor = built.one("ADD", [*built.inputs, built.constant(1)], (1, 8))
    for kind in kinds:
        options = {"beta": 1.0} if kind == "SOFTMAX" else {}
        tensor = built.one(kind, [tensor], (1, 8), **options)
    if reads_twice:
        tensor = built.one("DIV", [first, tensor], (1, 8))
    return built.ends(built.one("ADD", [tensor, built.constant(1)], (1, 8)))


def test_an_island_that_becomes_a_table():
    (found,) = findings("float-island", subject(between("ABS", "SQRT")))
    assert found.severity == "info"
    assert found.figures == {"islands": 1, "operators": 2, "borders": 2}
    assert found.places[0].operator == "ABS"


def test_an_island_that_does_not():
    (found,) = findings("float-island", subject(between("SOFTMAX")))
    assert found.severity == "warning"
    assert "SOFTMAX between int8 operators: 1 DEQUANTIZE and 1 QUANTIZE" in found.evidence


def test_an_island_of_two_entries():
    (found,) = findings("float-island", subject(between("ABS", reads_twice=True)))
    # ABS and DIV read the same int8 activation, which is dequantized once.
    assert (found.severity, found.figures["borders"]) == ("warning", 2)


def test_what_is_float_at_an_end_is_no_island():
    built = Built((1, 8))
    made = built.one("ADD", [*built.inputs, built.constant(1)], (1, 8))
    looked_at = subject(built.ends(built.one("SOFTMAX", [made], (1, 8), beta=1.0)))
    assert findings("float-island", looked_at) == []


def of_many_islands(seed):
    """A random graph in which int8 and float operators alternate, with branches between them."""
    growing = Growing(seed)
    for name in ("ADD", "SOFTMAX", "CONV_2D", "RELU", "SPLIT", "SOFTMAX", "MUL", "RELU", "ADD"):
        growing.grow(STEPS[name])
    return growing.finish()


@pytest.mark.parametrize("seed", range(6))
def test_borders_are_those_of_the_file(seed):
    """As many DEQUANTIZE and QUANTIZE are in it as are told, beside those of inputs and outputs."""
    graph = of_many_islands(seed)
    content = graph.to_bytes()
    random = np.random.default_rng(seed)
    samples = [{"x": random.normal(size=INPUT.shape).astype(np.float32)}]
    ranges = choose(graph, measure(content, [INPUT], samples), "minmax")
    made = Graph.from_bytes(transform(content, STATIC_INT8.model_copy(update={"ranges": ranges})))
    told = islands(subject(graph))
    assert told
    ends = {*made.inputs, *made.outputs}
    inner = [
        made.kind(operator)
        for operator in made.operators
        if not ends & {int(operator.inputs[0]), int(operator.outputs[0])}
        and (made.kind(operator) != "QUANTIZE" or made.is_float(int(operator.inputs[0])))
    ]
    assert inner.count("DEQUANTIZE") == sum(island.entries for island in told)
    assert inner.count("QUANTIZE") == sum(island.exits for island in told)


# Masks


def masked(value, kind="ADD", *, then="SOFTMAX"):
    built = Built((1, 8))
    mask = np.zeros(8)
    mask[3] = value
    tensor = built.one(kind, [*built.inputs, built.constant(mask)], (1, 8))
    return built.ends(built.one(then, [tensor], (1, 8)))


@pytest.mark.parametrize(
    ("value", "severity"),
    [(-1e9, "warning"), (-3.4e38, "warning"), (-65504, "warning"), (-np.inf, "error")],
)
def test_a_masking_constant(value, severity):
    (found,) = findings("masking-constant", subject(masked(value)))
    assert found.severity == severity
    assert found.places[0].operator == "ADD"


def test_what_it_leaves_of_the_rest():
    (found,) = findings("masking-constant", subject(masked(-1e6), normal(9, 1, 8)))
    assert "it leaves steps of 3,922" in found.evidence


@pytest.mark.parametrize("value", [-100, 1000])
def test_a_constant_of_usual_size(value):
    assert findings("masking-constant", subject(masked(value))) == []


def test_a_bound_is_no_mask():
    assert findings("masking-constant", subject(masked(3.4e38, "MINIMUM"))) == []


def test_a_mask_in_what_stays_float():
    recipe = STATIC_INT8.model_copy(update={"kinds": ("CONV_2D",)})
    (found,) = findings("masking-constant", subject(masked(-1e9), recipe=recipe))
    assert found.severity == "info"


# XNNPACK


def test_nothing_to_quantize():
    built = Built((1, 8))
    looked_at = subject(built.ends(built.one("ABS", built.inputs, (1, 8))))
    assert "ABS" in findings("no-int8", looked_at)[0].evidence
    assert findings("no-int8", subject(between("ABS"))) == []


def test_a_refusal_is_told():
    looked_at = subject(between("ABS"))
    refusing = Partitions(looked_at.partitions.real, None, refusal="cannot make it")
    (found,) = findings("quantizer-refuses", dataclasses.replace(looked_at, partitions=refusing))
    assert (found.severity, found.evidence) == ("error", "cannot make it")


def test_what_is_outside_in_int8_too_is_told_once():
    looked_at = subject(between("ABS"))
    (name,) = [place.tensor for place in findings("float-island", looked_at)[0].places]
    outside = Outside({name: "ABS"}, 2, 3)
    both = dataclasses.replace(looked_at, partitions=Partitions(outside, outside))
    (found,) = findings("outside-delegate", both)
    assert "1 ABS of the float file runs outside XNNPACK" in found.evidence
    only = dataclasses.replace(looked_at, partitions=Partitions(Outside({}, 1, 3), outside))
    (found,) = findings("outside-delegate", only)
    assert "of the static int8 file" in found.evidence
    assert found.places[0].tensor == name


def file(graph, tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(graph.to_bytes())
    return path


def test_what_xnnpack_does_not_take(tmp_path):
    """A sum of one scale with another that is a thousand times as small: XNNPACK's ADD refuses."""
    built = Built((1, 8))
    first = built.one("ADD", [*built.inputs, built.constant(np.arange(8))], (1, 8))
    made = built.one("ADD", [first, built.constant(np.full(8, 1e-6))], (1, 8))
    end = built.one("ADD", [made, built.constant(np.arange(8))], (1, 8))
    path = file(built.ends(end), tmp_path)
    report = lint(path, calibration={"x": normal(40, 1, 8)})
    (found,) = [each for each in report.findings if each.code == "outside-delegate"]
    assert "1 ADD of the static int8 file runs outside XNNPACK" in found.evidence
    assert found.places[0].tensor == built.graph.name(made)
    assert delegate_nodes(path.read_bytes()) == 1


# A whole file


@pytest.fixture(scope="module")
def linted(float_path, calibration):
    return lint(float_path, calibration=calibration, inputs=mobile_network.INPUTS_INFO)


def test_a_file(linted):
    assert linted.samples == linted.given_samples == 12
    assert linted.checked == tuple(check.code for check in CHECKS)
    assert not linted.unchecked
    told = {each.code: each for each in linted.findings}
    assert told["few-samples"].figures["given_samples"] == 12
    (island,) = [each for each in linted.findings if each.code == "float-island"]
    assert island.figures["islands"] == mobile_network.OPERATORS["HARD_SWISH"]
    grave = [each.severity for each in linted.findings]
    assert grave == sorted(grave, key=["error", "warning", "info"].index)


def test_a_file_without_data(float_path):
    report = lint(float_path, inputs=mobile_network.INPUTS_INFO)
    assert report.samples == 0
    assert {"few-samples", "outlier-channels"} <= {*report.unchecked}
    assert {each.code for each in report.findings} == {"float-island"}


def test_data_that_is_no_data(float_path, calibration):
    broken = calibration["image"].copy()
    broken[3, 0, 2, 5] = np.nan
    with pytest.raises(DataError, match="NaN or infinite"):
        lint(float_path, calibration={"image": broken}, inputs=mobile_network.INPUTS_INFO)


def test_a_file_that_is_quantized(report):
    with pytest.raises(DataError, match="quantized already"):
        lint(report.folder / "model_int8.tflite")


def test_codes_are_each_one_checks():
    codes = [check.code for check in CHECKS]
    assert len(codes) == len(set(codes))
