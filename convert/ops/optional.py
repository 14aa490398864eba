"""Values that may be absent, where the file itself says whether they are."""

from __future__ import annotations

import numpy as np

from ..layout.refused import Refused
from ..layout.tensors import AnyValue, Constant
from ..lowering.registry import op


@op("Optional", ignore=["type"])
def optional(x: AnyValue | None = None) -> AnyValue:
    """The value that may be absent, where it is there."""
    if x is None:
        raise Refused("it holds no element", "export the model with the value given")
    return x


@op("OptionalHasElement")
def optional_has_element(x: AnyValue | None = None) -> AnyValue:
    """Whether there is a value: known at conversion time."""
    return Constant(np.asarray(x is not None))


@op("OptionalGetElement")
def optional_get_element(x: AnyValue | None) -> AnyValue:
    """The value that is there."""
    if x is None:
        raise Refused("there is no element to get", "export the model with the value given")
    return x
