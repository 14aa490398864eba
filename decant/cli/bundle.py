"""`decant bundle`: the files of a release that an app ships."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..bundle import find_bundle, open_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from .terminal import Terminal


def copy(terminal: Terminal, text: str, folder: Path) -> None:
    """Copy a bundle whose hashes are right.

    Args:
        terminal: Where the outcome is shown.
        text: What the user typed.
        folder: Missing, empty, or an earlier bundle, which is replaced as a whole.

    Raises:
        DataError: If there is no bundle, it is damaged, or the folder cannot be written.
        UsageError: If the text names nothing.
    """
    bundle = open_bundle(find_bundle(text))
    copied = bundle.copy_to(folder)
    for variant in bundle.sidecar.variants:
        size = f"{variant.size_bytes / 1e6:.3f} MB"
        terminal.result(f"{variant.accelerator}  {variant.name}  {variant.file}  {size}")
    terminal.result(f"{folder}: {bundle.sidecar.model}, {len(copied)} files, hashes right")
