"""The ops decant emits, one module per family; importing this registers all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lowering.registry import registered
from . import (  # noqa: F401
    activation,
    bits,
    categories,
    classical,
    control,
    convolution,
    deformable,
    detection,
    drawing,
    filling,
    hyperbolic,
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
    recurrent_quantized,
    reduction,
    resize,
    sampling,
    scattering,
    shape,
    spectral,
    svm,
    trees,
    unique,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..lowering.registry import Key, Lowering


def built_in() -> Mapping[Key, Lowering]:
    """All ops that decant emits itself."""
    return registered()
