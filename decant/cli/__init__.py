"""The command `decant`."""

from __future__ import annotations


def main() -> None:
    """Run the command line; ends the process with one of the documented exit codes."""
    from .app import app

    app(prog_name="decant")
