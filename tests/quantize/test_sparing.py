"""An operator that the quantizer fails on stays float, and the rest is quantized."""

import json
import os

import layered_graphs
import numpy as np
import pytest
from candidates import named
from layered_graphs import PLACES, Layered

from decant import isolation
from decant.errors import InternalError
from decant.flatbuffer.graph import Graph
from decant.quantize import DYNAMIC_INT8, STATIC_INT8, load_recipes, quantize
from decant.quantize.cost import measure_costs
from decant.quantize.ranges import written_by
from decant.quantize.sparing import sparing


def with_computed_bias():
    """Convolutions of which the third has a bias that is computed: the library raises."""
    layered = Layered((1, 5, 7, 4))
    x = layered.x
    for _ in range(2):
        x = layered.conv(x, layered.normal(4, 3, 3, 4) / 6)
    axes = layered.graph.add_constant("axes", np.array([0, 1, 2], np.int32))
    bias = layered.one("MEAN", [x, axes], (4,))
    weights = layered.constant(layered.normal(4, 3, 3, 4) / 6)
    x = layered.one("CONV_2D", [x, weights, bias], (1, 5, 7, 4), **PLACES)
    failing = layered.graph.name(x)
    for _ in range(2):
        x = layered.conv(x, layered.normal(4, 3, 3, 4) / 6)
    return layered.ending(x), failing


GRAPH, FAILING = with_computed_bias()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("computed_bias") / "model_fp32.tflite"
    path.write_bytes(GRAPH.to_bytes())
    (path.parent / "trace.json").write_text(
        json.dumps({"tensors": {FAILING: {"module": "head.adaptive"}}})
    )
    return path


@pytest.fixture(scope="module")
def calibration():
    runs = layered_graphs.samples(GRAPH, 8)
    return {"x": np.concatenate([run["x"] for run in runs])}


@pytest.fixture(scope="module")
def report(path, calibration, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    return quantize(path, out, calibration=calibration, recipes=[STATIC_INT8])


def test_the_others_are_quantized(report):
    made = Graph.from_file(report.folder / named(report, "static_int8").file)
    floats = [made.kind(each) for each in made.operators if made.is_float(int(each.outputs[0]))]
    assert floats.count("CONV_2D") == 1
    assert made.histogram()["CONV_2D"] == 5
    assert named(report, "static_int8").weakest_db > 20


def test_the_report_names_operator_module_and_reason(report):
    (spared,) = named(report, "static_int8").spared
    assert (spared.operator, spared.tensor) == ("CONV_2D", FAILING)
    assert (
        f"model_int8.tflite keeps CONV_2D {FAILING!r} of head.adaptive float, since the quantizer"
        " fails on it: litert-quantizer 0.11.0 cannot make 'static_int8': AttributeError: "
    ) in report.warnings[0]
    assert len(report.warnings) == 1


def test_the_recipe_makes_the_same_bytes_without_a_search(report, path, tmp_path, monkeypatch):
    monkeypatch.delattr("decant.quantize.sparing._Search")
    quantize(path, tmp_path, recipes=load_recipes(report.folder / "recipe.json"))
    name = named(report, "static_int8").file
    assert (tmp_path / name).read_bytes() == (report.folder / name).read_bytes()


def recipe(**update):
    ranges = {
        GRAPH.name(int(t)): (-4.0, 4.0)
        for t in (*GRAPH.inputs, *(t for each in GRAPH.operators for t in each.outputs))
    }
    return STATIC_INT8.model_copy(update={"ranges": ranges, **update})


class Failing:
    """A quantizer that fails on some operators, and counts how often it is called."""

    def __init__(self, *numbers, message="it failed", asked=lambda scheme: scheme != "float"):
        self.written = [written_by(GRAPH, GRAPH.operators[number]) for number in numbers]
        self.kinds = [GRAPH.kind(GRAPH.operators[number]) for number in numbers]
        self.message, self.calls, self.asked = message, 0, asked

    def __call__(self, recipe):
        self.calls += 1
        schemes = [
            recipe.scheme_of(kind, written).name
            for kind, written in zip(self.kinds, self.written, strict=True)
        ]
        if any(map(self.asked, schemes)):
            raise InternalError(self.message)
        return "made"


@pytest.mark.parametrize("numbers", [(), (0,), (5,), (2, 3), (0, 2, 5)], ids=str)
def test_operators_are_found_with_few_files(numbers):
    quantizer = Failing(*numbers)
    made, kept, reasons = sparing(GRAPH, recipe(), quantizer)
    assert made == "made"
    assert list(reasons) == quantizer.written
    assert {*reasons.values()} <= {"it failed"}
    assert quantizer(kept) == "made"
    # One more to see the others work, one each, and log2 of six operators.
    assert quantizer.calls <= 3 + 4 * len(numbers)


def test_a_name_in_the_message_is_tried_first():
    name = written_by(GRAPH, GRAPH.operators[3])
    quantizer = Failing(3, message=f"tensor {name} has no scale")
    _, _, reasons = sparing(GRAPH, recipe(), quantizer)
    assert list(reasons) == [name]
    assert quantizer.calls == 2


def test_a_wrong_name_in_the_message_is_left():
    name = written_by(GRAPH, GRAPH.operators[0])
    quantizer = Failing(3, message=f"tensor {name} has no scale")
    _, _, reasons = sparing(GRAPH, recipe(), quantizer)
    assert list(reasons) == quantizer.written


@pytest.mark.parametrize(
    "quantizer",
    [Failing(*range(5)), Failing(0, asked=lambda _: True)],
    ids=["many", "always"],
)
def test_what_fails_in_many_operators_or_in_none_fails_as_it_was(quantizer):
    with pytest.raises(InternalError, match=r"^it failed$"):
        sparing(GRAPH, recipe(), quantizer)


def test_an_operator_that_crashes_the_process_stays_float(path, calibration, tmp_path, monkeypatch):
    real = isolation.run_isolated
    crashing = Failing(1, message="")

    def run_isolated(function, model, recipe):
        try:
            crashing(recipe)
        except InternalError:
            return real(os.abort)
        return real(function, model, recipe)

    monkeypatch.setattr("decant.quantize.candidates.run_isolated", run_isolated)
    made = quantize(path, tmp_path, calibration=calibration, recipes=[DYNAMIC_INT8])
    (spared,) = made.candidates[0].spared
    assert spared.tensor == written_by(GRAPH, GRAPH.operators[1])
    assert "SIGABRT" in spared.why


def test_costs_of_the_others_are_measured():
    costs = measure_costs(GRAPH)
    times = [costs.operator_ms(at, "static_int8") for at in range(len(GRAPH.operators))]
    assert costs.failures == {}
    assert times[3] is None
    assert None not in (times[0], times[1], times[4], times[5])
