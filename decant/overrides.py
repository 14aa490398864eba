"""Keys of a spec that are said otherwise for one run: `--set KEY=VALUE`."""

from __future__ import annotations

import copy
import json
import re
import shlex
import tomllib
from shlex import quote
from typing import TYPE_CHECKING, Any, TypeAlias

from .errors import SpecError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Overrides: TypeAlias = "Mapping[str, Any]"
"""Value by dotted key, such as "requirements.max_drop"."""

FORM = 'write KEY=VALUE, such as requirements.max_drop=0.02 or quantization.recipes=["float16"]'
# A string that needs no quotes: TOML would take it for nothing else.
BARE = re.compile(r"(?!(?:true|false|inf|nan)$)[A-Za-z_][\w./:-]*")
# What begins a value that is no bare word.
QUOTED = ("'", '"', "[", "{")


def parse_overrides(texts: Iterable[str] | None) -> dict[str, Any]:
    """Read `KEY=VALUE`s: a value as TOML has it, a bare word being a string.

    >>> parse_overrides(["requirements.max_drop=0.02", "model.name=other", "seed = 7"])
    {'requirements.max_drop': 0.02, 'model.name': 'other', 'seed': 7}

    Raises:
        UsageError: If one is of another form, or two are of one key.
    """
    found: dict[str, Any] = {}
    for text in texts or ():
        key, equals, value = (part.strip() for part in text.partition("="))
        if not key or not equals or not value:
            raise UsageError(f"--set {quote(text)}: is no key with a value; {FORM}")
        if key in found:
            raise UsageError(f"--set {quote(text)}: {key} is set twice; leave one out")
        _path(key)
        found[key] = _value(text, value)
    return found


def options_of(overrides: Overrides) -> list[str]:
    """Write overrides as the options that they are on a command line."""
    return [
        part for key, value in overrides.items() for part in ("--set", f"{key}={_written(value)}")
    ]


def renewal_of(model: str, overrides: Overrides) -> str:
    """Write the command that makes a model's results anew."""
    return shlex.join(["decant", "tflite", model, *options_of(overrides)])


def overridden(document: Mapping[str, Any], overrides: Overrides) -> dict[str, Any]:
    """Put overrides into a spec's document; whether there is such a key is for the spec to say.

    Raises:
        SpecError: If a key leads through what is no table.
    """
    found = copy.deepcopy(dict(document))
    for key, value in overrides.items():
        *sections, last = _path(key)
        table: Any = found
        for depth, section in enumerate(sections, start=1):
            table = table.setdefault(section, {})
            if not isinstance(table, dict):
                above = ".".join(sections[:depth])
                raise SpecError(
                    f"--set {key}: {above} = {as_toml(table)} is no table; set {above} as a whole"
                )
        table[last] = copy.deepcopy(value)
    return found


def as_toml(value: Any) -> str:
    """Write a value much as the file has it."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {as_toml(each)}' for key, each in value.items())} }}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else str(value)


def _written(value: Any) -> str:
    """Write a value as a user would type it."""
    return value if isinstance(value, str) and BARE.fullmatch(value) else as_toml(value)


def _path(key: str) -> list[str]:
    """Split a key at its dots, as TOML does."""
    try:
        table: Any = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        table = {}
    parts = []
    while isinstance(table, dict) and len(table) == 1:
        ((part, table),) = table.items()
        parts.append(part)
    if not parts or table != 0:
        raise UsageError(f"--set {key}: is no key of a spec; {FORM}")
    return parts


def _value(text: str, value: str) -> Any:
    try:
        table = tomllib.loads(f"value = {value}")
    except tomllib.TOMLDecodeError as error:
        if value.startswith(QUOTED) or "\n" in value:
            raise UsageError(
                f"--set {quote(text)}: the value is no TOML ({error}); {FORM}"
            ) from error
        return value
    if table.keys() != {"value"}:
        raise UsageError(f"--set {quote(text)}: the value has more than one line; {FORM}")
    return table["value"]
