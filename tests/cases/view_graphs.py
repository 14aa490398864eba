"""Random ONNX graphs of ops that reorder, split, join, cut and mix axes."""

from __future__ import annotations

import math

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZES = (1, 2, 3, 4, 6)
RECENT = 3  # how far back an op reaches for its input, so that graphs become deep
MOST_ELEMENTS = 3000
MOST_AXES = 5


def random_model(seed: int) -> onnx.ModelProto:
    """A valid model of one input "x"; every value that nothing reads is an output."""
    graph = _Graph(np.random.default_rng(seed))
    for _ in range(graph.random.integers(4, 10)):
        graph.grow()
    return graph.model()


class _Graph:
    """A graph that grows by one op at a time."""

    def __init__(self, random: np.random.Generator) -> None:
        self.random = random
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        rank = random.integers(3, 5)
        self.shapes = {"x": tuple(int(size) for size in random.choice(SIZES, rank))}
        self.ops = (
            *[self.transpose] * 3,
            *[self.reshape] * 2,
            *(self.slice, self.split, self.gather, self.concat, self.pad, self.tile),
            *(self.scale, self.add, self.mean, self.softmax, self.linear, self.product),
        )

    def grow(self) -> None:
        """Add an op on a recent value, if it finds what it needs."""
        recent = list(self.shapes)[-RECENT:]
        self.ops[self.random.integers(len(self.ops))](self.pick(recent))

    def model(self) -> onnx.ModelProto:
        """The graph as it stands."""
        read = {name for node in self.nodes for name in node.input}
        results = [name for name in self.shapes if name not in read and name != "x"]
        graph = helper.make_graph(
            self.nodes,
            "views",
            [self.info("x")],
            [self.info(name) for name in results],
            self.constants,
        )
        opsets = [helper.make_opsetid("", 18)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9)

    def info(self, name: str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, self.shapes[name])

    def pick(self, items):
        return items[self.random.integers(len(items))]

    def axis(self, x: str) -> int:
        return int(self.random.integers(len(self.shapes[x])))

    def constant(self, array) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def emit(self, op: str, inputs, *shapes, **attributes) -> None:
        """Add a node with outputs of these shapes, unless they are too large."""
        if any(math.prod(s) > MOST_ELEMENTS or len(s) > MOST_AXES or not s for s in shapes):
            return
        names = [f"v{len(self.shapes) + i}" for i in range(len(shapes))]
        self.nodes.append(helper.make_node(op, inputs, names, **attributes))
        self.shapes.update(zip(names, (tuple(map(int, s)) for s in shapes), strict=True))

    def transpose(self, x: str) -> None:
        perm = [int(axis) for axis in self.random.permutation(len(self.shapes[x]))]
        self.emit("Transpose", [x], [self.shapes[x][axis] for axis in perm], perm=perm)

    def reshape(self, x: str) -> None:
        """Into random factors of the element count, some of them one."""
        rest, shape = math.prod(self.shapes[x]), []
        while rest > 1:
            shape.append(int(self.pick([d for d in range(2, rest + 1) if rest % d == 0])))
            rest //= shape[-1]
        if self.random.random() < 0.3 or not shape:
            shape.insert(int(self.random.integers(len(shape) + 1)), 1)
        self.emit("Reshape", [x, self.constant(np.array(shape))], shape)

    def resized(self, x: str, axis: int, size: int):
        return (*self.shapes[x][:axis], size, *self.shapes[x][axis + 1 :])

    def slice(self, x: str) -> None:
        """A stretch, every other element, or all of them backwards."""
        axis = self.axis(x)
        size = self.shapes[x][axis]
        start = int(self.random.integers(size))
        stop = int(self.random.integers(start, size)) + 1
        step = int(self.pick([1, 1, 2, -1]))
        if step < 0:
            start, stop = size - 1, -size - 1
        limits = [self.constant(np.array([n])) for n in (start, stop, axis, step)]
        kept = size if step < 0 else len(range(start, stop, step))
        self.emit("Slice", [x, *limits], self.resized(x, axis, kept))

    def split(self, x: str) -> None:
        axis = self.axis(x)
        size = self.shapes[x][axis]
        if size < 2:
            return
        border = int(self.random.integers(1, size))
        sizes = self.constant(np.array([border, size - border]))
        parts = [self.resized(x, axis, part) for part in (border, size - border)]
        self.emit("Split", [x, sizes], *parts, axis=axis)

    def gather(self, x: str) -> None:
        axis = self.axis(x)
        indices = self.random.integers(self.shapes[x][axis], size=self.random.integers(1, 4))
        indices = self.pick([indices, indices[0]])
        shape = (*self.shapes[x][:axis], *np.shape(indices), *self.shapes[x][axis + 1 :])
        self.emit("Gather", [x, self.constant(indices)], shape, axis=axis)

    def concat(self, x: str) -> None:
        """With a value that differs on one axis at most."""
        shape = self.shapes[x]
        alike = {
            name: [axis for axis, size in enumerate(other) if size != shape[axis]]
            for name, other in self.shapes.items()
            if len(other) == len(shape)
        }
        name = self.pick([name for name, differing in alike.items() if len(differing) < 2])
        axis = (alike[name] or [self.axis(x)])[0]
        joined = self.resized(x, axis, shape[axis] + self.shapes[name][axis])
        self.emit("Concat", [x, name], joined, axis=axis)

    def pad(self, x: str) -> None:
        rank = len(self.shapes[x])
        pads = self.random.integers(0, 2, size=2 * rank)
        shape = np.array(self.shapes[x]) + pads[:rank] + pads[rank:]
        self.emit("Pad", [x, self.constant(pads)], tuple(shape))

    def tile(self, x: str) -> None:
        repeats = self.random.integers(1, 3, size=len(self.shapes[x]))
        shape = np.array(self.shapes[x]) * repeats
        self.emit("Tile", [x, self.constant(repeats)], tuple(shape))

    def scale(self, x: str) -> None:
        """By constants along some of the last axes."""
        last = self.shapes[x][self.axis(x) :]
        shape = [int(self.pick([size, 1])) for size in last]
        numbers = self.random.standard_normal(shape).astype(np.float32)
        self.emit("Mul", [x, self.constant(numbers)], self.shapes[x])

    def add(self, x: str) -> None:
        """A value that broadcasts, in either direction."""
        fitting = [name for name in self.shapes if _broadcast(self.shapes[x], self.shapes[name])]
        other = self.pick(fitting)
        self.emit("Add", [x, other], np.broadcast_shapes(self.shapes[x], self.shapes[other]))

    def mean(self, x: str) -> None:
        axis, keep = self.axis(x), int(self.random.integers(2))
        kept = [1] if keep else []
        shape = (*self.shapes[x][:axis], *kept, *self.shapes[x][axis + 1 :])
        axes = self.constant(np.array([axis]))
        self.emit("ReduceMean", [x, axes], shape, keepdims=keep)

    def softmax(self, x: str) -> None:
        self.emit("Softmax", [x], self.shapes[x], axis=self.axis(x))

    def linear(self, x: str) -> None:
        *lead, size = self.shapes[x]
        wanted = int(self.random.integers(1, 6))
        matrix = self.random.standard_normal((size, wanted)).astype(np.float32)
        self.emit("MatMul", [x, self.constant(matrix)], (*lead, wanted))

    def product(self, x: str) -> None:
        """With a value whose rows fit and whose batch broadcasts."""
        shape = self.shapes[x]
        fitting = [
            name
            for name, other in self.shapes.items()
            if min(len(shape), len(other)) > 1
            and other[-2] == shape[-1]
            and _broadcast(shape[:-2], other[:-2])
        ]
        if fitting:
            other = self.pick(fitting)
            batch = np.broadcast_shapes(shape[:-2], self.shapes[other][:-2])
            self.emit("MatMul", [x, other], (*batch, shape[-2], self.shapes[other][-1]))


def _broadcast(one, other) -> bool:
    pairs = zip(reversed(one), reversed(other), strict=False)
    return all(a == b or 1 in (a, b) for a, b in pairs)
