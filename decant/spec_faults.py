"""Says what is wrong with a `model.toml` in the words of the file."""

from __future__ import annotations

import difflib
import typing
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from .overrides import as_toml

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
FACTORY = r"^[^:]+:[A-Za-z_]\w*$"

PATTERNS = {
    NAME: "must be letters, digits, _, . and - that begin with a letter or a digit",
    FACTORY: 'must be "file.py:function" or "package.module:function"',
}

TERMS = {
    "tuple_type": "must be a list, in square brackets",
    "dict_type": "must be a table, in curly brackets or with a heading of its own",
    "model_attributes_type": "must be a table, in curly brackets or with a heading of its own",
    "model_type": "must be a table, in curly brackets or with a heading of its own",
    "union_tag_not_found": "kind is missing; add it",
}
"""What TOML calls a thing that pydantic has another name for."""

EXPLANATION = "docs/reference/model.toml.md in decant's repository explains every key."

OTHER_TASKS = (
    "for another task, decant convert, quantize and bench take a .onnx or .pt2 without a spec: see "
    '"What a spec cannot say" in docs/reference/model.toml.md'
)


def explain_all(error: ValidationError, root: type[BaseModel], kinds: Container[str] = ()) -> str:
    """List all that is wrong, a line each.

    Args:
        error: What pydantic says.
        root: Of the sections, so that the nearest known key can be named.
        kinds: What a `kind` may be, which stands in pydantic's locations but not in the file.
    """
    details = error.errors()
    faulty = {detail["loc"][:-1] for detail in details if detail["type"] != "missing"}
    # A list is also called too short where its items were refused, which is no second fault.
    kept = [each for each in details if each["type"] != "too_short" or each["loc"] not in faulty]
    lines = [f"  {_explain(detail, root, kinds)}" for detail in kept]
    return "\n".join([*lines, f"Correct the file; {EXPLANATION}"])


def _explain(detail: Any, root: type[BaseModel], kinds: Container[str]) -> str:
    """Turn one pydantic error into a line that names the key, the value and what to do."""
    parts = [str(part) for part in detail["loc"]]
    location = _location(parts, kinds)
    key = ".".join(location)
    if detail["type"] == "extra_forbidden":
        close = difflib.get_close_matches(location[-1], _known_keys(location[:-1], root), n=1)
        hint = f'; did you mean "{close[0]}"?' if close else "; remove it"
        return f"{key}: unknown key{hint}"
    if detail["type"] == "missing":
        return f"{key}: missing; add it"
    message = detail["msg"].removeprefix("Value error, ").replace("Tuple ", "The list ")
    message = message.replace(" after validation", "")
    message = TERMS.get(detail["type"], message)
    if detail["type"] == "string_pattern_mismatch":
        message = PATTERNS.get(detail["ctx"]["pattern"], message)
    if detail["type"] == "less_than_equal" and detail["ctx"]["le"] == 1:
        message += "; write a fraction, such as 0.9 for 90 %"
    if detail["type"] == "union_tag_invalid":
        given, known = detail["ctx"]["tag"], detail["ctx"]["expected_tags"]
        hint = f"; {OTHER_TASKS}" if key == "task" else ""
        return f'{key}.kind = "{given}": must be one of {known}{hint}'
    if not key or isinstance(detail["input"], dict):
        return f"{key}: {message}" if key else message
    return f"{key} = {as_toml(detail['input'])}: {message}"


def _location(parts: Sequence[str], kinds: Container[str]) -> list[str]:
    """Leave the kinds out, each of which pydantic names between a section and its key."""
    location: list[str] = []
    after_kind = False
    for before, part in zip(["", *parts], parts, strict=False):
        # A table [inputs.NAME] may be called as a kind is, and so may a key of that kind.
        after_kind = part in kinds and before != "inputs" and not after_kind
        if not after_kind:
            location.append(part)
    return location


def _known_keys(location: list[str], root: type[BaseModel]) -> list[str]:
    """List the keys of every section that `location` may lead to."""
    sections: list[type[BaseModel]] = [root]
    for part in location:
        fields = [s.model_fields[part].annotation for s in sections if part in s.model_fields]
        if fields:
            sections = [section for field in fields for section in _sections_in(field)]
    return sorted({key for section in sections for key in section.model_fields})


def _sections_in(annotation: Any) -> list[type[BaseModel]]:
    """Find the sections inside a type such as `A | B | None` or `tuple[A, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [s for part in typing.get_args(annotation) for s in _sections_in(part)]
