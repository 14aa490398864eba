"""The sidecar `model.json`: one definition of it, for all that write or read one."""

from ..decode import Prediction
from .parts import Accelerator, Golden, ImageInput, TensorFile, Variant, Verdict
from .reading import parse_sidecar, read_sidecar, read_tensor
from .schema import Sidecar, json_schema

__all__ = [
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
