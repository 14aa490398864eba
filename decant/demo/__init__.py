"""The browser demo: a page that runs a bundle's model files with LiteRT.js, served from here."""

from .packages import installed_packages
from .routes import SERVED, page_routes, served_model
from .server import make_server, own_address

__all__ = [
    "SERVED",
    "installed_packages",
    "make_server",
    "own_address",
    "page_routes",
    "served_model",
]
