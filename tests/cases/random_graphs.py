"""Small valid ONNX graphs, drawn at random: free, stated and wrongly stated sizes, 1-D to 3-D.

The sizes that stand for free axes here are those that decant tries first, so that it can run what
is drawn; ONNX Runtime has run every graph that `drawn` returns.
"""

from __future__ import annotations

import math

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from random_layers import LAYERS
from random_moves import ALONE, TOGETHER
from random_values import MOST_ELEMENTS, Drawn, Graph, free_axes

BATCH = 2
LENGTH = 12
PLANE = (64, 96)
VOLUME = (16, 24, 32)
CHANNELS = (1, 3, 4, 5, 6, 8)  # none that a free size has
FIXED = {1: (9,), 2: (6, 10), 3: (5, 6, 7)}
OPSETS = (13, 17, 18, 20)


def stated(g: Graph, shape, free: set[int], prefix: str) -> list:
    """How the file states a shape: free sizes by name, by -1 or not at all."""
    style = g.pick("name", "name", "minus", "nothing")
    names = {0: "batch"}
    return [
        size if i not in free
        else {"name": names.get(i, f"{prefix}{i}"), "minus": -1, "nothing": None}[style]
        for i, size in enumerate(shape)
    ]  # fmt: skip


def entered(g: Graph, number: int, like: Drawn | None) -> Drawn:
    """Add an input: of the kind of another one, so that both can meet, or of any."""
    if like is not None and g.chance(0.7):
        shape, free = list(like.shape), set(g.free_of[like.name])
        if len(shape) > 1 and 1 not in free and g.chance(0.3):
            shape[1] = g.pick(*CHANNELS)
    else:
        shape, free = _any_shape(g)
    name = f"x{number}"
    sizes = stated(g, shape, free, f"{name}_")
    g.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes))
    g.sizes[name], g.free_of[name] = tuple(shape), free
    return Drawn(name, tuple(shape))


def _any_shape(g: Graph) -> tuple[list[int], set[int]]:
    """Sizes of [N, C, ...], and now and then [N, T, C], with the axes that are free."""
    rank = g.pick(2, 3, 3, 4, 4, 5)
    width, free = {2: (), 3: FIXED[1], 4: FIXED[2], 5: FIXED[3]}[rank], set()
    if LENGTH in g.free:
        width = {2: (), 3: (LENGTH,), 4: PLANE, 5: VOLUME}[rank]
        free = set(range(2, rank))
    batch = BATCH if BATCH in g.free else g.pick(1, 1, 3)
    free |= {0} if BATCH in g.free else set()
    shape = [batch, g.pick(*CHANNELS), *width]
    if rank == 3 and g.chance(0.3):
        shape[1:] = [shape[2], shape[1]]
        free = {1 if axis == 2 else axis for axis in free}
    return shape, free


def drawn(seed: int) -> onnx.ModelProto | None:
    """Draw a model; None where what was drawn is none that ONNX Runtime computes."""
    rng = np.random.default_rng(seed)
    g = Graph(rng, OPSETS[int(rng.integers(len(OPSETS)))])
    if g.chance(0.6):
        g.free.add(BATCH)
    if g.chance(0.25):
        g.free |= {LENGTH, *PLANE, *VOLUME}
    first = entered(g, 0, None)
    values = [first]
    if g.chance(0.5):
        values.append(entered(g, 1, first))
    for _ in range(int(rng.integers(2, 9))):
        x = values[int(rng.integers(len(values)))] if g.chance(0.25) else values[-1]
        others = [v for v in values if v is not x]
        function = g.pick(*LAYERS, *ALONE, *TOGETHER)
        made = function(g, x, others) if function in TOGETHER else function(g, x)
        if made is not None and len(made.shape) <= 6 and math.prod(made.shape) <= MOST_ELEMENTS:
            values.append(made)
    return _finished(g, values[-1])


def _finished(g: Graph, last: Drawn) -> onnx.ModelProto | None:
    if not g.nodes or last.name in g.sizes or not math.prod(last.shape):
        return None
    shape = [None] * len(last.shape)
    if g.chance(0.3):
        shape = [
            g.pick(-1, 0, "any") if i in free_axes(g, last) else None for i in range(len(shape))
        ]
    output = helper.make_tensor_value_info(last.name, TensorProto.FLOAT, shape)
    graph = helper.make_graph(g.nodes, "drawn", g.inputs, [output], g.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", g.opset)], ir_version=9)
    return model if _runs(model, g) else None


def _runs(model: onnx.ModelProto, g: Graph) -> bool:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    feeds = {
        name: np.random.default_rng(0).normal(size=shape).astype(np.float32)
        for name, shape in g.sizes.items()
    }
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        (result,) = session.run(None, {i.name: feeds[i.name] for i in session.get_inputs()})
    except Exception:  # noqa: BLE001 (onnxruntime's own classes; such a graph is none to convert)
        return False
    return bool(np.isfinite(result).all() and result.size)
