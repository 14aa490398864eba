"""Reads what the docstring of a class says of its attributes."""

from __future__ import annotations

import re


def meanings(described: type) -> dict[str, str]:
    """Give the meaning of each attribute of a class and of those that it derives from.

    A full stop at the end is left to whoever shows it.
    """
    found: dict[str, str] = {}
    for each in reversed(described.__mro__):
        part = (each.__dict__.get("__doc__") or "").partition("Attributes:")[2]
        for entry in re.split(r"\n(?= {8}\w+: )", part):
            key, _, words = entry.strip().partition(": ")
            if words:
                found[key] = " ".join(words.split()).rstrip(".")
    return found
