"""Other work on the cores is measured, and said of the times it spoilt."""

import subprocess
import sys
import time

import pytest
from bench_reports import entry

from decant.bench.disturbance import (
    LIMIT,
    Usage,
    contradictions,
    disturbed,
    other_share,
    parse,
    usage,
)
from decant.machine import usable_cores

# user nice system idle iowait irq softirq steal guest guest_nice, in ticks
STAT = """\
cpu  1600 100 100 900 100 50 30 20 7 0
cpu0 1000 100 100 600 100 50 30 20 7 0
cpu1 600 0 0 300 0 0 0 0 0 0
intr 12345
""".splitlines()
WINDOW_S = 1.0


def test_only_the_cores_of_this_process_count_and_guests_once():
    found = parse(STAT, [0], 1.0)
    assert (found.total, found.busy) == (pytest.approx(20.0), pytest.approx(13.0))
    both = parse(STAT, [0, 1], 1.0)
    assert (both.total, both.busy) == (pytest.approx(29.0), pytest.approx(19.0))


def test_without_counters_nothing_is_claimed():
    assert parse(["intr 1"], [0], 1.0) is None
    assert other_share(None, usage()) is None


@pytest.mark.parametrize(
    ("busy", "own", "share"),
    [(10.0, 10.0, 0.0), (15.0, 10.0, 0.25), (20.0, 0.0, 1.0), (9.9, 10.0, 0.0)],
)
def test_own_work_is_not_other_work(busy, own, share):
    before, after = Usage(100.0, 50.0, 5.0), Usage(120.0, 50.0 + busy, 5.0 + own)
    assert other_share(before, after) == pytest.approx(share)


def spin(seconds):
    """Take one core, and say which share of all cores was taken by others meanwhile."""
    before, end = usage(), time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
    return other_share(before, usage())


def test_a_real_busy_process_is_seen():
    alone = spin(WINDOW_S)
    busy = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(usable_cores())
    ]
    try:
        share = spin(WINDOW_S)
    finally:
        for each in busy:
            each.kill()
            each.wait()
    # As many busy processes as cores, and this one: they have at least half, even niced above it.
    assert share > LIMIT
    assert share > alone or alone > 0.4


def test_calm_times_are_left_alone():
    files = [entry("float"), entry("int8", ratio=0.5)]
    assert (disturbed(files), contradictions(files)) == (set(), [])


@pytest.mark.parametrize(("share", "busy"), [(None, False), (0.1, False), (0.11, True)])
def test_setting_is_called_busy_above_the_limit(share, busy):
    calm = entry("float")
    spoilt = calm.latency_ms["threads_2"].model_copy(update={"other_work": share})
    times = calm.latency_ms | {"threads_2": spoilt}
    assert disturbed([calm.model_copy(update={"latency_ms": times})]) == (
        {"threads_2"} if busy else set()
    )


@pytest.mark.parametrize(("two_ms", "noticed"), [(3.9, True), (4.1, False), (5.0, False)])
def test_times_that_contradict_each_other_are_noticed(two_ms, noticed):
    calm = entry("float")
    # 10 ms with one thread.
    two = calm.latency_ms["threads_2"].model_copy(update={"median": two_ms})
    files = [calm.model_copy(update={"latency_ms": calm.latency_ms | {"threads_2": two}})]
    assert disturbed(files) == ({"threads_1"} if noticed else set())
    told = ["float took 2.6 times as long with 1 thread as with 2"]
    assert contradictions(files) == (told if noticed else [])
