"""Holds measured files against the requirements of a spec."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from decant.limits import at_least, at_most
from decant.machine import HOST
from decant.tasks import metric_of

from .disturbance import disturbed
from .formatting import count, told_apart, written
from .schema import ACCURACY, Entry, Estimate, Finding, Quality, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from decant.machine import Machine
    from decant.spec import Latency, Requirements, Spec


FLOORS = ("min_accuracy", "min_qps")
"""Keys whose limit is a floor."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One key of the spec's requirements.

    Attributes:
        key: As the spec writes it.
        limit: In `unit`.
        unit: Of accuracy the metric's; else "bytes", "ms", "ratio" or "qps".
        subject: What is held against the limit, in words.
        measure: Reads the value of a file, given the reference and the file's quality on the
            data set in question; None if it was not measured.
        required: Whether a value that was not measured counts as a failure.
        setting: Of the latency it is about, such as "threads_1"; None if it is about another cost.
    """

    key: str
    limit: float
    unit: str
    subject: str
    measure: Callable[[Entry, Entry, Quality], float | Fraction | None]
    required: bool = True
    setting: str | None = None

    @property
    def about_accuracy(self) -> bool:
        """Whether it is about how right the model is."""
        return self.key in ACCURACY

    def judge(self, entry: Entry, reference: Entry, quality: Quality) -> Finding:
        """Hold one file against the limit."""
        value = self.measure(entry, reference, quality)
        if value is None:
            return Finding(value=None, status="not measured")
        fits = (at_least if self.key in FLOORS else at_most)(value, self.limit)
        return Finding(value=float(value), status="met" if fits else "broken")


def on_machine(spec: Spec, machine: Machine) -> Spec:
    """Take limits that were set on another instruction set for what they are: of another device.

    Args:
        spec: Whose requirements count.
        machine: That the times are of.
    """
    latency = tuple(_on_machine(limit, machine) for limit in spec.requirements.latency)
    section = spec.requirements.model_copy(update={"latency": latency})
    return spec.model_copy(update={"requirements": section})


def _on_machine(limit: Latency, machine: Machine) -> Latency:
    if limit.isa in (None, machine.int8_isa):
        return limit
    other = machine.int8_isa or "none of XNNPACK's"
    return limit.model_copy(update={"device": f"{HOST} with {limit.isa}; this one has {other}"})


def requirements_of(spec: Spec) -> list[Requirement]:
    """List what a spec requires, in a fixed order."""
    section, metric = spec.requirements, metric_of(spec.open_task(), spec.task.metric_name)
    default = "" if "max_drop" in section.model_fields_set else " (default limit)"
    found = [
        Requirement(
            "max_drop",
            section.max_drop,
            metric.unit,
            f"drop of {metric.name} against {spec.model.runs_in}{default}",
            lambda _entry, _reference, quality: _value(quality.drop, metric.name),
        )
    ]
    for key, bound in (("min_accuracy", section.min_accuracy), ("max_error", section.max_error)):
        if bound is not None:
            found.append(
                Requirement(
                    key,
                    bound,
                    metric.unit,
                    metric.name,
                    lambda _entry, _reference, quality: _value(quality.accuracy, metric.name),
                )
            )
    found += _costs(section)
    for number, limit in enumerate(section.latency):
        found += _latency(number, limit)
    if section.min_qps is not None:
        found.append(_qps(section))
    return found


def rows(spec: Spec, entries: Sequence[Entry], chosen: Entry) -> tuple[Row, ...]:
    """Give one row per requirement: the chosen file on the test set, all on the validation set.

    Args:
        spec: Whose requirements count.
        entries: All files, the reference first.
        chosen: One of them.
    """
    reference, test = entries[0], Quality(accuracy=chosen.accuracy, drop=chosen.drop)
    busy = disturbed(entries)
    found = []
    for each in requirements_of(spec):
        finding = each.judge(chosen, reference, test)
        found.append(
            Row(
                requirement=each.key,
                limit=each.limit,
                unit=each.unit,
                subject=each.subject,
                value=finding.value,
                status=finding.status,
                required=each.required,
                busy=finding.value is not None and each.setting in busy,
                candidates={e.name: each.judge(e, reference, e.validation) for e in entries},
            )
        )
    return tuple(found)


def limit_of(row: Row) -> str:
    """Write the limit with its direction."""
    return f"{_sign(row)} {written(row.limit, row.unit)}"


def line(row: Row) -> str:
    """Write a row as one line, without its status.

    Accuracy is the chosen file's on the test set; what it was chosen by, on the validation set,
    is another number.
    """
    subject = f"{row.subject} on test samples" if row.about_accuracy else row.subject
    value, limit = written(row.value, row.unit), written(row.limit, row.unit)
    if row.value is not None and row.status == "broken":
        value, limit = told_apart(row.value, row.limit, row.unit)
    found = f" = {value}" if row.value is not None else f" {value}"
    busy = "; timed on a busy machine" if row.busy else ""
    return f"{row.requirement}: {subject}{found}, wanted {_sign(row)} {limit}{busy}"


def _sign(row: Row) -> str:
    return "≥" if row.requirement in FLOORS else "≤"


def _costs(section: Requirements) -> list[Requirement]:
    """List the limits of size and memory."""
    found = []
    if section.max_size_bytes is not None:
        limit = section.max_size_bytes
        found.append(
            Requirement(
                "max_size_bytes", limit, "bytes", "file size", lambda e, _r, _q: e.size_bytes
            )
        )
    if section.max_size_ratio is not None:
        found.append(
            Requirement(
                "max_size_ratio",
                section.max_size_ratio,
                "ratio",
                "file size",
                lambda e, r, _q: Fraction(e.size_bytes, r.size_bytes),
            )
        )
    if section.max_memory_bytes is not None:
        found.append(
            Requirement(
                "max_memory_bytes",
                section.max_memory_bytes,
                "bytes",
                "peak memory",
                lambda e, _r, _q: e.footprint.peak_memory_bytes,
            )
        )
    return found


def _latency(number: int, limit: Latency) -> list[Requirement]:
    """List the limits of one `[[requirements.latency]]`."""
    found = []
    # Only the host was measured; a figure for another device is never inferred from it.
    required = limit.device == HOST or limit.must_measure
    for key, unit, bound, field in (
        ("max_ms", "ms", limit.max_ms, "median"),
        ("max_ratio_to_float", "ratio", limit.max_ratio_to_float, "ratio_to_reference"),
    ):
        if bound is None:
            continue
        found.append(
            Requirement(
                f"latency[{number}].{key}",
                bound,
                unit,
                f"latency ({_where(limit.device, limit.threads)})",
                _reader(limit, field),
                required=required,
                setting=f"threads_{limit.threads}",
            )
        )
    return found


def _qps(section: Requirements) -> Requirement:
    """Turn the wanted rate into a requirement on the first latency's device."""
    first = next(iter(section.latency), None)
    device, threads = (HOST, 1) if first is None else (first.device, first.threads)

    def rate(entry: Entry, _reference: Entry, _quality: Quality) -> float | None:
        median = _time(entry, device, threads, "median")
        return None if median is None else 1000 / median

    limit = section.min_qps or 0.0
    subject = f"inferences one after the other ({_where(device, threads)})"
    required = device == HOST or (first is not None and first.must_measure)
    setting = f"threads_{threads}"
    return Requirement("min_qps", limit, "qps", subject, rate, required, setting)


def _where(device: str, threads: int) -> str:
    """Say on what a time is measured."""
    return f"{device}, {count(threads, 'thread')}"


def _reader(limit: Latency, field: str) -> Callable[[Entry, Entry, Quality], float | None]:
    """Make the function that reads one latency figure."""
    return lambda entry, _r, _q: _time(entry, limit.device, limit.threads, field)


def _time(entry: Entry, device: str, threads: int, field: str) -> float | None:
    """Read a latency figure of the host; None for another device."""
    times = entry.latency_ms.get(f"threads_{threads}")
    if device != HOST or times is None:
        return None
    return float(getattr(times, field))


def _value(figures: dict[str, Estimate], metric: str) -> float | None:
    return figures[metric].value if metric in figures else None
