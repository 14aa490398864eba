"""Names each thing in which two provenances differ, in one line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .schema import Provenance

MOST_CHARACTERS = 60
"""Of a value that is shown whole; of a longer list, or one of tables, only what differs is."""
MOST_PER_PART = 5
"""Lines for a section of the spec, for all code, and for all libraries."""


def changes(then: Provenance, now: Provenance) -> list[str]:
    """Name what has changed, in words of the spec.

    Args:
        then: What a result was made from.
        now: What it would be made from now.

    Returns:
        A line for each change, such as `[input] mean: was [0.5], is [0.4]`; none if nothing has.
    """
    return [
        *_settings(then.settings, now.settings),
        *_files(then, now),
        *_first("code", [*_code(then.code, now.code)]),
        *_first("libraries", [*_versions(then.libraries, now.libraries)]),
    ]


def _first(what: str, lines: list[str]) -> list[str]:
    """Shorten a list to what a reader takes in, and say how much more there is."""
    more = len(lines) - MOST_PER_PART
    return lines if more <= 0 else [*lines[:MOST_PER_PART], f"{what}: {more} more"]


def _settings(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for section in sorted(then.keys() | now.keys()):
        lines = [
            f"{_key(section, path)}: {text}"
            for path, text in _differences(then.get(section), now.get(section))
        ]
        yield from _first(f"[{section}]", lines)


def _key(section: str, path: str) -> str:
    """Write a key as one finds it in the spec; a key above all sections stands alone."""
    return f"[{section}] {path.removeprefix('.')}" if path else section


def _differences(then: Any, now: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and words for each difference; tables are entered, and lists too long to show."""
    if then == now:
        return
    if isinstance(then, dict) and isinstance(now, dict):
        for key in (*then, *(key for key in now if key not in then)):
            yield from _differences(then.get(key), now.get(key), f"{path}.{key}")
    elif _shown(then) and _shown(now):
        yield path, f"was {_write(then)}, is {_write(now)}"
    elif not (isinstance(then, list) and isinstance(now, list)):
        yield path, "has changed"
    elif len(then) != len(now):
        yield path, f"had {len(then)} entries, has {len(now)}"
    else:
        for index, (old, new) in enumerate(zip(then, now, strict=True)):
            yield from _differences(old, new, f"{path}[{index}]")


def _shown(value: Any) -> bool:
    """Whether a value is short and holds no table."""
    tables = isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(each, dict) for each in value)
    )
    return not tables and len(_write(value)) <= MOST_CHARACTERS


def _write(value: Any) -> str:
    return "not given" if value is None else json.dumps(value, ensure_ascii=False)


def _files(then: Provenance, now: Provenance) -> Iterator[str]:
    for name in sorted(then.files.keys() | now.files.keys()):
        old, new = then.files.get(name), now.files.get(name)
        # A key that leads to nothing on one side is among the settings that have changed.
        if old is not None and new is not None and old != new:
            relative = _value(now.settings, name)
            named = name if relative is None else f"{name} = {json.dumps(relative)}"
            yield f"{named}: its content has changed"
        elif old != new and _value(then.settings, name) == _value(now.settings, name):
            yield f"{name}: {'is there only now' if old is None else 'is gone'}"


def _value(settings: Mapping[str, Any], key: str) -> str | None:
    """Look up a text that a key of the spec has, such as `data.test.path`."""
    value: Any = settings
    for part in key.replace("[", ".").replace("]", "").split("."):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (LookupError, TypeError, ValueError):
            return None
    return value if isinstance(value, str) else None


def _code(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """Name each file or package of code, the user's own first."""
    for name in sorted(then.keys() | now.keys(), key=lambda name: (_ours(name), name)):
        if then.get(name) == now.get(name):
            continue
        what = "decant's own code" if _ours(name) else "the code"
        if name not in now:
            yield f"{name}: {what} is gone, or imported no more"
        else:
            yield f"{name}: {what} {'has changed' if name in then else 'is new'}"


def _ours(name: str) -> bool:
    return f"{name}.".startswith("decant.")


def _versions(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(then.keys() | now.keys()):
        old, new = then.get(name, "none"), now.get(name, "none")
        if old != new:
            yield f"library {name}: was {old}, is {new}"
