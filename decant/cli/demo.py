"""`decant demo`: a page on this machine that runs a model's files in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..demo import (
    SERVED,
    installed_packages,
    make_server,
    own_address,
    page_routes,
    served_model,
)
from ..sidecar import NAME
from .bundle import find_and_open

if TYPE_CHECKING:
    from .terminal import Terminal

PACKAGES = Path("build", "web")


def serve(terminal: Terminal, text: str, port: int, *, lan: bool) -> None:
    """Serve the page until Ctrl-C, which ends this as it ends every command.

    Args:
        terminal: Where the address is shown.
        text: What the user typed.
        port: To serve; 0 for any that is free.
        lan: Whether to serve the local network too.

    Raises:
        DataError: If there is no bundle, it is damaged or stale, or the npm packages cannot be
            installed.
        UsageError: If the port is taken, or the text names nothing.
    """
    bundle = find_and_open(terminal, text)
    if not (PACKAGES / "node_modules").is_dir():
        terminal.say(f"installing LiteRT.js into {PACKAGES} …")
    routes = page_routes(bundle, installed_packages(PACKAGES))
    routes[SERVED] = served_model(bundle.folder / NAME)
    with make_server(routes, port, lan=lan) as server:
        terminal.result(f"{bundle.sidecar.model}: http://localhost:{server.port}/")
        if lan:
            terminal.result(f"on the local network: http://{own_address()}:{server.port}/")
            terminal.say(
                "everybody on the network can open it; browsers give the camera, and WebAssembly "
                "threads, only to pages on localhost or https"
            )
        terminal.say("Ctrl-C ends it")
        server.serve_forever()
