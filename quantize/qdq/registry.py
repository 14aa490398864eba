"""Maps an operator of a `.tflite` to the function that writes it as ONNX."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .step import Step
    from .writer import Writer

Lowering = Callable[["Writer", "Step"], None]
LOWERINGS: dict[str, Lowering] = {}


def lowers(*kinds: str) -> Callable[[Lowering], Lowering]:
    """Register a function for kinds of operators.

    Raises:
        ValueError: A kind has one already.
    """

    def register(function: Lowering) -> Lowering:
        for kind in kinds:
            if kind in LOWERINGS:
                raise ValueError(f"{kind} has two functions: {LOWERINGS[kind]} and {function}")
            LOWERINGS[kind] = function
        return function

    return register
