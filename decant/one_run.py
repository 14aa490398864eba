"""Checks that report, sidecar, manifest and model files beside each other come from one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from .artifacts import read_json, sha256
from .contract.sidecar import parse_sidecar
from .errors import DataError
from .files import EVIDENCE, GALLERY, MANIFEST, REPORT, SHIPPED, SIDECAR
from .manifest import check_manifest
from .provenance import RENEWAL, Provenance, digests

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from .contract.sidecar import Sidecar

JUDGED = (REPORT, SIDECAR, EVIDENCE, GALLERY)
"""What a manifest lists and a gate or an app goes by, besides model files and golden examples."""


def check_one_run(report: Path, renewal: str = RENEWAL) -> None:
    """Refuse a report, sidecar, manifest and model files that do not belong together.

    Whatever of them lies beside the others is held against them.

    Args:
        report: Where the report is, if there is one: in a build folder, or a bundle.
        renewal: Command that makes all of it anew.

    Raises:
        DataError: If a file is not the one that another speaks of; the message names both.
    """
    folder, manifest = report.parent, check_manifest(report.parent, renewal)
    faults = [*_strangers_to_manifest(folder, manifest)]
    if not faults and report.is_file():
        document = read_json(report)
        try:
            faults += _strangers_to_report(report, document)
            if (folder / SIDECAR).is_file():
                faults += _between(_sidecar(folder / SIDECAR, renewal), document, report.name)
            if manifest and manifest.get("made_from") != document["made_from"]:
                faults.append(f"{report.name}: was made from something else than {MANIFEST} says")
        except (KeyError, TypeError, AttributeError, ValidationError) as error:
            raise DataError(
                f"{report}: not a whole report; make it anew with: {renewal}"
            ) from error
    if faults:
        raise DataError(
            f"{folder}: not the files of one run:\n  "
            + "\n  ".join(faults)
            + f"\nKeep the files of one run together, or make them anew with: {renewal}"
        )


def read_provenance(path: Path, renewal: str = RENEWAL) -> Provenance | None:
    """Read what a report was made from; None where it does not say.

    Args:
        path: Of the report.
        renewal: Command that makes it anew, for messages.

    Raises:
        DataError: If the report is missing or broken.
    """
    document = read_json(path)
    try:
        made_from = document.get("made_from")
        return None if made_from is None else Provenance.model_validate(made_from)
    except (AttributeError, ValidationError) as error:
        raise DataError(f"{path}: not a whole report; make it anew with: {renewal}") from error


def _strangers_to_manifest(folder: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    """Name each file that is not the one a manifest lists; one that is missing is no stranger."""
    for name, digest in manifest.get("files", {}).items():
        judged = name in JUDGED or name.endswith(".tflite") or name.startswith("golden/")
        if judged and (folder / name).is_file() and sha256(folder / name) != digest:
            yield f"{name}: not the file that {MANIFEST} lists"


def _sidecar(path: Path, renewal: str) -> Sidecar:
    document = read_json(path)
    try:
        return parse_sidecar(document)
    except ValueError as error:
        raise DataError(f"{path}: {error}; make it anew with: {renewal}") from error


def _strangers_to_report(path: Path, report: Mapping[str, Any]) -> Iterator[str]:
    """Name each model file that is not the one a report measured."""
    entries = (report["reference"], *report["candidates"])
    measured = [(entry["file"], entry) for entry in entries]
    measured += [(SHIPPED, entry) for entry in entries if entry["chosen"]]
    for name, entry in measured:
        file = path.with_name(name)
        if file.is_file() and (found := sha256(file)) != entry["sha256"]:
            yield (
                f"{name}: not the {entry['file']} that {path.name} measured (sha256 "
                f"{found[:12]}…, not {entry['sha256'][:12]}…)"
            )


def _between(sidecar: Sidecar, report: Mapping[str, Any], name: str) -> Iterator[str]:
    """Name what a sidecar and a report say differently."""
    entries = (report["reference"], *report["candidates"])
    if sidecar.model != report["model"]:
        yield f'{SIDECAR}: is of model "{sidecar.model}", {name} of "{report["model"]}"'
    chosen = {entry["sha256"] for entry in entries if entry["chosen"]}
    measured = {entry["sha256"] for entry in entries}
    for variant in sidecar.variants:
        if variant.sha256 not in (chosen if variant.accelerator == "cpu" else measured):
            yield f"{SIDECAR}: {variant.file} for {variant.accelerator} is no file of {name}"
    told = [(each.requirement, each.limit, each.measured) for each in sidecar.verdicts]
    if told != [(row["requirement"], row["limit"], row["value"]) for row in report["verdict"]]:
        yield f"{SIDECAR}: has other verdicts than {name}"
    made_from = report["made_from"]
    said = {} if made_from is None else digests(Provenance.model_validate(made_from))
    if sidecar.made_from != said:
        yield f"{SIDECAR}: was made from something else than {name}"
