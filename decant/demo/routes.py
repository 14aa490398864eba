"""What the server hands out: a closed list of addresses, each with what is behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..errors import DataError
from .packages import WEB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..bundle import Bundle

# Tells the page what was asked for, which is no file.
SERVED = "/served.json"
# By suffix; a page's file with any other is not handed out.
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".png": "image/png",
    ".wasm": "application/wasm",
}
PAGE_TYPES = {".css", ".html", ".js", ".svg"}
# The parts of the packages that the page imports.
MODULES = (
    "@litertjs/core/dist/index.js",
    "@litertjs/wasm-utils/dist/index.js",
    "@noble/hashes/_md.js",
    "@noble/hashes/_u64.js",
    "@noble/hashes/sha2.js",
    "@noble/hashes/utils.js",
    "fflate/esm/browser.js",
)
RUNTIME = "@litertjs/core/wasm"


def page_routes(bundle: Bundle, packages: Path) -> dict[str, Path | bytes]:
    """List the page, what it imports from `node_modules`, and the bundle.

    Raises:
        DataError: If a package lacks a file that the page imports.
    """
    routes: dict[str, Path | bytes] = {"/": WEB / "index.html"}
    routes |= {
        f"/{file.relative_to(WEB).as_posix()}": file
        for file in WEB.rglob("*")
        if file.suffix in PAGE_TYPES
    }
    # Names the version of LiteRT.js.
    routes["/package.json"] = WEB / "package.json"
    routes |= {f"/npm/{name}": packages / name for name in _modules(packages)}
    # The part of an address after the host is escaped; names may have blanks.
    routes |= {f"/bundle/{quote(name)}": bundle.folder / name for name in bundle.files()}
    return routes


def served_model(sidecar: Path) -> bytes:
    """Tell the page where the sidecar lies, for the commands that it shows: JSON.

    Relative to the current folder, where commands are typed; of a path elsewhere only the end, as
    the local network need not know more.
    """
    path, here = sidecar.resolve(), Path.cwd()
    inside = path.is_relative_to(here)
    shown = path.relative_to(here) if inside else Path("…", *path.parts[-2:])
    return json.dumps({"model": shown.as_posix()}).encode()


def content_type(content: Path | bytes) -> str:
    """Name the media type of a file, or of JSON that is no file."""
    suffix = ".json" if isinstance(content, bytes) else content.suffix
    return TYPES.get(suffix, "application/octet-stream")


def _modules(packages: Path) -> Iterator[str]:
    runtime = [f"{RUNTIME}/{file.name}" for file in (packages / RUNTIME).glob("*_internal.*")]
    for name in (*MODULES, *runtime):
        if not (packages / name).is_file():
            raise DataError(f"{packages / name}: no such file; remove {packages} and run again")
        yield name
    if not runtime:
        raise DataError(f"{packages / RUNTIME}: is empty; remove {packages} and run again")
