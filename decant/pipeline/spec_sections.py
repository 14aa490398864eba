"""Writes the sections of a first spec: what is known, and what is for its owner to say."""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from ..contract.rules import kind_of
from ..tensors import sizes
from .docstrings import meanings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from ..contract.decode.rule import Reading
    from ..tasks import TaskSection
    from ..tensors import TensorInfo

WIDTH: Final = 100
TO_DO: Final = "TODO"
# Of every kind alike, for a metric of the user's own alone.
HIDDEN: Final = ("metric_better", "metric_unit")
NAMES: Final = {"labels": "label", "targets": "target"}
"""Keys that name what a model gives → what an example begins with."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is written for a key.

    Attributes:
        value: Of the key; None if only its owner can say it, who may as well leave it out.
        todo: What its owner has to say of it; "" if nothing is left to say, None for no comment.
    """

    value: Any
    todo: str | None = None


def section_lines(
    name: str,
    section: type[BaseModel],
    known: Mapping[str, Known] | None = None,
    *,
    without: Collection[str] = (),
) -> str:
    """Write a section: known and required keys, and the others as comments.

    Args:
        name: Of the section.
        section: What it may hold.
        known: What is written for keys.
        without: Keys that are sections of their own.
    """
    return "\n".join([f"[{name}]", *_keys(section, known or {}, without)])


def optional_lines(name: str, section: type[BaseModel], note: str) -> str:
    """Write a section that is left out, with what taking it in does, as comments."""
    return "\n".join([*_wrapped(note), f"# [{name}]", *_keys(section, {})])


def task_lines(section: type[TaskSection], outputs: Sequence[TensorInfo]) -> str:
    """Write the section `[task]`, with all that the outputs tell of it.

    Args:
        section: Of the kind.
        outputs: Of the model; none where they are not known.
    """
    shapes = {info.name: info.onnx_shape for info in outputs}
    readings = section.readings(shapes)
    known = {"kind": Known(kind_of(section))}
    decodes = "decode" in section.model_fields
    lines = [f"# output {info.name} {sizes(info.shape)} {info.dtype}" for info in outputs]
    heading = "These decode rules fit the outputs; take one:"
    if decodes and not readings:
        lines += _wrapped("No decode rule reads these outputs as they are.")
        heading = "The decode rules that there are; take one:"
        readings, shapes = section.readings({}), {}
    elif not shapes:
        heading = "Nothing is known of the outputs. The decode rules that there are; take one:"
    if len(readings) == 1 and not decodes:
        lines += _wrapped(readings[0].note)
    if len(readings) == 1:
        known |= _said(readings[0], decodes=decodes, sure=bool(shapes))
    elif decodes:
        lines += [f"# {heading}", *_options(readings)]
        known["decode"] = Known({}, "one of the above")
    counts = {reading.names for reading in readings if shapes}
    (count,) = counts if len(counts) == 1 else (None,)
    for key in NAMES.keys() & section.model_fields.keys():
        if count is not None and (count > 1 or section.model_fields[key].is_required()):
            known[key] = Known([f"{NAMES[key]}_{k}" for k in range(count)], f"name the {count}")
    return "\n".join(["[task]", *lines, *_keys(section, known)])


def _said(reading: Reading, *, decodes: bool, sure: bool) -> dict[str, Known]:
    """Say what the only way to read the outputs asks for."""
    if decodes and reading.keys:
        open_ = bool(reading.unknown) or not sure
        return {"decode": Known(reading.keys, reading.note if open_ else None)}
    return {
        key: Known(value, "" if key in reading.unknown else None)
        for key, value in reading.keys.items()
    }


def _options(readings: Sequence[Reading]) -> Iterator[str]:
    """List the ways to read the outputs as comments, each with what else it asks for."""
    for reading in readings:
        yield f"#   decode = {as_toml(reading.keys)}"
        noun = "label" if reading.names == 1 else "labels"
        count = "" if reading.names is None else f"{reading.names} {noun}; "
        yield from _wrapped(count + reading.note, "#       ")


def _keys(
    section: type[BaseModel], known: Mapping[str, Known], without: Collection[str] = ()
) -> Iterator[str]:
    told = meanings(section)
    for key, field in section.model_fields.items():
        if key in HIDDEN or key in without:
            continue
        if key not in known and field.is_required():
            yield from _wrapped(told.get(key, ""))
            yield f"{key} = {_placeholder(field.annotation)}  # {TO_DO}"
        elif key not in known:
            default = field.get_default(call_default_factory=True)
            yield from _wrapped(told.get(key, ""))
            yield f"# {key} = {_default(default)}"
        else:
            if key != "kind":
                yield from _wrapped(told.get(key, ""))
            yield from _written(key, known[key])


def _written(key: str, known: Known) -> Iterator[str]:
    """Write a key; a long list takes several lines, of which the first is marked."""
    todo = known.todo or ""
    if known.value is None:
        yield f"# {key} = …  # {TO_DO}: {todo}"
        return
    line = f"{key} = {as_toml(known.value)}"
    if len(line) + len(todo) > WIDTH - len(TO_DO) and not isinstance(known.value, list):
        yield from _wrapped(todo)
        todo = ""
    mark = "" if known.todo is None else f"  # {TO_DO}" + (f": {todo}" if todo else "")
    if len(line) + len(mark) <= WIDTH or not isinstance(known.value, list):
        yield line + mark
        return
    yield f"{key} = [{mark}"
    listed = ", ".join(map(as_toml, known.value)) + ","
    yield from textwrap.wrap(
        listed, WIDTH, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False
    )
    yield "]"


def _wrapped(note: str, indent: str = "# ") -> list[str]:
    return textwrap.wrap(note, WIDTH, initial_indent=indent, subsequent_indent=indent)


def _placeholder(annotation: Any) -> str:
    """Show by an example what kind of value a key takes."""
    if get_origin(annotation) is Literal:
        return as_toml(get_args(annotation)[0])
    text = str(annotation)
    if "tuple" in text and "str" in text:
        return '["first", "second"]'
    if "tuple" in text:
        return "[1]"
    if annotation is str or "str" in text:
        return '"…"'
    return "1" if "int" in text or "float" in text else "{}"


def _default(value: Any) -> str:
    if value is None or value is PydanticUndefined:
        return "…"
    return "{}" if isinstance(value, BaseModel) else as_toml(value)


def as_toml(value: Any) -> str:
    """Write a value as the file has it."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, dict):
        pairs = (f"{as_key(key)} = {as_toml(each)}" for key, each in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    return json.dumps(value, ensure_ascii=False)


def as_key(name: str) -> str:
    """Write a name as a key."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
