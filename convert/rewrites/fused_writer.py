"""Writes standard nodes in the place of a fused one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir

from decant.graph.edit import new_constant, new_outputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

Maybe = ir.Value | None


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes standard nodes in front of a fused one, whose inputs and attributes it reads."""

    node: ir.Node

    def input(self, index: int) -> Maybe:
        """Give an input; None if it is left out."""
        return self.node.inputs[index] if index < len(self.node.inputs) else None

    def given(self, index: int) -> ir.Value:
        """Give an input that the operator needs."""
        value = self.input(index)
        assert value is not None
        return value

    def attribute(self, name: str, default: Any = None) -> Any:
        """Give an attribute, or what the operator takes without it."""
        own = self.node.attributes.get(name)
        return default if own is None else own.value

    def reads_only(self, count: int) -> bool:
        """Whether all inputs from an index on are left out."""
        return all(value is None for value in self.node.inputs[count:])

    def gives_only(self, *outputs: int) -> bool:
        """Whether nobody reads other outputs than these."""
        others = (v for at, v in enumerate(self.node.outputs) if at not in outputs)
        return not any(value.uses() or value.is_graph_output() for value in others)

    def write(self, op_type: str, *inputs: Maybe, **attributes: Any) -> ir.Value:
        """Write a node whose output has the type of its first input."""
        first = next(value for value in inputs if value is not None)
        return new_outputs(self.node, op_type, inputs, attributes, like=first)[0]

    def cast(self, x: ir.Value, to: ir.DataType) -> ir.Value:
        """Write a change of type."""
        y = self.write("Cast", x, to=int(to))
        y.type = ir.TensorType(to)
        return y

    def constant(self, array: NDArray[Any] | list[int], what: str) -> ir.Value:
        """Add a constant; whole numbers are int64."""
        graph: Any = self.node.graph
        return new_constant(graph, np.asarray(array), f"{self.node.outputs[0].name}/{what}")

    def number(self, value: float, like: ir.Value) -> ir.Value:
        """Add a number of the type of a value."""
        assert like.dtype is not None
        return self.constant(np.array(value, like.dtype.numpy()), "number")

    def sum(self, *terms: Maybe) -> ir.Value:
        """Write the sum of those terms that there are."""
        first, *others = (term for term in terms if term is not None)
        for term in others:
            first = self.write("Add", first, term)
        return first

    def scaled(self, x: ir.Value, factor: float) -> ir.Value:
        """Write x times a number, if that is not one."""
        return x if factor == 1.0 else self.write("Mul", x, self.number(factor, x))

    def has_known_activation(self) -> bool:
        """Whether there is an operator for the activation that the attributes name."""
        kind = self.attribute("activation", "")
        if kind == "Clip":
            return len(self.attribute("activation_params", ())) == 2
        return kind == "" or kind in ACTIVATIONS

    def activated(self, x: ir.Value) -> ir.Value:
        """Write the activation that the attributes name, which is known."""
        kind = self.attribute("activation", "")
        numbers = self.attribute("activation_params", ())
        if kind == "":
            return x
        if kind == "Clip":
            return self.write("Clip", x, *(self.number(number, x) for number in numbers))
        return self.write(kind, x, **dict(zip(ACTIVATIONS[kind], numbers, strict=False)))


ACTIVATIONS = {
    "Relu": (),
    "Sigmoid": (),
    "Tanh": (),
    "LeakyRelu": ("alpha",),
    "HardSigmoid": ("alpha", "beta"),
}
"""What a fused convolution may end in → what its parameters are called."""
