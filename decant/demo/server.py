"""Serves the page to this machine, or to the local network when asked."""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import logging
import re
import shutil
import socket
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from ..errors import UsageError
from .routes import content_type

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LOG = logging.getLogger(__name__)
THIS_MACHINE = "127.0.0.1"
EVERYWHERE = "0.0.0.0"
HTTP_PORT = "80"
SILENCE_S = 30
# Documentation's own network (RFC 5737): nothing is sent there, or anywhere.
ELSEWHERE = ("192.0.2.1", 9)
INLINE_SCRIPT = re.compile(r"<script[^>]*>(.+?)</script>", re.DOTALL)


class PageServer(ThreadingHTTPServer):
    """Hands out what is on a closed list; nothing else, whatever is asked for.

    Attributes:
        routes: Files, or what is no file, by address.
        policy: Of the page's content.
        names: By which the page may be asked for.
    """

    daemon_threads = True

    def __init__(self, address: tuple[str, int], routes: Mapping[str, Path | bytes]) -> None:
        super().__init__(address, _Handler)
        self.routes = routes
        with opened(routes["/"]) as page:
            self.policy = content_policy(page.read().decode())
        self.names = {"localhost", THIS_MACHINE}
        if address[0] == EVERYWHERE:
            self.names |= names_on_network()

    @property
    def port(self) -> int:
        """The port that is served."""
        return int(self.server_address[1])


def make_server(routes: Mapping[str, Path | bytes], port: int, *, lan: bool) -> PageServer:
    """Open the port; `serve_forever` then serves it.

    Args:
        routes: Files, or what is no file, by address.
        port: To serve; 0 for any that is free.
        lan: Whether other machines may ask.

    Raises:
        UsageError: If the port is taken or may not be used.
    """
    try:
        return PageServer((EVERYWHERE if lan else THIS_MACHINE, port), routes)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            what = "is taken by another program"
        elif error.errno == errno.EACCES:
            what = "is for the administrator only"
        else:
            what = f"cannot be opened ({error.strerror})"
        raise UsageError(f"port {port} {what}; give another with --port") from error


def opened(content: Path | bytes) -> BinaryIO:
    """Open a file, or what stands for one.

    Raises:
        OSError: If the file is gone.
    """
    return io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")


def own_address() -> str:
    """Give the address under which the local network knows this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
        except OSError:
            return socket.gethostname()
        return str(probe.getsockname()[0])


def names_on_network() -> set[str]:
    """Give the names and addresses by which other machines reach this one."""
    name = socket.gethostname().lower()
    try:
        addresses = socket.gethostbyname_ex(name)[2]
    except OSError:
        addresses = []
    return {name, f"{name}.local", own_address(), *addresses}


def content_policy(page: str) -> str:
    """Write the Content-Security-Policy: everything from here, inline only this import map."""
    scripts = [match.encode() for match in INLINE_SCRIPT.findall(page)]
    digests = [base64.b64encode(hashlib.sha256(each).digest()).decode() for each in scripts]
    inline = " ".join(f"'sha256-{digest}'" for digest in digests)
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' 'wasm-unsafe-eval' {inline}",
            "worker-src 'self'",
            "style-src 'self'",
            "img-src 'self' blob:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    protocol_version = "HTTP/1.1"
    server_version = "decant"
    sys_version = ""
    timeout = SILENCE_S

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        # A foreign page could otherwise read the bundle under a name of its own that leads here.
        if not self._is_asked_by_name():
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return
        route = self.server.routes.get(urlsplit(self.path).path)
        try:
            content = opened(route) if route is not None else None
        except OSError:
            content = None
        if route is None or content is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        with content:
            try:
                self._send_head(content_type(route), content.seek(0, io.SEEK_END))
                content.seek(0)
                if body:
                    shutil.copyfileobj(content, self.wfile)
            except (ConnectionError, TimeoutError):
                # The browser has gone to another page.
                self.close_connection = True

    def _is_asked_by_name(self) -> bool:
        name, _, port = self.headers.get("Host", "").lower().partition(":")
        return name in self.server.names and (port or HTTP_PORT) == str(self.server.port)

    def _send_head(self, kind: str, size_bytes: int) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size_bytes))
        self.end_headers()

    def end_headers(self) -> None:
        """Add what every answer says; both Cross-Origin lines let WebAssembly have threads."""
        self.send_header("Content-Security-Policy", self.server.policy)
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Permissions-Policy", "camera=(self), microphone=(), geolocation=()")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        LOG.debug(format, *args)
