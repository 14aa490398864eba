"""What an op raises that cannot be emitted."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """Why one node cannot be emitted; the emitter adds which node it was.

    Attributes:
        why: What TFLite lacks.
        advice: What the user can do next.
        attributes: The settings at fault, as (name, value).
    """

    def __init__(self, why: str, advice: str, *attributes: tuple[str, Any]) -> None:
        super().__init__(why)
        self.why = why
        self.advice = advice
        self.attributes = attributes


FIXED_SIZES = "export with fixed sizes"


class FreeSize(Refused):
    """Why one node cannot be emitted while a size is free.

    The advice is for a model of which no input has a free size; where one has, the emitter says
    which `--shape` fixes it.
    """

    def __init__(self, why: str, *attributes: tuple[str, Any], advice: str = FIXED_SIZES) -> None:
        super().__init__(why, advice, *attributes)
