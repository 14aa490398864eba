"""`decant feedback import`: what users of the app say of the model's answers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..demo.packages import WEB
from ..errors import DataError, UsageError
from ..feedback import Expected, import_archives, known_model, read_wordings
from ..feedback.report import CANDIDATES, REPORT
from ..paths import no_file
from ..sidecar import NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..feedback.report import Report
    from ..feedback.statistics import Rate, Waiting
    from .terminal import Terminal

PAGE_WORDINGS: Final = WEB / "consent_wording.json"
APP_WORDINGS: Final = Path("android_demo/app/consent_wording.json")


def import_(
    terminal: Terminal,
    archives: Sequence[Path],
    model: Path | None,
    wordings: Sequence[Path],
    out: Path | None,
) -> None:
    """Check archives of feedback, and write what they say and the photos to label.

    Args:
        terminal: Where the outcome is shown.
        archives: Zip files that the app or the page exported.
        model: Sidecar of the release that they are about; the only one in `build` if None.
        wordings: Registers of the consents' wordings, beside the page's own; the app's below the
            current folder, where there is one, if empty.
        out: Folder to write; `build/NAME/feedback` if None.

    Raises:
        DataError: If an archive is missing or refused; nothing is then written.
        UsageError: If it is not clear which model is meant.
    """
    for path in archives:
        if not path.is_file():
            raise DataError(f"{path}: {no_file(path)}; give a zip that the app or page exported")
    known = known_model(model or _only_model())
    registers = wordings or [path for path in [APP_WORDINGS] if path.is_file()]
    expected = Expected(known, read_wordings([PAGE_WORDINGS, *registers]), datetime.now(UTC))
    out = out or Path("build", known.name, "feedback")
    report = import_archives(archives, expected, out)
    for warning in report.warnings:
        terminal.say(f"warning: {warning}")
    _show(terminal, report)
    terminal.result(f"{out / REPORT}")
    terminal.result(f"{out / CANDIDATES}")


def _only_model() -> Path:
    found = sorted(Path("build").glob(f"*/{NAME}"))
    if len(found) == 1:
        return found[0]
    there = f"build has {', '.join(map(str, found))}" if found else f"build has no */{NAME}"
    raise UsageError(f"{there}; name the {NAME} of the release that the app has with --model")


def _show(terminal: Terminal, report: Report) -> None:
    """Print the figures."""
    statistics = report.statistics
    terminal.result(f"corrected by the user: {_written(statistics.corrected)}")
    for kind, rate in statistics.by_kind.items():
        terminal.result(f"  {kind}: {_written(rate)}")
    terminal.result(f"shutter to screen: {_timed(statistics.shutter_to_screen_ms)}")
    for name, waiting in statistics.by_file_ms.items():
        terminal.result(f"  {name}: {_timed(waiting)}")
    repeating = sum(each.duplicate_of is not None for each in report.candidates)
    terminal.result(
        f"candidates: {len(report.candidates)} photos, {repeating} nearly repeating another"
    )
    if report.repeated:
        terminal.result(f"records in more than one archive, counted once: {report.repeated}")


def _written(rate: Rate) -> str:
    bounds = f"{rate.low:.1%} to {rate.high:.1%}"
    return f"{rate.value:.1%} of {rate.n} photos (95 %: {bounds})"


def _timed(time: Waiting | None) -> str:
    if time is None:
        return "unknown"
    return (
        f"median {time.median:.0f} ms, 9 in 10 within {time.p90:.0f} ms, 99 in 100 within "
        f"{time.p99:.0f} ms, n = {time.n}"
    )
