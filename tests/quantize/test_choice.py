"""Which of measured candidates is shipped."""

from types import SimpleNamespace

import pytest

from decant.quantization import Plan
from decant.quantize.plan.choice import allowed_drop, choose


def candidate(name, weakest_db=30.0, drop=None):
    fit = weakest_db >= 10
    return SimpleNamespace(name=name, weakest_db=weakest_db, drop=drop, fit=fit)


GOOD, DOUBTFUL, BROKEN = candidate("good"), candidate("doubtful", 14), candidate("broken", 3)


@pytest.mark.parametrize(
    ("candidates", "costs", "asked", "chosen"),
    [
        ((GOOD, BROKEN), {"good": 0.6, "broken": 0.3}, {}, "good"),
        ((GOOD, DOUBTFUL), {"good": 0.55, "doubtful": 0.5}, {}, "good"),
        ((GOOD, DOUBTFUL), {"good": 0.8, "doubtful": 0.5}, {}, "doubtful"),
        ((GOOD, DOUBTFUL), {"good": 0.8, "doubtful": 0.5}, {"min_snr_db": 20.0}, "good"),
        ((GOOD, DOUBTFUL), {"good": 0.55, "doubtful": 0.5}, {"min_snr_db": 12.0}, "doubtful"),
        ((GOOD,), {"good": 1.1}, {}, "float"),
        ((GOOD,), {}, {}, "float"),
        ((), {}, {}, "float"),
        ((candidate("wrong", drop=0.05), GOOD), {"wrong": 0.3, "good": 0.9}, {}, "good"),
        ((candidate("wrong", drop=0.05),), {"wrong": 0.3}, {"max_drop": 0.1}, "wrong"),
    ],
)
def test_the_file_that_costs_least_and_keeps_what_is_asked(candidates, costs, asked, chosen):
    assert choose(candidates, costs, Plan(**asked), samples=1000) == chosen


def test_a_metric_may_lose_what_one_sample_decides():
    assert allowed_drop(Plan(), samples=50) == pytest.approx(0.02)
    assert allowed_drop(Plan(), samples=100_000) == pytest.approx(0.003)
    assert allowed_drop(Plan(max_drop=0.0), samples=50) == 0


@pytest.mark.parametrize("budget", ["10", "m", "-1m", "0s", "ten minutes", "1d", ""])
def test_what_is_no_duration_is_refused(budget):
    with pytest.raises(ValueError, match='is no duration; give one such as "90s"'):
        Plan(budget=budget)


@pytest.mark.parametrize(("budget", "budget_s"), [("90s", 90), ("10m", 600), ("1.5h", 5400)])
def test_durations_are_read(budget, budget_s):
    assert Plan(budget=budget).budget_s == budget_s
