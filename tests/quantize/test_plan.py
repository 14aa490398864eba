"""A search for plans on a real network: what is found is measured, kept and can be made again."""

import mobile_network
import numpy as np
import pytest
from candidates import named

from decant.errors import InternalError
from decant.flatbuffer.graph import Graph
from decant.quantization import Plan
from decant.quantize import PlanRequest, load_recipes, quantize
from decant.quantize.recipes import STATIC_INT8
from decant.quantize.report import float_islands

ASKED = Plan(budget="2m", min_snr_db=26.0)


def planned(float_path, calibration, out, request):
    return quantize(
        float_path,
        out,
        calibration=calibration,
        inputs=mobile_network.INPUTS_INFO,
        outputs=mobile_network.OUTPUTS_INFO,
        plan=request,
    )


def first_score(outputs):
    """A metric: how often the largest of the first scores is where it is positive."""
    return float(np.mean([each["scores"].ravel()[0] > 0 for each in outputs]))


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def report(float_path, calibration, state, tmp_path_factory):
    request = PlanRequest(ASKED, first_score, state)
    return planned(float_path, calibration, tmp_path_factory.mktemp("plan"), request)


def test_the_planned_file_keeps_what_is_asked(report):
    plan = named(report, "plan")

    assert plan.weakest_db >= 26.0
    assert (report.folder / plan.file).stat().st_size == plan.size_bytes
    assert {group.scheme for group in plan.recipe.groups} <= {"float", "dynamic_int8"}


def test_every_file_is_measured_and_the_chosen_one_is_among_them(report):
    plan = report.plan
    points = {point.name: point for point in plan.points}

    assert {each.name for each in report.candidates} <= points.keys()
    assert all(points[each.name].latency_ratio for each in report.candidates if each.fit)
    assert plan.chosen in {*points, "float"}
    assert plan.stopped == "finished"
    assert plan.prediction_error < 1
    for point in plan.points:
        assert sum(point.schemes.values()) == len(_operators(report))
        assert point.drop is not None


def _operators(report):
    graph = Graph.from_file(report.folder / named(report, "float16").file)
    kinds = ("DEQUANTIZE", "QUANTIZE")
    return [each for each in graph.operators if graph.kind(each) not in kinds]


def test_groups_say_what_each_costs(report):
    groups = report.plan.groups

    assert sum(sum(group.operators.values()) for group in groups) == len(_operators(report))
    assert [group.snr_db for group in groups] == sorted(group.snr_db for group in groups)
    assert all(group.float_ms > 0 for group in groups)


def test_its_recipe_makes_the_same_bytes_without_a_search(report, float_path, tmp_path):
    recipes = load_recipes(report.folder / "recipe.json")

    again = quantize(
        float_path,
        tmp_path,
        inputs=mobile_network.INPUTS_INFO,
        outputs=mobile_network.OUTPUTS_INFO,
        recipes=[each for each in recipes if each.name == "plan"],
    )

    file = named(report, "plan").file
    assert again.plan is None
    assert (tmp_path / file).read_bytes() == (report.folder / file).read_bytes()


def test_what_was_measured_is_not_measured_again(
    report, state, float_path, calibration, tmp_path, monkeypatch
):
    from decant.quantize.plan import noise

    kept = {path.name: path.read_bytes() for path in state.iterdir()}
    monkeypatch.setattr(noise, "_measured_apart", lambda *_: pytest.fail("measured again"))

    again = planned(float_path, calibration, tmp_path, PlanRequest(ASKED, None, state))

    assert {path.name: path.read_bytes() for path in state.iterdir()} == kept
    assert named(again, "plan").recipe == named(report, "plan").recipe


def test_a_planned_file_is_corrected_and_made_again_without_data(
    report, state, float_path, calibration, tmp_path, monkeypatch
):
    # Whether a correction helps this network is not what is tested here.
    monkeypatch.setattr("decant.quantize.correcting.is_better", lambda *_: True)
    request = PlanRequest(ASKED, None, state, corrections=("bias",))
    made = named(planned(float_path, calibration, tmp_path / "one", request), "plan")
    assert made.recipe.corrections == ("bias",)
    assert named(report, "plan").recipe.corrections == ()
    recipes = load_recipes(tmp_path / "one/recipe.json")
    quantize(
        float_path,
        tmp_path / "two",
        inputs=mobile_network.INPUTS_INFO,
        outputs=mobile_network.OUTPUTS_INFO,
        recipes=[each for each in recipes if each.name == "plan"],
    )
    for name in (made.file, made.recipe.corrections_file):
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()


def test_a_budget_too_small_for_a_plan_leaves_the_recipes_files(float_path, calibration, tmp_path):
    request = PlanRequest(Plan(budget="0.01s"))

    report = planned(float_path, calibration, tmp_path, request)

    assert report.plan.stopped == "time"
    assert {each.name for each in report.candidates} == {"static_int8", "dynamic_int8", "float16"}


def test_an_interrupt_leaves_what_was_found(float_path, calibration, tmp_path, monkeypatch):
    from decant.quantize.plan import planning

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(planning, "operator_groups", interrupted)
    request = PlanRequest(ASKED)

    report = planned(float_path, calibration, tmp_path, request)

    assert report.plan.stopped == "interrupted"
    assert named(report, "plan").weakest_db >= 26.0


def test_an_interrupted_search_keeps_what_it_has_tried(
    float_path, calibration, tmp_path, monkeypatch
):
    from decant.quantize.plan import planning

    class Interrupted(planning.Search):
        def cheapest(self, *arguments):
            super().cheapest(*arguments)
            raise KeyboardInterrupt

    monkeypatch.setattr(planning, "Search", Interrupted)

    report = planned(float_path, calibration, tmp_path, PlanRequest(ASKED))

    assert report.plan.stopped == "interrupted"
    assert named(report, "plan").weakest_db >= 26.0
    assert report.plan.float_ms is not None  # what was found is timed all the same


def test_what_a_recipe_leaves_float_itself_is_no_news(float_path, calibration, tmp_path):
    kinds = tuple(kind for kind in STATIC_INT8.kinds if kind != "DEPTHWISE_CONV_2D")

    report = quantize(
        float_path,
        tmp_path,
        calibration=calibration,
        inputs=mobile_network.INPUTS_INFO,
        outputs=mobile_network.OUTPUTS_INFO,
        recipes=[STATIC_INT8.model_copy(update={"kinds": kinds})],
    )

    graph = Graph.from_file(report.folder / "model_int8.tflite")
    assert "DEPTHWISE_CONV_2D" in float_islands(graph)
    assert not any("DEPTHWISE_CONV_2D" in note for note in report.notes)


def test_noise_that_a_damaged_file_holds_is_measured_again(tmp_path):
    from decant.artifacts import write_json
    from decant.quantize.plan.kept import Kept

    kept = Kept.of(tmp_path, b"model", [], {})
    kept.write({("activation", 3): 0.5})
    damaged = {"made_from": kept.made_from, "ratios": {"activation 3": 0.5, "weights": 1.0}}
    write_json(kept.path, damaged)

    assert kept.read() == {("activation", 3): 0.5}


@pytest.mark.parametrize(
    ("fault", "stopped"),
    [(KeyboardInterrupt(), "interrupted"), (InternalError("killed by SIGSEGV"), "failed")],
)
def test_what_ends_before_anything_is_planned_leaves_a_choice_among_recipes(
    fault, stopped, float_path, calibration, tmp_path, monkeypatch, caplog
):
    from decant.quantize.plan import planning

    def ended(*_):
        raise fault

    monkeypatch.setattr(planning, "measure_noise", ended)
    (tmp_path / "model_plan.tflite").write_bytes(b"of an earlier run")

    report = planned(float_path, calibration, tmp_path, PlanRequest(Plan(budget="2m")))

    assert report.plan.stopped == stopped
    assert all(each.latency_ratio for each in report.plan.points)
    assert not (tmp_path / "model_plan.tflite").exists()
    assert str(fault) in caplog.text


def test_without_calibration_data_nothing_is_planned(float_path, tmp_path):
    report = planned(float_path, None, tmp_path, PlanRequest(Plan()))

    assert report.plan is None
