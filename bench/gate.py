"""Says whether a report may be released: by the spec, and against an earlier report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from decant.artifacts import remove, sha256, write_text
from decant.errors import DataError
from decant.files import GATE_JUNIT, GATE_SUMMARY, REPORT, SHIPPED
from decant.limits import at_most
from decant.one_run import check_one_run
from decant.provenance import RENEWAL, check_current, provenance_of
from decant.tasks import Evidence

from . import stats
from .formatting import written
from .gate_result import Check, GateResult, Outcome, junit, markdown
from .reading import load_baseline, load_report
from .schema import Estimate
from .verdict import line, on_machine, rows

if TYPE_CHECKING:
    from decant.paths import AnyPath
    from decant.spec import Spec
    from decant.tasks import Metric

    from .schema import EvidenceFile, Report, Row


def gate(
    report: AnyPath,
    spec: Spec,
    *,
    baseline: AnyPath | None = None,
    out: AnyPath | None = None,
    renewal: str = RENEWAL,
) -> GateResult:
    """Check a report against its spec and an earlier report; writes gate.xml and gate.md.

    The two of an earlier run go first, so that none of them outlives a gate that could not judge.
    A report that was made from another checkpoint, code, data or spec than there is now is not
    judged.

    A metric fails against the baseline when it fell by more than the spec's `max_drop` and the
    95 % interval of the fall is clear of zero. Slices inform, they decide nothing.

    Args:
        report: A `report.json`, or the folder it lies in.
        spec: Of the model.
        baseline: An earlier report, or its folder; the spec's when left out.
        out: Folder for the two files; the report's when left out.
        renewal: Command that makes the report anew, for messages.

    Raises:
        DataError: If a report is missing, broken, stale, of another model or of another test set,
            what lies beside it is of another run, or the two files cannot be written.
    """
    report = _report_path(Path(report))
    folder = report.parent if out is None else Path(out)
    for name in (GATE_JUNIT, GATE_SUMMARY):
        remove(folder / name)
    digest, found = sha256(report), load_report(report, renewal)
    if found.model != spec.model.name:
        raise DataError(
            f'{report}: is of model "{found.model}", not "{spec.model.name}"; give the report of '
            f"this model, or make it with: {renewal}"
        )
    check_one_run(report, renewal)
    check_current(report, found.made_from, provenance_of(spec), renewal)
    warnings = _check_size(report, found)
    spec = on_machine(spec, found.machine)
    checks = [_requirement_check(row) for row in rows(spec, found.entries, found.chosen)]
    if baseline is None and spec.gate is not None:
        baseline = spec.file("gate.baseline", spec.gate.baseline)
    if baseline is None:
        warnings.append("no baseline: nothing says whether the model got worse")
    else:
        compared, weak = _against_baseline(report, found, _report_path(Path(baseline)), spec)
        checks += compared
        warnings += weak
    result = GateResult(found.model, tuple(checks), digest, tuple(warnings))
    write_text(folder / GATE_JUNIT, junit(result))
    write_text(folder / GATE_SUMMARY, markdown(result))
    return result


def _report_path(path: Path) -> Path:
    return path / REPORT if path.is_dir() else path


def _check_size(path: Path, report: Report) -> list[str]:
    """Refuse a report whose size of the chosen file is not that of the file beside it.

    Returns:
        A warning if there is no such file to look at.
    """
    chosen = report.chosen
    files = [file for name in (chosen.file, SHIPPED) if (file := path.parent / name).exists()]
    for file in files:
        if (size := file.stat().st_size) != chosen.size_bytes:
            raise DataError(
                f"{path}: says that {chosen.file} has {chosen.size_bytes} bytes, but it has "
                f"{size}; run the bench again"
            )
    if files:
        return []
    return [
        f"neither {chosen.file} nor {SHIPPED} lies beside {path.name}: nothing shows that the "
        f"file to ship is the one measured (sha256 {chosen.sha256[:12]}…)"
    ]


def _requirement_check(row: Row) -> Check:
    outcome: Outcome = "passed" if row.status == "met" else "failed"
    if row.status == "not measured" and row.passed:
        outcome = "not measured"
    return Check("requirements", row.requirement, outcome, line(row))


def _against_baseline(
    path: Path, report: Report, baseline_path: Path, spec: Spec
) -> tuple[list[Check], list[str]]:
    """Compare the metrics of two reports on one test set."""
    baseline = load_baseline(baseline_path)
    _check_comparable(path, report, baseline_path, baseline)
    pair = _Pair(report, baseline, spec)
    warnings = pair.read_evidence(path.parent, baseline_path.parent)
    checks = [pair.metric_check(metric) for metric in baseline.chosen.accuracy]
    return checks + pair.slice_checks(), warnings


def _check_comparable(path: Path, report: Report, baseline_path: Path, baseline: Report) -> None:
    """Refuse a baseline that was measured on something else."""
    if baseline.model != report.model:
        raise DataError(
            f'{baseline_path}: is of model "{baseline.model}", not "{report.model}"; give an '
            "earlier report of this model as the baseline"
        )
    if report.data is None or baseline.data is None:
        bare = path if report.data is None else baseline_path
        raise DataError(f"{bare}: has no accuracy; bench the model with its spec")
    ours, theirs = report.data.test, baseline.data.test
    if ours.sha256 != theirs.sha256:
        raise DataError(
            f"{baseline_path}: measured on another test set ({theirs.images} images, "
            f"{theirs.sha256[:12]}…) than {path} ({ours.images} images, {ours.sha256[:12]}…); "
            "make a new baseline on this one"
        )


class _Pair:
    """A report and its baseline, with what each says of every test image where that is kept."""

    def __init__(self, report: Report, baseline: Report, spec: Spec) -> None:
        self.report = report
        self.baseline = baseline
        self.spec = spec
        self.task = spec.open_task()
        self.metrics = {each.name: each for each in self.task.metrics}
        self.metric = spec.task.metric_name
        self.paired: stats.Comparison | None = None

    def read_evidence(self, folder: Path, baseline_folder: Path) -> list[str]:
        """Pair the two image by image if both kept evidence; else say so."""
        ours = _find_evidence(self.report.evidence, [folder])
        theirs = _find_evidence(self.baseline.evidence, [baseline_folder, folder])
        if ours is None or theirs is None:
            whose = "report" if ours is None else "baseline"
            return [
                f"the {whose} has no evidence beside it: intervals are unpaired, wider than they "
                "need be; keep evidence.npz with report.json"
            ]
        pair = {"new": ours}
        seed = self.spec.seed
        self.paired = stats.compare(self.task, theirs, pair, seed=seed)["new"]
        return []

    def metric_check(self, name: str) -> Check:
        """Hold the fall of one metric against what the spec allows.

        The limit is in the unit of the task's metric; a metric of another unit only informs.
        """
        limit = self.spec.requirements.max_drop
        old = self.baseline.chosen.accuracy
        new = self.report.chosen.accuracy
        metric = self.metrics.get(name)
        if name not in new or metric is None:
            return Check("baseline", name, "failed", f"{name}: in the baseline, not measured")
        paired = None if self.paired is None else self.paired.drop
        drop = _fall(old[name], new[name], metric, paired)
        change = f"{name}: {_figure(old[name], metric)} → {_figure(new[name], metric)}"
        if metric.unit != self.metrics[self.metric].unit:
            return Check("baseline", name, "informs", f"{change}, fall {_interval(drop)}")
        failed = not at_most(drop.value, limit) and not at_most(drop.low, 0)
        text = f"{change}, fall {_interval(drop)} (allowed {limit:.4f})"
        return Check("baseline", name, "failed" if failed else "passed", text)

    def slice_checks(self) -> list[Check]:
        """Tell how the task's metric fell on each slice that both reports have."""
        metric = self.metric
        found = []
        for tag, old in self.baseline.chosen.slices.items():
            new = self.report.chosen.slices.get(tag)
            if new is None or metric not in old.accuracy or metric not in new.accuracy:
                continue
            slices = {} if self.paired is None else self.paired.slices
            paired = slices[tag].drop if tag in slices else None
            drop = _fall(old.accuracy[metric], new.accuracy[metric], self.metrics[metric], paired)
            text = f"{tag} ({new.count} images): {metric} fall {_interval(drop)}"
            found.append(Check("slices", tag, "informs", text))
        return found


def _find_evidence(entry: EvidenceFile | None, folders: list[Path]) -> Evidence | None:
    """Load a report's evidence by its hash from the first folder that has it.

    Raises:
        DataError: If a file of that name is there but none has the hash the report states.
    """
    if entry is None:
        return None
    present = [folder / entry.file for folder in folders if (folder / entry.file).is_file()]
    for path in present:
        if sha256(path) == entry.sha256:
            return Evidence.load(path)
    if present and present[0].parent == folders[0]:
        raise DataError(f"{present[0]}: not the evidence its report names; restore it")
    return None


def _fall(old: Estimate, new: Estimate, metric: Metric, paired: stats.Figures | None) -> Estimate:
    """Say how far a metric fell between two reports.

    The value is the difference of what the reports state. Its interval comes from the paired
    bootstrap, moved to that value; without evidence, from both intervals' half-widths as those of
    independent figures.
    """
    value = float(metric.drop(old.value, new.value))
    if paired is not None and metric.name in paired:
        spread = paired[metric.name]
        return Estimate(
            value=value,
            low=value + spread.low - spread.value,
            high=value + spread.high - spread.value,
        )
    half = (((old.high - old.low) / 2) ** 2 + ((new.high - new.low) / 2) ** 2) ** 0.5
    return Estimate(value=value, low=value - half, high=value + half)


def _figure(estimate: Estimate, metric: Metric) -> str:
    """Write a value; a fraction has four digits and needs no unit."""
    return written(estimate.value, metric.unit)


def _interval(drop: Estimate) -> str:
    return f"{drop.value:+.4f} (95 %: {drop.low:+.4f} … {drop.high:+.4f})"
