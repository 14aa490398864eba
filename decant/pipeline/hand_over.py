"""`bundle` and `demo`: a release, for an app and in the browser."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..bundle import find_bundle, open_bundle
from ..files import SIDECAR

if TYPE_CHECKING:
    from types import TracebackType

    from ..bundle import Bundle
    from ..contract.sidecar import Sidecar
    from ..demo.server import PageServer
    from ..overrides import Overrides
    from ..paths import AnyPath
    from .documents.hand_over import BundledDocument, PageDocument

logger = logging.getLogger(__name__)

PACKAGES = Path("build", "web")


@dataclass(frozen=True, slots=True)
class Bundled:
    """A bundle that was copied.

    Attributes:
        folder: Where to.
        sidecar: What describes it.
        files: All of its files, relative to the folder.
    """

    folder: Path
    sidecar: Sidecar
    files: tuple[str, ...]

    def document(self) -> BundledDocument:
        """Write it as `--json` does."""
        from .documents.hand_over import BundledDocument

        return BundledDocument(folder=self.folder, files=self.files, sidecar=self.sidecar)


@dataclass(frozen=True, slots=True)
class Page:
    """A page that waits to be served; leaving it as a context manager closes its port.

    Attributes:
        model: Name of the model.
        addresses: Of this machine, then of the local network if that is served.
        server: Whose `serve_forever` serves the page, until another thread calls its `shutdown`.
    """

    model: str
    addresses: tuple[str, ...]
    server: PageServer

    def serve(self) -> None:
        """Serve the page until Ctrl-C."""
        self.server.serve_forever()

    def document(self) -> PageDocument:
        """Write it as `--json` does."""
        from .documents.hand_over import PageDocument

        return PageDocument(model=self.model, addresses=self.addresses)

    def __enter__(self) -> Page:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.server.server_close()


def bundle(model: AnyPath, folder: AnyPath, *, overrides: Overrides | None = None) -> Bundled:
    """Copy a bundle whose hashes are right and which is not stale.

    Args:
        model: A zoo model's name, a `model.toml` or its folder; or a bundle's folder or
            `model.json`.
        folder: Missing, empty, or an earlier bundle, which is replaced as a whole.
        overrides: Values that go before the spec's, by dotted key, such as
            `{"requirements.max_drop": 0.02}`.

    Raises:
        DataError: If there is no bundle, it is damaged or stale, or the folder cannot be written.
        UsageError: If the text names nothing.
    """
    found = _find_and_open(model, overrides)
    return Bundled(Path(folder), found.sidecar, found.copy_to(folder))


def demo(
    model: AnyPath, *, port: int = 8765, lan: bool = False, overrides: Overrides | None = None
) -> Page:
    """Make a page that runs a model's files in the browser, and open its port.

    Args:
        model: As `bundle` takes it.
        port: To serve; 0 for any that is free.
        lan: Whether to serve the local network too.
        overrides: Values that go before the spec's, by dotted key, such as
            `{"requirements.max_drop": 0.02}`.

    Raises:
        DataError: If there is no bundle, it is damaged or stale, or the npm packages cannot be
            installed.
        UsageError: If the port is taken, or the text names nothing.
    """
    from ..demo import (
        SERVED,
        installed_packages,
        make_server,
        own_address,
        page_routes,
        served_model,
    )

    found = _find_and_open(model, overrides)
    if not (PACKAGES / "node_modules").is_dir():
        logger.info("installing LiteRT.js into %s …", PACKAGES)
    routes = page_routes(found, installed_packages(PACKAGES))
    routes[SERVED] = served_model(found.folder / SIDECAR)
    server = make_server(routes, port, lan=lan)
    hosts = ("localhost", own_address()) if lan else ("localhost",)
    return Page(
        found.sidecar.model, tuple(f"http://{host}:{server.port}/" for host in hosts), server
    )


def _find_and_open(model: AnyPath, overrides: Overrides | None) -> Bundle:
    """Open the bundle that a text names, and say what could not be checked."""
    found = find_bundle(model, overrides)
    bundle = open_bundle(found.sidecar, found.spec, found.renewal)
    if found.spec is None:
        logger.info(
            "note: the spec is not at hand, so nothing shows whether checkpoint, data and code are "
            "still those that this was made from; name the model to have it checked"
        )
    return bundle
