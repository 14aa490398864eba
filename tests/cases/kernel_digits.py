"""Measures how far LiteRT's kernels, as decant uses them, and ONNX Runtime are from float64.

The table in `docs/explanation/parity.md` tells what `python tests/cases/kernel_digits.py` printed.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import scipy.special as special
import torch
from ai_edge_litert.interpreter import Interpreter
from emitted import built

from decant.onnx_runtime import OnnxRuntime

Array = np.ndarray
SMALLEST = float(np.finfo(np.float32).tiny)
ALIKE = 10.0
"""How many times as far as ONNX Runtime a kernel may be without a mark."""
ROUNDING = 6e-8


@dataclass(frozen=True)
class Kernel:
    """One node, what it is fed, and what it computes.

    Attributes:
        name: Of the row.
        operator: ONNX's.
        feeds: What its first inputs are given.
        exact: Takes them, and the constants, as float64.
        constants: Its further inputs.
        attributes: ONNX's.
        of_largest: Whether errors count relative to the largest element, and not to each.
    """

    name: str
    operator: str
    feeds: Sequence[Array]
    exact: Callable[..., Array]
    constants: Sequence[Array] = ()
    attributes: Mapping[str, object] = field(default_factory=dict)
    of_largest: bool = False

    def error(self, result: Array) -> float:
        """The largest relative error, NaN where one is NaN that should not be."""
        exact = self.exact(*(array.astype(np.float64) for array in (*self.feeds, *self.constants)))
        size = np.abs(exact).max() if self.of_largest else np.maximum(np.abs(exact), SMALLEST)
        return float((np.abs(result.astype(np.float64) - exact) / size).max())


def errors(kernels: Sequence[Kernel], folder: Path) -> Iterator[tuple[float, float]]:
    """LiteRT's error and ONNX Runtime's for each kernel; all go into one file."""
    nodes, fed, constants = [], {}, []
    for number, kernel in enumerate(kernels):
        names = [f"x{number}_{i}" for i in range(len(kernel.feeds) + len(kernel.constants))]
        fed |= dict(zip(names, kernel.feeds, strict=False))
        constants += map(onnx.numpy_helper.from_array, kernel.constants, names[len(kernel.feeds) :])
        output = f"y{number}"
        nodes.append(onnx.helper.make_node(kernel.operator, names, [output], **kernel.attributes))
    inputs = [onnx.helper.make_tensor_value_info(n, 1, a.shape) for n, a in fed.items()]
    outputs = [onnx.helper.make_tensor_value_info(n.output[0], 1, None) for n in nodes]
    graph = onnx.helper.make_graph(nodes, "kernels", inputs, outputs, constants)
    opsets = [onnx.helper.make_opsetid("", 21)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=10)
    expected = OnnxRuntime(model.SerializeToString()).run(fed)
    file = built(model, folder, input_layout="keep", output_layout="keep")
    results = Interpreter(model_content=file.data).get_signature_runner()(**fed)
    for node, kernel in zip(nodes, kernels, strict=True):
        (name,) = node.output
        yield kernel.error(results[name]), kernel.error(expected[name])


def _floats(values: object) -> Array:
    return np.asarray(values, np.float32)


def _both_signs(values: Array) -> Array:
    return np.concatenate([values, -values])


TINY = _both_signs(_floats(np.logspace(-30, -1, 300)))
USUAL = _floats(np.linspace(-10, 10, 2001))
WIDE = _floats(np.linspace(-87, 87, 2001))
LARGE = _floats(np.logspace(1, 38, 200))
UNIT = _floats(np.linspace(-1, 1, 2001))
NEAR_ONE = _floats(1 - np.logspace(-7, -1, 200))
EVERYWHERE = {"tiny": TINY, "usual": USUAL, "wide": WIDE}


FUNCTIONS: dict[str, tuple[Callable[[Array], Array], Mapping[str, Array]]] = {
    "Acos": (np.arccos, {"tiny": TINY, "all": UNIT, "near 1": NEAR_ONE}),
    "Acosh": (np.arccosh, {"near 1": 2 - NEAR_ONE, "large": LARGE}),
    "Asin": (np.arcsin, {"tiny": TINY, "all": UNIT, "near 1": NEAR_ONE}),
    "Asinh": (np.arcsinh, {**EVERYWHERE, "large": LARGE}),
    "Atan": (np.arctan, {**EVERYWHERE, "large": LARGE}),
    "Atanh": (np.arctanh, {"tiny": TINY, "all": UNIT[1:-1]}),
    "Cos": (np.cos, {"usual": USUAL, "large": _floats(np.linspace(-1e5, 1e5, 2001))}),
    "Cosh": (np.cosh, {**EVERYWHERE, "large": _floats(np.linspace(88, 89.3, 50))}),
    "Elu": (lambda x: np.where(x > 0, x, np.expm1(x)), EVERYWHERE),
    "Erf": (special.erf, EVERYWHERE),
    "Exp": (np.exp, EVERYWHERE),
    "Gelu": (lambda x: x * special.ndtr(x), {"tiny": TINY, "near 0": USUAL[800:1201]}),
    "Log": (np.log, {"usual": USUAL[1001:], "wide": np.exp(WIDE)}),
    "Mish": (lambda x: x * np.tanh(np.logaddexp(0, x)), EVERYWHERE),
    "Sigmoid": (special.expit, EVERYWHERE),
    "Sin": (np.sin, {"tiny": TINY, "usual": USUAL, "large": 1e4 * USUAL}),
    "Sinh": (np.sinh, EVERYWHERE),
    "Softplus": (lambda x: np.logaddexp(0, x), EVERYWHERE),
    "Sqrt": (np.sqrt, {"wide": np.exp(WIDE)}),
    "Tan": (np.tan, {"tiny": TINY, "usual": USUAL}),
    "Tanh": (np.tanh, EVERYWHERE),
}
"""Operator → what it computes, and where."""


def functions(*names: str) -> list[Kernel]:
    """Functions of one number, those of these names or all."""
    return [
        Kernel(f"{name}, {where}", name, [values], exact)
        for name, (exact, ranges) in FUNCTIONS.items()
        for where, values in ranges.items()
        if not names or name in names
    ]


def _drawn(kind: str, *shape: int) -> Array:
    random = np.random.default_rng(0)
    if kind == "100 ± 1":
        return _floats(100 + random.uniform(-1, 1, shape))
    if kind == "1e-6 to 1e6":
        return _floats(random.standard_normal(shape) * 10 ** random.uniform(-6, 6, shape))
    return _floats(random.standard_normal(shape))


KINDS = ("around 0", "100 ± 1", "1e-6 to 1e6")
REDUCTIONS: dict[str, Callable[..., Array]] = {
    "ReduceL1": lambda x, axis: np.abs(x).sum(axis, keepdims=True),
    "ReduceL2": lambda x, axis: np.sqrt(np.square(x).sum(axis, keepdims=True)),
    "ReduceLogSumExp": lambda x, axis: special.logsumexp(x, axis, keepdims=True),
    "ReduceMean": lambda x, axis: x.mean(axis, keepdims=True),
    "ReduceSum": lambda x, axis: x.sum(axis, keepdims=True),
}


def reductions() -> Iterator[Kernel]:
    """Reductions of each axis of [3, 100,000] and [100,000, 8], and of two."""
    for operator, exact in REDUCTIONS.items():
        for kind in KINDS:
            for shape, axes in (((3, 100_000), 1), ((100_000, 8), 0), ((1, 1000, 1000), (1, 2))):
                axis = np.atleast_1d(np.asarray(axes, np.int64))
                yield Kernel(
                    f"{operator} of {shape}, {kind}",
                    operator,
                    [_drawn(kind, *shape)],
                    lambda x, _, exact=exact, axes=axes: exact(x, axes),
                    [axis],
                    of_largest=True,
                )


def rows() -> Iterator[Kernel]:
    """Softmax, running sums and normalizations of long rows."""
    for kind in KINDS[:2]:
        for size in (1000, 100_000):
            x, where = _drawn(kind, 2, size), f"of {size}, {kind}"
            parameters = [np.ones(size, np.float32), np.zeros(size, np.float32)]
            for operator, exact, constants in (
                ("Softmax", lambda x: special.softmax(x, -1), []),
                ("LogSoftmax", lambda x: special.log_softmax(x, -1), []),
                ("CumSum", lambda x, _: np.cumsum(x, 1), [np.asarray(1, np.int64)]),
                ("LayerNormalization", lambda x, *_: _standardized(x), parameters),
            ):
                name = f"{operator} {where}"
                yield Kernel(name, operator, [x], exact, constants, of_largest=True)


def _standardized(x: Array) -> Array:
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt(np.square(centred).mean(-1, keepdims=True) + 1e-5)


def products() -> Iterator[Kernel]:
    """Products of long rows, by weights and by activations, and convolutions of many channels."""
    for kind in KINDS[:2]:
        for size in (1000, 10_000, 100_000):
            x, w = _drawn(kind, 3, size), _drawn("around 0", size, 4) + (kind != KINDS[0])
            name = f"MatMul over {size}, {kind}"
            yield Kernel(f"{name}, by weights", "MatMul", [x], np.matmul, [w], of_largest=True)
            yield Kernel(name, "MatMul", [x[None], w[None]], np.matmul, of_largest=True)
        for channels in (64, 512):
            x = _drawn(kind, 1, channels, 9, 8)
            w = _drawn("around 0", 4, channels, 3, 3) + (kind != KINDS[0])
            name = f"Conv over {9 * channels}, {kind}"
            yield Kernel(name, "Conv", [x], _convolved, [_floats(w)], of_largest=True)


def _convolved(x: Array, w: Array) -> Array:
    return torch.nn.functional.conv2d(torch.from_numpy(x), torch.from_numpy(w)).numpy()


GROUPS = (functions, reductions, rows, products)


def main() -> None:
    """Print a row per kernel; an arrow marks those that are much farther off than the other."""
    sys.stdout.write(f"{'kernel':50} {'LiteRT':>9} {'ONNX Runtime':>12}\n")
    for group in GROUPS:
        kernels = list(group())
        with tempfile.TemporaryDirectory() as folder:
            for kernel, (own, other) in zip(kernels, errors(kernels, Path(folder)), strict=True):
                mark = "" if own <= ALIKE * max(other, ROUNDING) else "  <--"
                sys.stdout.write(f"{kernel.name:50} {own:9.1e} {other:12.1e}{mark}\n")


if __name__ == "__main__":
    main()
