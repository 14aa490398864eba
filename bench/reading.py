"""Reads a `report.json` that may have been edited, and refuses one that says nothing certain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from decant.artifacts import read_json
from decant.errors import DataError
from decant.files import REPORT_SCHEMA
from decant.provenance import RENEWAL

from .schema import Report

if TYPE_CHECKING:
    from decant.paths import AnyPath

EARLIER: Final = (1, 2)
"""Schemas that lack keys only: 1 `made_from` and `choice.passed_over`, both what metrics are."""


def load_report(path: AnyPath, renewal: str = RENEWAL) -> Report:
    """Read a `report.json`.

    Args:
        path: Of the report.
        renewal: Command that makes it anew, for messages.

    Raises:
        DataError: If it is missing, is not JSON, is of another schema, or is not whole; the
            message lists what is wrong.
    """
    path = Path(path)
    document = read_json(path)
    found = document.get("schema") if isinstance(document, dict) else None
    if found != REPORT_SCHEMA:
        raise DataError(
            f"{path}: not a report of schema {REPORT_SCHEMA} (schema = {found!r}); make it anew "
            f"with: {renewal}"
        )
    return _whole(path, document)


def load_baseline(path: Path) -> Report:
    """Read an earlier `report.json`, of an earlier schema too: users have committed those.

    Raises:
        DataError: As `load_report` does.
    """
    document = read_json(path)
    if isinstance(document, dict) and document.get("schema") in EARLIER:
        return _whole(path, {**document, "schema": REPORT_SCHEMA})
    return load_report(path)


def _whole(path: Path, document: Any) -> Report:
    """Read a report's document, and refuse one that contradicts itself."""
    try:
        report = Report.model_validate(document)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise DataError(
            f"{path}: not a whole report; run the bench again\n  " + "\n  ".join(faults)
        ) from error
    faults = _contradictions(report)
    if faults:
        raise DataError(
            f"{path}: contradicts itself; run the bench again\n  " + "\n  ".join(faults)
        )
    return report


def _contradictions(report: Report) -> list[str]:
    """List what no measurement leaves but an edit by hand may."""
    names = [entry.name for entry in report.entries]
    settings = report.reference.latency_ms.keys()
    chosen = sum(entry.chosen for entry in report.entries)
    found = [] if chosen == 1 else [f"{chosen} files are marked chosen, not one"]
    if len(set(names)) < len(names):
        found.append(f"two files have one name ({', '.join(names)})")
    for entry in report.entries:
        if entry.chosen and not entry.fit:
            found.append(f"{entry.name} is marked chosen, and has lost part of an output")
        if undropped := entry.accuracy.keys() - entry.drop.keys():
            found.append(f"{entry.name}: accuracy without drop ({', '.join(sorted(undropped))})")
        if entry.latency_ms.keys() != settings or "threads_1" not in settings:
            found.append(f"{entry.name}: latency_ms lacks threads_1 or what the float file has")
        counts = {label.name: label.count for label in entry.labels}
        for label, row in entry.confusion.items():
            if sum(row.values()) != counts.get(label):
                found.append(f"{entry.name}: confusion of {label} is not about its images")
    strange = [row.requirement for row in report.verdict if row.candidates.keys() != set(names)]
    found += [f"verdict {name}: is not about the files of the report" for name in strange]
    bare = report.metric is not None and (report.data is None or report.pytorch is None)
    return [*found, "metric without data or pytorch"] if bare else found
