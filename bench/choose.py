"""Chooses the file to ship, on validation data only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from decant.fidelity import broken
from decant.limits import at_most
from decant.machine import HOST

from .formatting import threads_of, told_apart
from .schema import Choice
from .verdict import FLOORS, requirements_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from decant.spec import Spec

    from .schema import Entry
    from .verdict import Requirement

NEAR = 1.03


def choose(spec: Spec, entries: Sequence[Entry]) -> Choice:
    """Choose the fastest file that is inside every requirement on the validation set.

    A file in which a part of an output has lost its information is outside them. Of files within
    3 % of the fastest the smaller wins, then the order of the spec's recipes. When none fits, the
    float file is kept.

    Args:
        spec: Whose requirements count.
        entries: The reference first, then the candidates in the order of the spec's recipes.
    """
    reference, *candidates = entries
    faults = {entry.name: _faults(spec, entry, reference) for entry in entries}
    fitting = [entry for entry in (*candidates, reference) if not faults[entry.name]]
    if not fitting:
        return Choice(
            name=reference.name,
            reason="no file meets every requirement, so the float file is kept",
            passed_over=tuple(f"{name}: {'; '.join(found)}" for name, found in faults.items()),
        )
    threads = decisive_threads(spec)
    times = {entry.name: entry.latency_ms[threads].ratio_to_reference for entry in entries}
    fastest = min(times[entry.name] for entry in fitting)
    near = [entry for entry in fitting if at_most(times[entry.name] / fastest, NEAR)]
    best = min(near, key=lambda entry: entry.size_bytes)
    if best is reference and candidates and not any(entry.fit for entry in candidates):
        reason = "every candidate has lost part of an output, so the float file is kept"
    else:
        reason = f"{_reason(best, near, times)} ({threads_of(threads)})"
    return Choice(
        name=best.name,
        reason=reason,
        passed_over=tuple(
            _passed_over(entry, faults[entry.name], times, best)
            for entry in candidates
            if faults[entry.name] and (not entry.fit or times[entry.name] < times[best.name])
        ),
    )


def _reason(best: Entry, near: Sequence[Entry], times: Mapping[str, float]) -> str:
    """Say what the chosen file is better at than the others."""
    reason = f"fastest inside every requirement: {times[best.name]:.2f} × the float file's time"
    others = ", ".join(entry.name for entry in near if entry is not best)
    return f"{reason}; {others} within 3 % of the fastest, but not smaller" if others else reason


def _passed_over(
    entry: Entry, faults: Sequence[str], times: Mapping[str, float], best: Entry
) -> str:
    """Say why a file is not chosen that is faster, or that has lost something."""
    time = times[entry.name]
    head = f"is faster ({time:.2f} ×), but" if time < times[best.name] else "is unfit:"
    return f"{entry.name} {head} its {' and its '.join(faults)}"


def decisive_threads(spec: Spec) -> str:
    """Name the latency setting that decides: the first limit on this host, else one thread."""
    limits = [limit.threads for limit in spec.requirements.latency if limit.device == HOST]
    return f"threads_{limits[0] if limits else 1}"


def _faults(spec: Spec, entry: Entry, reference: Entry) -> list[str]:
    """List what a file has lost, and what it breaks on the validation set, with its values."""
    found = [part.fault for part in broken(entry.parts)]
    for each in requirements_of(spec):
        finding = each.judge(entry, reference, entry.validation)
        unknown = finding.status == "not measured" and each.required
        # A required device that was not measured fails every file alike: no reason to prefer one.
        if finding.status == "broken" or (unknown and each.about_accuracy):
            found.append(_fault(each, finding.value))
    return found


def _fault(broken: Requirement, value: float | None) -> str:
    """Say what a file's value is and what it ought to be, as in "file size is …"."""
    where = " on validation samples" if broken.about_accuracy else ""
    if value is None:
        return f"{broken.subject}{where} was not measured"
    found, limit = told_apart(value, broken.limit, broken.unit)
    bound = "at least" if broken.key in FLOORS else "limit"
    return f"{broken.subject}{where} is {found} ({bound} {limit})"
