"""The browser demo: a page that runs a bundle's model files with LiteRT.js, served from here."""

from .packages import installed_packages
from .routes import page_routes
from .server import make_server, own_address

__all__ = [
    "installed_packages",
    "make_server",
    "own_address",
    "page_routes",
]
