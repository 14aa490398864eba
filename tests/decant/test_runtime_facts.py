"""What XNNPACK takes is still what is written, and a limit that is not is told."""

import re

import numpy as np
import pytest

from decant import runtime_facts, runtime_limits
from decant.runtime_limits import LIMITS, differences
from decant.runtime_timings import PAIRS, runner, timings


def test_the_limits_that_take_seconds_hold():
    assert differences() == []


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_that_no_longer_holds_is_told(name, monkeypatch):
    written = getattr(runtime_facts, name)
    monkeypatch.setattr(runtime_facts, name, written + 1)
    expected = f"{name} is written as {written + 1}, and LiteRT here takes {written}"
    assert differences() == [expected]


def test_a_rounding_that_no_longer_holds_is_told(monkeypatch):
    monkeypatch.setattr(runtime_limits, "SUMMED_OFF", {4096: 5e-3})
    (line,) = differences()
    assert re.match(r"the sum of 4096 equal elements is off by \S+ here, and not by 0\.005", line)


@pytest.mark.parametrize("name", PAIRS)
def test_forms_that_are_timed_compute_the_same(name):
    count = getattr(runtime_facts, name)
    results = []
    for form in (PAIRS[name].usual, PAIRS[name].other):
        graph = form(count)
        interpreter = runner(graph)
        interpreter.invoke()
        results.append(interpreter.get_tensor(graph.outputs[0]))
    assert np.ptp(results[0]) > 1
    np.testing.assert_allclose(results[0], results[1], atol=1e-4)


def test_each_pair_is_timed_around_its_count():
    found = [(each.name, each.count) for each in timings(rounds=1)]
    written = {name: getattr(runtime_facts, name) for name in PAIRS}
    assert found == [(name, n) for name, at in written.items() for n in (at // 2, at, 2 * at)]
