"""Everything decant refuses to do, each with the exit code its command ends with."""

from __future__ import annotations

import json
import reprlib
from typing import Any

LONGEST = 60
"""Of a value in a message; the rest of a longer one tells nobody more."""


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


def shortened(value: Any) -> str:
    """Write a value for a message, whatever its size and depth."""
    if isinstance(value, str):
        cut = value if len(value) <= LONGEST else value[: LONGEST - 3] + "…"
        return json.dumps(cut, ensure_ascii=False)
    if hasattr(value, "tolist"):
        value = value.tolist()
    writer = reprlib.Repr()
    writer.maxlist = writer.maxtuple = writer.maxdict = LONGEST
    writer.maxstring = writer.maxlong = writer.maxother = LONGEST
    text = writer.repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "…"
