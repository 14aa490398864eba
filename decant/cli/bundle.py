"""`decant bundle`: the files of a release that an app ships."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..bundle import find_bundle, open_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from ..bundle import Bundle
    from .terminal import Terminal


def copy(terminal: Terminal, text: str, folder: Path) -> None:
    """Copy a bundle whose hashes are right and which is not stale.

    Args:
        terminal: Where the outcome is shown.
        text: What the user typed.
        folder: Missing, empty, or an earlier bundle, which is replaced as a whole.

    Raises:
        DataError: If there is no bundle, it is damaged or stale, or the folder cannot be written.
        UsageError: If the text names nothing.
    """
    bundle = find_and_open(terminal, text)
    copied = bundle.copy_to(folder)
    for variant in bundle.sidecar.variants:
        size = f"{variant.size_bytes / 1e6:.3f} MB"
        terminal.result(f"{variant.accelerator}  {variant.name}  {variant.file}  {size}")
    terminal.result(f"{folder}: {bundle.sidecar.model}, {len(copied)} files, hashes right")


def find_and_open(terminal: Terminal, text: str) -> Bundle:
    """Open the bundle that a text names, and say what could not be checked.

    Raises:
        DataError: If there is no bundle, or it is damaged or stale.
        UsageError: If the text names nothing.
    """
    found = find_bundle(text)
    bundle = open_bundle(found.sidecar, found.spec, found.renewal)
    if found.spec is None:
        terminal.say(
            "note: the spec is not at hand, so nothing shows whether checkpoint, data and code are "
            "still those that this was made from; name the model to have it checked"
        )
    return bundle
