"""Everything decant refuses to do, each with the exit code its command ends with."""

from __future__ import annotations


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
