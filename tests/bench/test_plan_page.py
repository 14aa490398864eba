"""The page draws a report's plan, and says which module costs most accuracy."""

import re

import pytest
from bench_reports import entry, quality
from drawn_page import Page

from decant.bench import load_report, render
from decant.bench.drawing.frontier import Mark, Scale, frontier
from decant.bench.schema import Choice, Data, DataSet, PyTorch, Report
from decant.machine import this_machine
from decant.plan_report import OperatorGroup, PlanReport, Point

SCALE = Scale("dB", 0.0, 60.0)


def group(module, snr_db, **changes):
    figures = {"float_ms": 0.5, "int8_ms": 0.2, "drop": 0.0104}
    return OperatorGroup(
        module=module,
        operators={"CONV_2D": 3, "ADD": 1},
        schemes={"float": 1, "static_int8": 3},
        snr_db=snr_db,
        **(figures | changes),
    )


def point(name, ratio, snr_db, **changes):
    figures = {"drop": 0.0, "kept": True, "schemes": {"static_int8": 4}, "size_bytes": 1_000_000}
    return Point(name=name, latency_ratio=ratio, snr_db=snr_db, **(figures | changes))


def plan(**changes):
    known = {
        "objective": "latency",
        "unit": "ms",
        "budget_s": 60.0,
        "spent_s": 41.2,
        "stopped": "finished",
        "float_ms": 10.0,
        "prediction_error": 0.07,
        "points": (
            point("int8", 0.5, 31.0),
            point("plan_3", None, 14.0, foreseen=4.0, kept=False),
        ),
        "groups": (group("head.0", 4.2), group("stem<1>", 33.0)),
        "chosen": "int8",
    }
    return PlanReport(**(known | changes))


def report(found):
    part = DataSet(source="a.json", images=7, sha256="0" * 64)
    right = quality(0.9, 0.0)
    return Report(
        model="squares",
        machine=this_machine(),
        metric="ap50",
        data=Data(test=part, validation=part),
        pytorch=PyTorch(test=right, validation=right),
        reference=entry("float"),
        candidates=(entry("int8", ratio=0.5).model_copy(update={"chosen": True}),),
        choice=Choice(name="int8", reason="fastest"),
        plan=found,
    )


def drawn(found, folder):
    """Draw a report with this plan; returns the page and its text."""
    report(found).save(folder / "report.json")
    html = render(folder).read_text()
    parsed = Page()
    parsed.feed(html)
    assert parsed.open == []
    return html, " ".join(parsed.text.split())


def test_a_report_keeps_its_plan(tmp_path):
    report(plan()).save(tmp_path / "report.json")
    assert load_report(tmp_path / "report.json").plan == plan()


def test_without_a_plan_nothing_of_it_shows(tmp_path):
    html, text = drawn(None, tmp_path)
    assert "What int8 costs" not in text
    assert "frontier" not in re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)


@pytest.mark.parametrize(
    ("groups", "answer"),
    [
        (
            (group("head.0", 4.2), group("body", 15.0), group("stem<1>", 33.0)),
            "head.0 (3 CONV_2D, 1 ADD): where it alone is int8, the outputs keep 4.2 dB, which is "
            "broken, and ap50 gets 0.0104 worse. Int8 saves 0.3 ms of its 0.5 ms. Of 3 modules 2 "
            "leave less than what is good.",
        ),
        (
            (group("head.0", 15.0, drop=None, int8_ms=0.6),),
            "the outputs keep 15.0 dB, which is doubtful. Int8 would not make it faster.",
        ),
        (
            (group("stem<1>", 33.0, drop=-0.01),),
            "None by itself: the noisiest, stem<1>, leaves the outputs 33.0 dB where it alone is "
            "int8, and ap50 gets no worse.",
        ),
        ((), "There was no time to measure what each module costs: give budget more of it."),
    ],
    ids=["broken", "doubtful", "good", "no time"],
)
def test_page_says_which_layer_broke_int8(tmp_path, groups, answer):
    _, text = drawn(plan(groups=groups), tmp_path)
    assert answer in text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "searched for in 41 s of 60 s. The search was finished. Foreseen times were off by 7"),
        ({"stopped": "time", "unmeasured": 1}, "For 1 value there was no time to measure"),
        ({"stopped": "interrupted"}, "The search was interrupted: this is what was found"),
        ({"chosen": "float"}, "the float file is the file to ship, and by the requirements above"),
        ({"objective": "size", "unit": "bytes"}, "Mixed files of little size were searched for"),
    ],
    ids=["finished", "time", "interrupted", "other choice", "size"],
)
def test_page_says_what_the_search_did(tmp_path, changes, said):
    _, text = drawn(plan(**changes), tmp_path)
    assert said in text


def test_modules_stand_the_noisiest_first_with_bars_of_their_noise(tmp_path):
    quieter = group("body", 24.2)
    html, text = drawn(plan(groups=(group("head.0", 4.2), quieter)), tmp_path)
    assert text.index("head.03 CONV_2D") < text.index("body3 CONV_2D")
    # 20 dB are a factor of ten.
    assert re.findall(r"--share: ([\d.]+)", html) == ["1.000", "0.100"]
    assert "3 static_int8, 1 float" in text.replace("\N{NO-BREAK SPACE}", " ")


def test_what_was_tried_is_in_the_table_and_hollow_in_the_figure(tmp_path):
    html, text = drawn(plan(), tmp_path)
    assert "All 2 files that were judged" in text
    assert "plan_3tried only" in text
    assert "plan_3: 0.40 × float foreseen, 14.0 dB, drop 0.0000, 1.000 MB" in html
    assert html.count('class="bubble hollow') == 1


def test_drops_are_drawn_where_they_tell_files_apart(tmp_path):
    same, _ = drawn(plan(), tmp_path)
    worse = (point("int8", 0.5, 31.0, drop=0.02), point("float16", 0.9, 70.0))
    other, _ = drawn(plan(points=worse), tmp_path)
    assert same.count("frontier") + 1 == other.count("frontier")
    assert "drop of ap50 against time" in other


def test_files_without_a_time_leave_no_figure(tmp_path):
    html, text = drawn(plan(points=(point("int8", None, 31.0),), float_ms=None), tmp_path)
    assert '<polyline class="frontier"' not in html
    assert "All 1 files" not in text
    assert "The one file that was judged" in text


def test_what_is_far_too_slow_is_in_the_table_alone(tmp_path):
    points = (point("int8", 0.5, 31.0), point("slow", 9.0, 30.0))
    html, text = drawn(plan(points=points), tmp_path)
    assert "1 file too slow for the figure or without a time" in text
    assert "slow: " not in html


def mark(name, ratio, kept, **changes):
    return Mark(name, "shown", ratio, kept, 100, name, **changes)


def centres(svg):
    found = re.findall(r'cx="([\d.]+)" cy="([\d.]+)" r="[\d.]+" class="bubble', svg)
    return [tuple(map(float, each)) for each in found]


def test_the_line_joins_what_none_is_better_than():
    marks = [mark("float", 1.0, 50.0), mark("a", 0.5, 20.0), mark("b", 0.7, 15.0)]
    svg = frontier([*marks, mark("c", 0.3, 40.0, timed=False)], SCALE, "title")
    float_at, a, *_ = centres(svg)
    (track,) = re.findall(r'class="frontier" points="([^"]+)"', svg)
    assert [tuple(map(float, each.split(","))) for each in track.split()] == [a, float_at]
    assert a[0] < float_at[0]
    assert a[1] > float_at[1]


def test_names_hide_no_other():
    marks = [mark(f"file_{number}", 0.5 + number / 200, 30.0) for number in range(12)]
    marks[7] = mark("file_7", 0.535, 30.0, chosen=True)
    svg = frontier(marks, SCALE, "title")
    named = re.findall(r'<text x="([\d.]+)" y="([\d.]+)" class="(?:label|name)"[^>]*>(\w+)', svg)
    assert 0 < len(named) < len(marks)
    assert "file_7" in {name for *_, name in named}
    assert len({(x, y) for x, y, _ in named}) == len(named)


def test_what_lies_off_the_scale_is_drawn_at_its_end():
    svg = frontier([mark("float", 1.0, 50.0), mark("lost", 0.5, -200.0)], SCALE, "title")
    (_, bottom) = centres(svg)[1]
    lowest = frontier([mark("float", 1.0, 50.0), mark("lost", 0.5, 0.0)], SCALE, "title")
    assert bottom == centres(lowest)[1][1]
