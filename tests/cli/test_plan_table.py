"""The terminal says what a search for mixed files found."""

import sys

import pytest

from decant.cli.plan_table import show_plan
from decant.cli.terminal import Terminal
from decant.plan_report import OperatorGroup, PlanReport, Point

GROUP = OperatorGroup(
    module="stages.0.depth",
    operators={"CONV_2D": 2},
    schemes={"float": 2},
    float_ms=0.00175,
    int8_ms=1.25,
    snr_db=4.2,
)


def printed(capsys, tmp_path, **changes):
    point = {"snr_db": 21.0, "size_bytes": 9, "kept": True, "schemes": {"float": 1, "int8": 3}}
    known = {
        "objective": "latency",
        "unit": "ms",
        "budget_s": 60.0,
        "spent_s": 61.2,
        "stopped": "finished",
        "points": (Point(name="plan_good", latency_ratio=0.5, **point),),
        "groups": (GROUP,),
        "chosen": "plan_good",
    }
    files = {"plan_good": tmp_path / "good.tflite"}
    show_plan(Terminal(sys.stdout, sys.stderr), PlanReport(**(known | changes)), files)
    return capsys.readouterr().out


def test_times_of_small_networks_keep_their_digits(capsys, tmp_path):
    found = printed(capsys, tmp_path)
    assert "stages.0.depth  0.00175 ms  1.25 ms        4.2 dB  float" in found
    assert "in plan_good" in found
    assert "plan_good  0.50 ×       21.0 dB  1 float, 3 int8" in found
    assert f"ship {tmp_path / 'good.tflite'}" in found


@pytest.mark.parametrize(("drop", "shown"), [(None, False), (0.0104, True)])
def test_a_drop_is_shown_where_there_is_a_metric(capsys, tmp_path, drop, shown):
    point = Point(
        name="plan_good",
        latency_ratio=0.5,
        snr_db=21.0,
        drop=drop,
        size_bytes=9,
        schemes={"float": 1},
        kept=True,
    )
    found = printed(capsys, tmp_path, points=(point,))
    assert ("metric's drop" in found) is shown
    assert ("+0.0104" in found) is shown


@pytest.mark.parametrize(("stopped", "told"), [("time", True), ("finished", False)])
def test_a_search_that_ran_out_of_time_says_so(capsys, tmp_path, stopped, told):
    found = printed(capsys, tmp_path, stopped=stopped, chosen="float")
    assert ("the search's time was over after 61 s; with more (budget)" in found) is told
    assert "ship the float file" in found


def test_files_that_were_not_timed_have_no_table(capsys, tmp_path):
    point = Point(name="a", snr_db=21.0, size_bytes=9, schemes={"float": 1}, kept=True)
    found = printed(capsys, tmp_path, points=(point,), groups=())
    assert "time on one thread" not in found
    assert "what costs most accuracy" not in found
