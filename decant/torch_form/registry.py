"""The table of kernels: how each kind of TFLite operator is computed with torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Kernel = Callable[..., Any]
"""Called with the schema's options object (None where the file has none) and the values read in
their order (None for one that is left out); gives the value written, or a sequence of several."""

K = TypeVar("K", bound=Kernel)

KERNELS: dict[str, Kernel] = {}


def kernel(*kinds: str) -> Callable[[K], K]:
    """Register a function for kinds of operators, by the schema's names; a twin raises."""

    def register(function: K) -> K:
        for kind in kinds:
            if kind in KERNELS:
                raise ValueError(f"{kind} has two kernels")
            KERNELS[kind] = function
        return function

    return register


def option(options: Any, name: str, default: Any) -> Any:
    """Read an option that older files lack, or that a whole options object is missing of."""
    value = getattr(options, name, None)
    return default if value is None else value
