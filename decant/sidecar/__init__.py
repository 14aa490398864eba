"""The sidecar `model.json`: one definition of it, for all that write or read one."""

from .reading import parse_sidecar, read_sidecar, read_tensor
from .schema import (
    NAME,
    SCHEMA,
    Accelerator,
    Golden,
    ImageInput,
    Prediction,
    Sidecar,
    TensorFile,
    Variant,
    Verdict,
    json_schema,
)

__all__ = [
    "NAME",
    "SCHEMA",
    "Accelerator",
    "Golden",
    "ImageInput",
    "Prediction",
    "Sidecar",
    "TensorFile",
    "Variant",
    "Verdict",
    "json_schema",
    "parse_sidecar",
    "read_sidecar",
    "read_tensor",
]
