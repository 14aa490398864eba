"""What every document shares, and the object that holds one."""

from __future__ import annotations

import json
import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny

from ...files import STDOUT_SCHEMA


class Document(BaseModel):
    """What a command found; closed to keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Failure(Document):
    """Why a command could not do its work, or what said no.

    Attributes:
        message: What stands on stderr, too.
        log: File with the whole story of a fault of decant's own; null for any other failure.
    """

    message: str
    log: str | None = None


class Answer(Document):
    """The one object that a command prints on stdout.

    Attributes:
        schema_version: Of this object and all that it holds.
        command: As it is typed behind `decant`, such as "feedback import"; null if there is no such
            command.
        exit_code: That the command ends with.
        error: Null where the exit code is 0.
        result: What the command found, see below; null where it found nothing. A requirement that
            is not met, or a gate that says no, leaves a result beside the error.
    """

    schema_version: Literal[1] = Field(default=STDOUT_SCHEMA, alias="schema")
    command: str | None
    exit_code: int
    error: Failure | None = None
    result: SerializeAsAny[Document] | None = None

    def to_json(self) -> str:
        """Write the object: numbers that JSON does not have become null, and all is ASCII."""
        document = _finite(self.model_dump(mode="json", by_alias=True))
        return json.dumps(document, indent=2, allow_nan=False)


def _finite(value: Any) -> Any:
    """Replace what is no finite number by None, at any depth."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
