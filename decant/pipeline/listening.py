"""`import_feedback`: what users of the app say of the model's answers."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..demo.packages import WEB
from ..errors import DataError, UsageError
from ..feedback import Expected, import_archives, known_model, read_wordings
from ..files import CANDIDATES, FEEDBACK, SIDECAR
from ..paths import no_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..feedback.report import Report
    from ..paths import AnyPath
    from .documents.feedback import ImportedDocument

logger = logging.getLogger(__name__)

PAGE_WORDINGS: Final = WEB / "consent_wording.json"
APP_WORDINGS: Final = Path("android_demo/app/consent_wording.json")


@dataclass(frozen=True, slots=True)
class Imported:
    """Feedback that was taken in.

    Attributes:
        folder: Where `feedback.json`, `candidates.json` and `images/` lie.
        report: What they say.
    """

    folder: Path
    report: Report

    def document(self) -> ImportedDocument:
        """Write it as `--json` does."""
        from .documents.feedback import ImportedDocument

        found = self.report.candidates
        return ImportedDocument(
            folder=self.folder,
            feedback=self.folder / FEEDBACK,
            candidates=self.folder / CANDIDATES,
            photos=len(found),
            near_duplicates=sum(each.duplicate_of is not None for each in found),
            repeated_records=self.report.repeated,
            statistics=self.report.statistics,
            warnings=self.report.warnings,
        )


def import_feedback(
    archives: Sequence[AnyPath],
    model: AnyPath | None = None,
    out: AnyPath | None = None,
    *,
    wordings: Sequence[AnyPath] = (),
) -> Imported:
    """Check archives of feedback, and write what they say and the photos to label.

    Args:
        archives: Zip files that the app or the page exported.
        model: Sidecar of the release that they are about; the only one in `build` if None.
        out: Folder to write; `build/NAME/feedback` if None.
        wordings: Registers of the consents' wordings, beside the page's own; the app's below the
            current folder, where there is one, if empty.

    Raises:
        DataError: If an archive is missing or refused; nothing is then written.
        UsageError: If it is not clear which model is meant.
    """
    paths = [Path(each) for each in archives]
    for path in paths:
        if not path.is_file():
            raise DataError(f"{path}: {no_file(path)}")
    known = known_model(_only_model() if model is None else Path(model))
    registers = [Path(each) for each in wordings]
    registers = registers or [path for path in [APP_WORDINGS] if path.is_file()]
    expected = Expected(known, read_wordings([PAGE_WORDINGS, *registers]), datetime.now(UTC))
    folder = Path("build", known.name, "feedback") if out is None else Path(out)
    report = import_archives(paths, expected, folder)
    for warning in report.warnings:
        logger.warning("%s", warning)
    return Imported(folder, report)


def _only_model() -> Path:
    found = sorted(Path("build").glob(f"*/{SIDECAR}"))
    if len(found) == 1:
        return found[0]
    there = f"build has {', '.join(map(str, found))}" if found else f"build has no */{SIDECAR}"
    raise UsageError(f"{there}; name the {SIDECAR} of the release that the app has with --model")
