"""The ops decant emits, one module per family; importing this registers all of them."""

from . import (  # noqa: F401
    activation,
    convolution,
    filling,
    indexing,
    linear,
    normalization,
    pointwise,
    pooling,
    quantized,
    recurrent,
    reduction,
    resize,
    sampling,
    shape,
)
