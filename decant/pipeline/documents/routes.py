"""What other converters make of the same model, as `routes.json` says it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from decant.bench.schema import Latency
from decant.convert.routes import Attempt

from ...files import ROUTES_SCHEMA
from ...machine import Machine


class RacedFile(Attempt):
    """A route's attempt with what its file costs.

    Attributes:
        transposes: TRANSPOSE ops of its file; null where there is none.
        latency: On one thread, all verified files in turns, against the first of them; null of
            others.
        runs_in_oldest: Whether tflite-runtime 2.14 runs its file; null where that was not tried.
        oldest_reason: Why it does not, or why that was not tried.
    """

    transposes: int | None = None
    latency: Latency | None = None
    runs_in_oldest: bool | None = None
    oldest_reason: str = ""


class RoutesReport(BaseModel):
    """A race of routes.

    Attributes:
        schema_version: Of `routes.json`.
        files: decant's own first, then each route's.
        best: Route of the fastest verified file; decant's own if that is as fast within 3 %; null
            where no file is verified.
        kept: File to use: decant's own, or `model_best.tflite` where the best was asked for; null
            where there is none.
        samples: What parity was judged with: count and whether they were given or random.
        machine: What the latencies were measured on.
        oldest: The oldest runtime that files were loaded in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = ROUTES_SCHEMA
    files: tuple[RacedFile, ...]
    best: str | None
    kept: str | None
    samples: str
    machine: Machine
    oldest: str
