"""A small ONNX graph under construction, and the values in it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import helper, numpy_helper

MOST_ELEMENTS = 200_000


@dataclass
class Drawn:
    """A value of the graph: its name and the sizes that it has when free ones are as above."""

    name: str
    shape: tuple[int, ...]


@dataclass
class Graph:
    """A graph under construction."""

    rng: np.random.Generator
    opset: int
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: list[onnx.TensorProto] = field(default_factory=list)
    inputs: list[onnx.ValueInfoProto] = field(default_factory=list)
    sizes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    free: set[int] = field(default_factory=set)
    free_of: dict[str, set[int]] = field(default_factory=dict)

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def pick(self, *choices):
        return choices[int(self.rng.integers(len(choices)))]

    def weight(self, array) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def normal(self, *shape) -> str:
        return self.weight((self.rng.normal(size=shape) * 0.5).astype(np.float32))

    def ints(self, *values) -> str:
        return self.weight(np.array(values, np.int64))

    def node(self, op: str, inputs, shape, outputs: int = 1, **attributes) -> Drawn:
        name = f"{op.lower()}{len(self.nodes)}"
        made = [name] + [f"{name}_{i}" for i in range(1, outputs)]
        names = [x.name if isinstance(x, Drawn) else x for x in inputs]
        self.nodes.append(helper.make_node(op, names, made, name=f"node_{name}", **attributes))
        return Drawn(name, tuple(shape))


def free_axes(g: Graph, x: Drawn) -> set[int]:
    """Axes that may be free, told by sizes that only those have."""
    return {i for i, size in enumerate(x.shape) if size in g.free}


def spatial(x: Drawn) -> int:
    """How many spatial axes a value [N, C, ...] has; 0 for others."""
    return len(x.shape) - 2 if 3 <= len(x.shape) <= 5 and min(x.shape) > 0 else 0
