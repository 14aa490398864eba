"""Imports archives of feedback into a folder: what they say, and photos to label."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..artifacts import updated_folder, write_json
from ..errors import DataError
from ..files import CANDIDATES, FEEDBACK, FEEDBACK_SCHEMA
from . import personal_data
from .archive import read_archive
from .candidates import rank, to_coco
from .duplicates import perceptual_hash
from .statistics import summarise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..paths import AnyPath
    from .archive import Archive, Expected, KnownModel
    from .candidates import RankedPhoto
    from .records import Record
    from .statistics import Statistics

IMAGES = "images"


@dataclass(frozen=True, slots=True)
class Report:
    """What an import found.

    Attributes:
        statistics: Of all records, each counted once.
        candidates: Best first; those that repeat another photo at the end.
        warnings: Of personal data.
        repeated: Records that more than one archive has.
    """

    statistics: Statistics
    candidates: tuple[RankedPhoto, ...]
    warnings: tuple[str, ...]
    repeated: int


def import_archives(paths: Sequence[AnyPath], expected: Expected, out: AnyPath) -> Report:
    """Read archives and write `feedback.json`, `candidates.json` and `images/` into a folder.

    All archives are found right before anything is written. Of a record that several of them
    have, as two exports from one phone do, the one exported last is taken.

    Raises:
        DataError: If an archive is refused, or the folder is another's; it is then as it was.
    """
    out = Path(out)
    _check_folder(out)
    archives = [read_archive(path, expected) for path in paths]
    sources = _latest(archives)
    with updated_folder(out) as temporary:
        images = temporary / IMAGES
        images.mkdir()
        for archive in archives:
            ids = [record.id for record, origin in sources if origin is archive]
            archive.extract_images(ids, images)
        hashes = [perceptual_hash(images / f"{record.id}.jpg") for record, _ in sources]
        ranked = tuple(rank(sources, np.asarray(hashes)))
        records = [record for record, _ in sources]
        report = Report(
            summarise(records, expected.model.files),
            ranked,
            tuple(personal_data.warnings(records)),
            sum(len(archive.records) for archive in archives) - len(records),
        )
        write_json(temporary / CANDIDATES, to_coco(ranked, expected.model.labels))
        write_json(temporary / FEEDBACK, _document(report, archives, expected.model))
    return report


def _check_folder(out: Path) -> None:
    """Refuse a folder with files of others, since `images` is replaced as a whole."""
    if out.is_dir() and any(out.iterdir()) and not (out / FEEDBACK).is_file():
        raise DataError(f"{out}: holds files that are no feedback; give a new folder with -o")


def _latest(archives: Iterable[Archive]) -> list[tuple[Record, Archive]]:
    """Give every record once, of the archive exported last, in the order they were kept."""
    found: dict[str, tuple[Record, Archive]] = {}
    for archive in sorted(archives, key=lambda each: (each.manifest.created, each.sha256)):
        for record in archive.records:
            found[record.id] = (record, archive)
    return sorted(found.values(), key=lambda source: (source[0].kept, source[0].id))


def _document(report: Report, archives: Iterable[Archive], model: KnownModel) -> dict[str, Any]:
    """Write a report as JSON."""
    return {
        "schema_version": FEEDBACK_SCHEMA,
        "model": {"name": model.name, "sha256": sorted(model.files)},
        "archives": [
            {
                "file": archive.path.name,
                "sha256": archive.sha256,
                "created": archive.manifest.created.isoformat(),
                "app": archive.manifest.app.model_dump(),
                "records": len(archive.records),
            }
            for archive in archives
        ],
        "consents": _consents([each.record for each in report.candidates]),
        "repeated_records": report.repeated,
        **asdict(report.statistics),
        "near_duplicates": {
            each.record.id: each.duplicate_of
            for each in report.candidates
            if each.duplicate_of is not None
        },
        "warnings": list(report.warnings),
    }


def _consents(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Count the records by the wording that their users agreed to, and say when."""
    groups: defaultdict[tuple[int, str], list[Record]] = defaultdict(list)
    for record in records:
        groups[record.consent.text_version, record.consent.text_sha256].append(record)
    return [
        {
            "text_version": version,
            "text_sha256": digest,
            "records": len(group),
            "first_given": min(each.consent.given for each in group).isoformat(),
            "last_given": max(each.consent.given for each in group).isoformat(),
        }
        for (version, digest), group in sorted(groups.items())
    ]
