"""Products of matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .activations import activated
from .registry import lowers
from .step import Step

if TYPE_CHECKING:
    from .writer import Order, Writer


@lowers("FULLY_CONNECTED")
def fully_connected(writer: Writer, step: Step) -> None:
    """Write a product with weights [outputs, inputs]: Gemm of matrices, MatMul of more axes.

    An operator that does not keep the axes makes a matrix of its input first.
    """
    x, weights = step.x, step.inputs[1]
    bias = step.inputs[2] if len(step.inputs) > 2 else -1
    read = writer.shape(weights)[1]
    name = writer.name(step.y)
    if writer.rank(x) != writer.rank(step.y) or writer.shape(x)[-1] != read:
        matrix = writer.node("Reshape", [writer.flat(x), writer.integers([-1, read])], name)
        value = _gemm(writer, matrix, weights, bias, name)
        if writer.rank(step.y) != 2:
            target = writer.integers([-1, *writer.shape(step.y)[1:]])
            value = writer.node("Reshape", [value, target], name)
    elif writer.rank(x) == 2:
        value = _gemm(writer, writer.read(x), weights, bias, name)
    else:
        value = writer.node("MatMul", [writer.read(x), _factor(writer, weights, (1, 0))], name)
        if bias >= 0:
            value = writer.node("Add", [value, writer.weights(bias, (0,), "bias")], name)
    writer.write(step.y, activated(writer, step, value))


def _gemm(writer: Writer, matrix: str, weights: int, bias: int, name: str) -> str:
    inputs = [matrix, _factor(writer, weights, (0, 1))]
    inputs += [writer.weights(bias, (0,), "bias")] if bias >= 0 else []
    return writer.node("Gemm", inputs, name, transB=1)


def _factor(writer: Writer, tensor: int, order: Order) -> str:
    """Give a factor of a product: weights where it is a constant."""
    give = writer.weights if writer.is_constant(tensor) else writer.read
    return give(tensor, order)


@lowers("BATCH_MATMUL")
def batch_matmul(writer: Writer, step: Step) -> None:
    """Write a product of two tensors, each of which may be given with its last axes swapped."""
    flags = step.options.adjX, step.options.adjY
    inputs = []
    for tensor, swapped in zip(step.inputs, flags, strict=True):
        *batch, rows, columns = writer.identity(tensor)
        last = (columns, rows) if swapped else (rows, columns)
        inputs.append(_factor(writer, tensor, (*batch, *last)))
    writer.write(step.y, writer.node("MatMul", inputs, writer.name(step.y)))
