"""The ops decant emits, one module per family; importing this registers all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lowering.registry import registered, registered_by
from . import (  # noqa: F401
    activation,
    bits,
    classical,
    control,
    convolution,
    deformable,
    detection,
    drawing,
    filling,
    indexing,
    linear,
    linear_attention,
    ngrams,
    normalization,
    optional,
    pointwise,
    pooling,
    quantized,
    recurrent,
    reduction,
    resize,
    sampling,
    scattering,
    shape,
    spectral,
    trees,
    unique,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from ..lowering.registry import Key, Lowering


def built_in() -> Mapping[Key, Lowering]:
    """All ops that decant emits itself."""
    return registered()


def with_operators(files: Iterable[Path | str]) -> Mapping[Key, Lowering]:
    """All ops, with those that the user's own files register.

    Raises:
        DataError: If a file is missing, or registers no op.
        SpecError: If a file raises anything when it is run.
    """
    return {**built_in(), **registered_by(files)}
