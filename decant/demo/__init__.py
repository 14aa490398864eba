"""The browser demo: a page that runs a bundle's model files with LiteRT.js, served from here."""

from .bundle import Bundle, find_bundle, open_bundle
from .packages import installed_packages
from .routes import page_routes
from .server import make_server

__all__ = [
    "Bundle",
    "find_bundle",
    "installed_packages",
    "make_server",
    "open_bundle",
    "page_routes",
]
