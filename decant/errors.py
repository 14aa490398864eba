"""Everything decant refuses to do, each with the exit code its command ends with."""

from __future__ import annotations

import json
import reprlib
from typing import Any

LONGEST = 60
"""Of a value in a message; the rest of a longer one tells nobody more."""
LONGEST_PATH = 500
"""Of a path in a message, which is of use only whole."""
DEEPEST, MOST_SHOWN = 3, 20
"""Of a container in a message: what is deeper or further on finds no room."""


class DecantError(Exception):
    """A failure with a message for the user; `exit_code` is what the command line returns."""

    exit_code = 70


class GateFailed(DecantError):
    """A requirement or the regression gate said no."""

    exit_code = 1


class UsageError(DecantError):
    """The command was called in a way it cannot answer."""

    exit_code = 2


class SpecError(UsageError):
    """A `model.toml` that cannot be read as a spec."""


class UnsupportedOp(DecantError):
    """The model holds at least one node that cannot be converted."""

    exit_code = 3


class ParityError(DecantError):
    """Two forms of the same model disagree by more than the tolerance."""

    exit_code = 4


class DataError(DecantError):
    """A file or data set is missing, damaged, does not fit, or cannot be written."""

    exit_code = 5


class InternalError(DecantError):
    """A child process died or an invariant broke: our own fault."""

    exit_code = 70


def shortened(value: Any, longest: int = LONGEST) -> str:
    """Write a value for a message, whatever its size and depth; an array by its shape."""
    if isinstance(value, str):
        return json.dumps(cut(value, longest), ensure_ascii=False)
    if not isinstance(value, type) and hasattr(value, "shape") and hasattr(value, "dtype"):
        if tuple(value.shape):
            return f"an array {[*value.shape]} of {value.dtype}"
        value = value.item()
    writer = reprlib.Repr()
    writer.maxlevel, writer.maxlist, writer.maxtuple, writer.maxdict = DEEPEST, *3 * (MOST_SHOWN,)
    writer.maxstring = writer.maxlong = writer.maxother = longest
    try:
        return cut(writer.repr(value), longest)
    except ValueError:
        # Of a whole number of more digits than Python writes.
        return "a number of thousands of digits"


def cut(text: str, longest: int) -> str:
    """Cut a text to so many letters, the last of which says that it goes on."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
