"""The command `decant`."""

from __future__ import annotations


def main() -> None:
    """Run the command line; ends the process with one of the documented exit codes."""
    try:
        from .app import app

        app(prog_name="decant")
    except KeyboardInterrupt:
        # So early that nothing has begun.
        raise SystemExit(130) from None
