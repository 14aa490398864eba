"""Prints a table as any other result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from rich.table import Table

    from .terminal import Terminal

UNBROKEN = 10_000
"""Columns in which no line is broken."""


def print_table(terminal: Terminal, table: Table, width: int) -> None:
    """Lay a table out and print it as any other result."""
    console = Console(file=terminal.out, width=width, highlight=False, markup=False)
    with console.capture() as drawn:
        console.print(table)
    for line in drawn.get().splitlines():
        terminal.result(line.rstrip())
