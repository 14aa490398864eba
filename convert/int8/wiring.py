"""Who makes and who reads the tensors of a file, and how their integers are scaled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .names import STEP

if TYPE_CHECKING:
    from decant.flatbuffer import Graph

INT8 = np.dtype(np.int8)
UINT8 = np.dtype(np.uint8)
SIGN_BIT = 128
"""What uint8 is ahead of int8."""


class NoKernel(Exception):
    """TFLite has no kernel for what a marker says; the network has to be emitted without markers.

    The message says where and why.
    """


@dataclass(frozen=True, slots=True)
class Parameters:
    """How the integers of a tensor stand for numbers: (integer - zero_point) scale."""

    scale: float
    zero_point: int

    def quantized(self, array: Any) -> Any:
        """Integers of floats, int8."""
        scaled = np.rint(np.asarray(array, np.float32) / np.float32(self.scale)) + self.zero_point
        return np.clip(scaled, -128, 127).astype(np.int8)


def parameters(graph: Graph, tensor: int) -> Parameters | None:
    """The scale and zero point of a tensor that has one of each."""
    scale = graph.scale(tensor)
    if scale is None:
        return None
    return Parameters(scale, int(graph.subgraph.tensors[tensor].quantization.zeroPoint[0]))


def set_parameters(graph: Graph, tensor: int, of: Parameters) -> None:
    """Give a tensor one scale and zero point."""
    graph.set_scales(tensor, [of.scale], [of.zero_point])


def int8_like(graph: Graph, tensor: int, of: Parameters) -> int:
    """Declare an int8 tensor of the shape of another."""
    made = graph.add_tensor(f"{graph.name(tensor)}{STEP}", graph.shape(tensor), INT8)
    graph.copy_shape(graph, tensor, made)
    set_parameters(graph, made, of)
    return made


def dequantized(graph: Graph) -> dict[int, int]:
    """Map what each DEQUANTIZE makes of int8 to what it reads."""
    return {
        int(op.outputs[0]): int(op.inputs[0])
        for op in graph.operators
        if graph.kind(op) == "DEQUANTIZE" and graph.is_int8(int(op.inputs[0]))
    }


def sole_quantize(graph: Graph, tensor: int, readers: dict[int, list[Any]]) -> Any | None:
    """The QUANTIZE to int8 that alone reads a float tensor, if that is so."""
    reading = readers.get(tensor, [])
    if len(reading) != 1 or tensor in graph.outputs or graph.kind(reading[0]) != "QUANTIZE":
        return None
    return reading[0] if graph.is_int8(int(reading[0].outputs[0])) else None


def drop_unread(graph: Graph) -> None:
    """Remove operators that nothing reads, the last first."""
    while True:
        read = {*graph.readers(), *graph.outputs}
        kept = [op for op in graph.operators if read.intersection(int(i) for i in op.outputs)]
        if len(kept) == len(graph.operators):
            return
        graph.subgraph.operators = kept
