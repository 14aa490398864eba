"""Of a release, and of the page."""

from __future__ import annotations

from pathlib import Path

from ...contract.sidecar import Sidecar
from .document import Document


class BundledDocument(Document):
    """A bundle that was copied.

    Attributes:
        folder: Where to.
        files: All of its files, relative to the folder.
        sidecar: As [`model.json`](model.json.md) has it.
    """

    folder: Path
    files: tuple[str, ...]
    sidecar: Sidecar


class PageDocument(Document):
    """A page that is served from now on.

    Attributes:
        model: Name of the model.
        addresses: Of this machine, then of the local network if that is served.
    """

    model: str
    addresses: tuple[str, ...]
