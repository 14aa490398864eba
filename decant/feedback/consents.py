"""Holds the consent of each record against its photo, its archive, and the wordings there were."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..artifacts import read_json
from ..errors import DataError
from ..files import ARCHIVE_MANIFEST
from .records import HEX_256
from .refusal import refused, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..paths import AnyPath
    from .records import Manifest, Record

EARLIEST: Final = datetime(2024, 1, 1, tzinfo=UTC)
"""Before there was an app that could ask: such a time is that of a clock that was never set."""
CLOCKS_APART: Final = timedelta(days=1)
"""By which the clocks of a phone and of this machine may differ."""

NOBODY_AGREED = "nothing of it was imported; delete that photo in the app and export the others"
SET_THE_CLOCK = (
    "nothing of it was imported; set the clock of the device, withdraw the consent in the app, "
    "which deletes what it kept, and agree again there"
)
NAME_THE_WORDINGS = (
    "nothing of it was imported; name the consent_wording.json of the app that asked with "
    "--wordings, or do not use what nobody can say was agreed to"
)


def read_wordings(registers: Iterable[AnyPath]) -> dict[str, int]:
    """Read which wordings of the consent there were: their version by their SHA-256.

    Args:
        registers: JSON files, each with the digests of one app's wordings by their version.

    Raises:
        DataError: If one is missing or no such register.
    """
    found: dict[str, int] = {}
    for path in map(Path, registers):
        document = read_json(path)
        if not isinstance(document, dict) or not document:
            raise _no_register(path, "must be an object of digests by version")
        for version, digest in document.items():
            _check_entry(path, version, digest)
            found[digest] = int(version)
    return found


def _check_entry(path: Path, version: str, digest: Any) -> None:
    if not re.fullmatch(r"[1-9]\d{0,5}", version, re.ASCII):
        raise _no_register(path, f"{shown(version)} is no version; it is a number from 1")
    if not isinstance(digest, str) or not re.fullmatch(HEX_256, digest):
        raise _no_register(path, f"{version} = {shown(digest)} is no SHA-256 in lower-case digits")


def _no_register(path: Path, fault: str) -> DataError:
    return DataError(f"{path}: {fault}; android_demo/check-strings prints what belongs there")


def check_created(path: Path, manifest: Manifest, now: datetime) -> None:
    """Refuse an archive whose own time cannot be: none of its times can then be trusted.

    Raises:
        DataError: If it is from the future, or from before there was an app.
    """
    created = manifest.created
    if created < EARLIEST:
        fault = f"created = {_written(created)} is before there was an app that exports feedback"
    elif created > now + CLOCKS_APART:
        fault = f"created = {_written(created)} is in the future; here it is {_written(now)}"
    else:
        return
    raise refused(path, ARCHIVE_MANIFEST, fault, SET_THE_CLOCK)


def check_consent(
    path: Path, record: Record, manifest: Manifest, wordings: Mapping[str, int]
) -> None:
    """Refuse a record that was kept without its user's consent, as far as its times can tell.

    Raises:
        DataError: Of the archive, the record, the value that is wrong, and what to do.
    """
    found = _fault(record, manifest, wordings)
    if found is not None:
        fault, action = found
        raise refused(path, f"records/{record.id}.json", fault, action)


def _fault(
    record: Record, manifest: Manifest, wordings: Mapping[str, int]
) -> tuple[str, str] | None:
    """Say what is wrong with a consent, and what can be done about it; None if nothing is."""
    kept, consent = record.kept, record.consent
    given = f"consent.given = {_written(consent.given)}"
    if consent.given < EARLIEST:
        return f"{given} is before there was an app that could ask", SET_THE_CLOCK
    if consent.given > manifest.created:
        return f"{given} is after the export, {_written(manifest.created)}", SET_THE_CLOCK
    if kept > manifest.created:
        fault = f"kept = {_written(kept)} is after the export, {_written(manifest.created)}"
        return fault, SET_THE_CLOCK
    if kept < consent.given:
        fault = (
            f"kept = {_written(kept)} is older than its consent, given {_written(consent.given)}"
        )
        return fault, NOBODY_AGREED
    if consent.text_sha256 not in wordings:
        named = f"{consent.text_version} with SHA-256 {consent.text_sha256[:12]}…"
        return f"consent.text_version = {named} is a wording that is not known", NAME_THE_WORDINGS
    if consent.text_version != wordings[consent.text_sha256]:
        version = wordings[consent.text_sha256]
        fault = f"consent.text_version = {consent.text_version}; its text is that of {version}"
        return fault, NAME_THE_WORDINGS
    return None


def _written(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")
