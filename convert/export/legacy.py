"""PyTorch to ONNX by torch.onnx's older exporter, which records one run in place of the program."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import onnx
import onnx_ir as ir
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from decant.artifacts import scratch_folder
from decant.errors import UnsupportedOp
from decant.isolation import captured_noise

from .silence_torch import first_line, silence_torch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .pytorch import TensorsOnly

DECIDED_BY_VALUES = "Converting a tensor to a Python"


def recorded(
    wrapped: TensorsOnly,
    example: Mapping[str, torch.Tensor],
    free_sizes: Mapping[str, Mapping[int, str]],
    opset: int,
) -> ir.Model:
    """Record a run of the module.

    What it does outside PyTorch's operators, such as in NumPy, is recorded as constants unless an
    `autograd.Function` gives its `symbolic`. Runs on two inputs show that.

    Raises:
        UnsupportedOp: That fails, or froze what other inputs change.
    """
    other = {name: _varied(tensor) for name, tensor in example.items()}
    try:
        with captured_noise(1, 2):
            first, second = (
                _record(wrapped, inputs, free_sizes, opset) for inputs in (example, other)
            )
    except Exception as error:
        raise UnsupportedOp(f"torch.onnx's older exporter fails: {first_line(error)}") from error
    if first != second:
        raise UnsupportedOp("torch.onnx's older exporter takes what it computes for constants")
    return ir.serde.deserialize_model(onnx.load_model_from_string(first))


def _record(
    wrapped: TensorsOnly,
    example: Mapping[str, torch.Tensor],
    free_sizes: Mapping[str, Mapping[int, str]],
    opset: int,
) -> bytes:
    with scratch_folder("decant-export-") as folder, silence_torch(), sdpa_kernel(SDPBackend.MATH):
        file = folder / "net.onnx"
        warnings.filterwarnings("error", DECIDED_BY_VALUES)
        torch.onnx.export(
            wrapped,
            tuple(example.values()),
            file,
            dynamo=False,
            opset_version=opset,
            input_names=list(example),
            dynamic_axes={name: dict(axes) for name, axes in free_sizes.items()},
        )
        return file.read_bytes()


def _varied(tensor: torch.Tensor) -> torch.Tensor:
    """Make another input of the same kind: floats get noise, anything else is reversed."""
    if not tensor.is_floating_point():
        return tensor.flip(0) if tensor.ndim else tensor
    noise = torch.randn(tensor.shape, generator=torch.Generator().manual_seed(0))
    return tensor + noise.to(tensor.dtype)
