"""The command `decant`."""

from __future__ import annotations


def main() -> None:
    """Run the command line; ends the process with one of the documented exit codes."""
    try:
        from .app import app
        from .terminal import open_streams, printing

        open_streams()
        with printing():
            app(prog_name="decant")
    except KeyboardInterrupt:
        # So early that nothing has begun.
        raise SystemExit(130) from None
