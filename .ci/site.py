"""Hooks of mkdocs: lays out what the API reference is read from, and keeps pages to themselves."""

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "build" / "api"
LOADED = re.compile(
    r"""<(?:script|img|iframe|source)[^>]*\ssrc=["']?(?:https?:)?//[^>]*>"""
    r"""|<link[^>]*rel=["']?(?:stylesheet|preconnect|preload)[^>]*href=["']?(?:https?:)?//[^>]*>"""
)


def on_startup(**_: Any) -> None:
    """Copy the sources to where pyproject.toml maps their folders; the reader follows no links."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shutil.rmtree(SOURCES, ignore_errors=True)
    for package, folder in project["tool"]["setuptools"]["package-dir"].items():
        place = SOURCES.joinpath(*package.split("."))
        for path in (ROOT / folder).rglob("*.py"):
            copy = place / path.relative_to(ROOT / folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Refuse a page that makes the reader's browser ask another host."""
    found = LOADED.search(output)
    if found:
        raise PluginError(f"{page.file.src_uri}: {found[0]} is loaded from elsewhere")
    return output
