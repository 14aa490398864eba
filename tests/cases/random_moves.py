"""Arithmetic and movement, added to a random graph; None where something does not fit."""

from __future__ import annotations

import math

import numpy as np
from onnx import TensorProto
from random_values import MOST_ELEMENTS, Drawn, Graph, free_axes


def unary(g: Graph, x: Drawn) -> Drawn:
    return g.node(
        g.pick("Relu", "Sigmoid", "Tanh", "Neg", "Abs", "Identity", "Softsign"), [x], x.shape
    )


def with_constant(g: Graph, x: Drawn) -> Drawn:
    op = g.pick("Add", "Mul", "Sub")
    rank = len(x.shape)
    known = [size if i not in free_axes(g, x) else 1 for i, size in enumerate(x.shape)]
    shapes = [(), (1,)]
    if rank:
        shapes.append((known[-1],))
        shapes.append(tuple(n if g.chance(0.5) else 1 for n in known))
        shapes.append((1, *(n if g.chance(0.5) else 1 for n in known)))
    shape = g.pick(*shapes)
    other = g.normal(*shape)
    wide = (1, *x.shape) if len(shape) > rank else x.shape
    pair = [x, other] if g.chance(0.7) else [other, x]
    return g.node(op, pair, wide)


def transpose(g: Graph, x: Drawn) -> Drawn | None:
    if len(x.shape) < 2:
        return None
    perm = [int(i) for i in g.rng.permutation(len(x.shape))]
    return g.node("Transpose", [x], [x.shape[i] for i in perm], perm=perm)


def reshape(g: Graph, x: Drawn) -> Drawn | None:
    """Merge, split or keep axes, in the ways that exporters write: 0, -1, numbers."""
    if not x.shape or math.prod(x.shape) == 0:
        return None
    return g.pick(merged, halved, rows, flattened, whole, by_its_shape)(g, x)


def flattened(g: Graph, x: Drawn) -> Drawn:
    axis = int(g.rng.integers(0, len(x.shape) + 1))
    shape = (math.prod(x.shape[:axis]), math.prod(x.shape[axis:]))
    return g.node("Flatten", [x], shape, axis=axis)


def whole(g: Graph, x: Drawn) -> Drawn:
    target = g.pick([-1], [1, -1], [-1, 1])
    shape = [math.prod(x.shape) if n == -1 else n for n in target]
    return g.node("Reshape", [x, g.ints(*target)], shape)


def rows(g: Graph, x: Drawn) -> Drawn | None:
    if len(x.shape) < 2 or len(x.shape) - 1 in free_axes(g, x):
        return None
    shape = (math.prod(x.shape[:-1]), x.shape[-1])
    return g.node("Reshape", [x, g.ints(-1, x.shape[-1])], shape)


def merged(g: Graph, x: Drawn) -> Drawn | None:
    """Join two axes that follow each other."""
    rank = len(x.shape)
    if rank < 2:
        return None
    at = int(g.rng.integers(0, rank - 1))
    after = range(at + 2, rank)
    if free_axes(g, x) & set(after):
        return None
    shape = (*x.shape[:at], x.shape[at] * x.shape[at + 1], *x.shape[at + 2 :])
    target = [0] * at + [-1] + [x.shape[i] for i in after]
    return g.node("Reshape", [x, g.ints(*target)], shape)


def halved(g: Graph, x: Drawn) -> Drawn | None:
    """Split an axis of even size."""
    free, rank = free_axes(g, x), len(x.shape)
    even = [i for i in range(rank) if i not in free and x.shape[i] % 2 == 0 and x.shape[i] > 2]
    even = [at for at in even if not free & set(range(at + 1, rank))]
    if not even:
        return None
    at = g.pick(*even)
    shape = (*x.shape[:at], 2, x.shape[at] // 2, *x.shape[at + 1 :])
    target = [0 if i < at and i in free | {0} else n for i, n in enumerate(shape)]
    if g.chance(0.3):
        target[at] = -1
    return g.node("Reshape", [x, g.ints(*target)], shape)


def by_its_shape(g: Graph, x: Drawn) -> Drawn:
    """Flatten as `x.view(x.size(0), -1)` is exported."""
    sizes = g.node("Shape", [x], (len(x.shape),))
    first = g.node("Gather", [sizes, g.ints(0)], (1,), axis=0)
    target = g.node("Concat", [first, g.ints(-1)], (2,), axis=0)
    return g.node("Reshape", [x, target], (x.shape[0], math.prod(x.shape[1:])))


def squeezed(g: Graph, x: Drawn) -> Drawn | None:
    rank = len(x.shape)
    single = [i for i in range(rank) if x.shape[i] == 1]
    if single and g.chance(0.5):
        at = g.pick(*single)
        return g.node("Squeeze", [x, g.ints(at)], (*x.shape[:at], *x.shape[at + 1 :]))
    if rank > 4:
        return None
    at = int(g.rng.integers(0, rank + 1))
    return g.node("Unsqueeze", [x, g.ints(at)], (*x.shape[:at], 1, *x.shape[at:]))


def sliced(g: Graph, x: Drawn) -> Drawn | None:
    free = free_axes(g, x)
    axes = [i for i in range(len(x.shape)) if i not in free and x.shape[i] > 1]
    if not axes:
        return None
    at = g.pick(*axes)
    size = x.shape[at]
    kind = g.pick("slice", "gather", "split", "empty")
    if kind == "gather":
        index = g.pick(0, [0, size - 1], [-1], list(range(size - 1, -1, -1)))
        shape = (*x.shape[:at], *np.shape(index), *x.shape[at + 1 :])
        return g.node("Gather", [x, g.weight(np.array(index))], shape, axis=at)
    if kind == "split" and size % 2 == 0:
        half = (*x.shape[:at], size // 2, *x.shape[at + 1 :])
        first = g.node("Split", [x, g.ints(size // 2, size // 2)], half, outputs=2, axis=at)
        return Drawn(g.pick(first.name, f"{first.name}_1"), half)
    if kind == "empty" and g.chance(0.5):
        shape = (*x.shape[:at], 0, *x.shape[at + 1 :])
        inputs = [x, g.ints(1), g.ints(1), g.ints(at)]
        nothing = g.node("Slice", inputs, shape)
        return g.node("Concat", [nothing, x], x.shape, axis=at)
    start, end, step = int(g.rng.integers(0, size - 1)), size, g.pick(1, 1, 2, -1)
    picked = range(size)[start:end:step] if step > 0 else range(size)[end:start:step]
    if not len(picked):
        return None
    shape = (*x.shape[:at], len(picked), *x.shape[at + 1 :])
    ends = (start, 2**31 - 1) if step > 0 else (-1, start)
    return g.node("Slice", [x, g.ints(ends[0]), g.ints(ends[1]), g.ints(at), g.ints(step)], shape)


def padded(g: Graph, x: Drawn) -> Drawn | None:
    free = free_axes(g, x)
    rank = len(x.shape)
    if not rank or len(free) == rank:
        return None
    pads = [
        int(g.rng.integers(0, 3)) if i % rank not in free and x.shape[i % rank] > 2 else 0
        for i in range(2 * rank)
    ]
    shape = [n + pads[i] + pads[rank + i] for i, n in enumerate(x.shape)]
    mode = g.pick("constant", "reflect", "edge")
    return g.node("Pad", [x, g.ints(*pads)], shape, mode=mode)


def reduced(g: Graph, x: Drawn) -> Drawn | None:
    rank = len(x.shape)
    if not rank:
        return None
    axes = sorted({int(g.rng.integers(0, rank)) for _ in range(int(g.rng.integers(1, 3)))})
    keep = g.pick(0, 1)
    shape = [1 if i in axes else n for i, n in enumerate(x.shape) if keep or i not in axes]
    op = g.pick("ReduceMean", "ReduceSum", "ReduceMax", "ReduceL2")
    negative = [i - rank if g.chance(0.3) else i for i in axes]
    if g.opset >= 18 or op == "ReduceSum":
        return g.node(op, [x, g.ints(*negative)], shape, keepdims=keep)
    return g.node(op, [x], shape, axes=negative, keepdims=keep)


def softmax(g: Graph, x: Drawn) -> Drawn | None:
    if not x.shape:
        return None
    return g.node("Softmax", [x], x.shape, axis=int(g.rng.integers(-len(x.shape), len(x.shape))))


def repeated(g: Graph, x: Drawn) -> Drawn | None:
    if not x.shape or math.prod(x.shape) > MOST_ELEMENTS // 4:
        return None
    free = free_axes(g, x)
    single = [i for i, n in enumerate(x.shape) if n == 1]
    if single and g.chance(0.5):
        at = g.pick(*single)
        target = [3 if i == at else 1 for i in range(len(x.shape))]
        return g.node(
            "Expand",
            [x, g.ints(*target)],
            [max(a, b) for a, b in zip(x.shape, target, strict=True)],
        )
    times = [2 if i not in free and g.chance(0.3) else 1 for i in range(len(x.shape))]
    shape = [n * t for n, t in zip(x.shape, times, strict=True)]
    return g.node("Tile", [x, g.ints(*times)], shape)


def cast(g: Graph, x: Drawn) -> Drawn:
    kind = g.pick(TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL, TensorProto.DOUBLE)
    there = g.node("Cast", [x], x.shape, to=kind)
    return g.node("Cast", [there], x.shape, to=TensorProto.FLOAT)


def joined(g: Graph, x: Drawn, others: list[Drawn]) -> Drawn | None:
    alike = [o for o in others if len(o.shape) == len(x.shape) and x.shape]
    same = [o for o in alike if o.shape == x.shape]
    if same and g.chance(0.5):
        return g.node(g.pick("Add", "Mul", "Max"), [x, g.pick(*same)], x.shape)
    for axis in g.rng.permutation(len(x.shape)):
        fitting = [o for o in alike if all(
            a == b for i, (a, b) in enumerate(zip(x.shape, o.shape, strict=True)) if i != axis
        )]  # fmt: skip
        if fitting:
            other = g.pick(*fitting)
            shape = list(x.shape)
            shape[axis] += other.shape[axis]
            return g.node("Concat", [x, other], shape, axis=int(axis))
    return None


def product(g: Graph, x: Drawn, others: list[Drawn]) -> Drawn | None:
    if len(x.shape) < 2 or x.shape[-1] > 2000:
        return None
    fitting = [o for o in others if len(o.shape) == len(x.shape)
               and o.shape[:-2] == x.shape[:-2] and o.shape[-1] == x.shape[-1]]  # fmt: skip
    if fitting and g.chance(0.3):
        other = g.pick(*fitting)
        perm = [*range(len(x.shape) - 2), len(x.shape) - 1, len(x.shape) - 2]
        turned = g.node("Transpose", [other], [other.shape[i] for i in perm], perm=perm)
        return g.node("MatMul", [x, turned], (*x.shape[:-1], other.shape[-2]))
    if len(x.shape) - 1 in free_axes(g, x):
        return None
    columns = int(g.rng.integers(1, 7))
    if len(x.shape) == 2 and g.chance(0.6):
        turned = g.pick(0, 1)
        kernel = (columns, x.shape[1]) if turned else (x.shape[1], columns)
        bias = [g.normal(*g.pick((columns,), (1, columns), (1,)))] if g.chance(0.6) else []
        return g.node("Gemm", [x, g.normal(*kernel), *bias], (x.shape[0], columns), transB=turned)
    return g.node("MatMul", [x, g.normal(x.shape[-1], columns)], (*x.shape[:-1], columns))


ALONE = (unary, unary, with_constant, transpose, reshape, reshape, reshape, squeezed, sliced,
         padded, reduced, softmax, repeated, cast)  # fmt: skip
TOGETHER = (joined, joined, product, product)
