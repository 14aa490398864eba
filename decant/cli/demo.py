"""`decant demo`: a page on this machine that runs a model's files in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .. import pipeline
from ..overrides import parse_overrides
from .options import Bundled, Json, Set, Verbose
from .session import session

if TYPE_CHECKING:
    from .terminal import Terminal


def demo(
    model: Bundled,
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="To serve; 0 for any that is free.")
    ] = 8765,
    lan: Annotated[
        bool, typer.Option("--lan", help="Serve the local network too, not this machine alone.")
    ] = False,
    changes: Set = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Serve a page that runs a model's files in the browser, on photos and the camera."""
    with (
        session("demo", verbose=verbose, as_json=as_json) as terminal,
        pipeline.demo(model, port=port, lan=lan, overrides=parse_overrides(changes)) as page,
    ):
        terminal.give(page, _show)
        # Whoever waits for the object wants to open the page now.
        terminal.send()
        page.serve()


def _show(terminal: Terminal, page: pipeline.Page) -> None:
    """Print where the page is."""
    terminal.result(f"{page.model}: {page.addresses[0]}")
    for address in page.addresses[1:]:
        terminal.result(f"on the local network: {address}")
        terminal.say(
            "everybody on the network can open it; browsers give the camera, and "
            "WebAssembly threads, only to pages on localhost or https"
        )
    terminal.say("Ctrl-C ends it")
