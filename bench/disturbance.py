"""Finds out whether other work took the cores while latency was timed, and says so.

A busy machine only ever makes times longer. Files are timed in turns, so their ratios suffer less.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .schema import Entry, Report

LIMIT = 0.1
"""Share of CPU time that other work may take before times are called too high."""
FASTER_THAN_CORES = 1.25
"""What n threads may save beyond n times the speed, as caches of several cores hold more."""
ONE_THREAD = "threads_1"
CONSEQUENCE = "times are too high, ratios hold better"
STAT = Path("/proc/stat")
# Of a processor's line in /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal. What
# follows, guests, is part of user and nice already (proc_stat(5)).
COUNTED, IDLE = 8, (3, 4)


@dataclass(frozen=True, slots=True)
class Usage:
    """What the cores this process may use have done so far, in seconds.

    Attributes:
        total: CPU time that has passed on all of them.
        busy: Part of it spent on any work, or taken by the host of a virtual machine.
        own: Part of it that this process had, all threads.
    """

    total: float
    busy: float
    own: float


def usage() -> Usage | None:
    """Read the counters; None where the system has no /proc/stat."""
    try:
        lines = STAT.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return parse(lines, os.sched_getaffinity(0), time.process_time())


def parse(lines: Iterable[str], cores: Iterable[int], own: float) -> Usage | None:
    """Add up the lines of some cores in /proc/stat; None if it has none of them."""
    names = {f"cpu{core}" for core in cores}
    rows = [
        [int(each) for each in figures[:COUNTED]]
        for name, *figures in (line.split() for line in lines if line.strip())
        if name in names
    ]
    if not rows:
        return None
    ticks = os.sysconf("SC_CLK_TCK")
    total = sum(map(sum, rows))
    idle = sum(row[index] for row in rows for index in IDLE)
    return Usage(total / ticks, (total - idle) / ticks, own)


def other_share(before: Usage | None, after: Usage | None) -> float | None:
    """Say which share of the CPU time between two readings went to other work."""
    if before is None or after is None or after.total <= before.total:
        return None
    other = (after.busy - before.busy) - (after.own - before.own)
    return min(1.0, max(0.0, other / (after.total - before.total)))


def disturbed(entries: Sequence[Entry]) -> set[str]:
    """Say which thread settings were timed on a busy machine, such as "threads_1".

    Args:
        entries: Files that were timed in turns, so that one's trouble is everyone's.
    """
    crowded = {
        setting
        for entry in entries
        for setting, each in entry.latency_ms.items()
        if each.other_work is not None and each.other_work > LIMIT
    }
    # Of two times that contradict each other the longer one is wrong.
    return crowded | ({ONE_THREAD} if contradictions(entries) else set())


def contradictions(entries: Sequence[Entry]) -> list[str]:
    """List where more threads saved more time than there are of them."""
    found = []
    for entry in entries:
        one = entry.latency_ms[ONE_THREAD].median
        for setting, each in entry.latency_ms.items():
            threads = int(setting.removeprefix("threads_"))
            if one > FASTER_THAN_CORES * threads * each.median:
                found.append(
                    f"{entry.name} took {one / each.median:.1f} times as long with 1 thread as "
                    f"with {threads}"
                )
    return found


def warning(report: Report) -> str | None:
    """Say that the machine was busy while a report's times were taken; None if it was not."""
    shares = [
        each.other_work or 0 for entry in report.entries for each in entry.latency_ms.values()
    ]
    reasons = contradictions(report.entries)[:1]
    if max(shares) > LIMIT:
        reasons.insert(0, f"other work took {100 * max(shares):.0f} % of its CPU time while timing")
    return f"the machine was busy ({'; '.join(reasons)}): {CONSEQUENCE}" if reasons else None
