"""Recognises activation functions from their parts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from decant.graph.algebra import Polynomial, bases, close, factors, matches, polynomial
from decant.graph.edit import (
    attribute,
    new_node,
    produced_by,
    region,
    replace,
    same_shape,
    scalar,
)
from decant.graph.rewrite import Rewrites

from .clips import clip_limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    import onnx_ir as ir

RULES = Rewrites()

ERF_INNER: Polynomial = {1: 1 / math.sqrt(2)}
TANH_INNER: Polynomial = {1: math.sqrt(2 / math.pi), 3: math.sqrt(2 / math.pi) * 0.044715}
HARD_SIGMOID: Polynomial = {1: 1 / 6, 0: 0.5}


@RULES.node("gelu", "Mul", "Div")
def gelu(node: ir.Node) -> bool:
    """Recognise GELU, in its erf and its tanh form.

    Before: Mul(Mul(x, 0.5), Add(Erf(Div(x, sqrt 2)), 1)), or
            Mul(Mul(x, 0.5), Add(Tanh(Mul(Add(x, Mul(Pow(x, 3), 0.044715)), sqrt(2/pi))), 1)),
            factors in any order
    After:  Gelu(x, approximate="none" | "tanh")
    """
    root = node.outputs[0]
    for gate, x in _gates(root, "Add"):
        one_plus = _one_plus(gate)
        if one_plus is None or not _is_product(root, (x, gate), 0.5):
            continue
        inner, form = one_plus.inputs[0], one_plus.op_type
        expected, approximate = (ERF_INNER, "none") if form == "Erf" else (TANH_INNER, "tanh")
        if matches(polynomial(inner, x), expected):
            return _become(root, x, "Gelu", {"approximate": approximate})
    return False


def _one_plus(value: ir.Value) -> ir.Node | None:
    """Return the Erf or Tanh node of 1 + erf(…) or 1 + tanh(…)."""
    node = produced_by(value, "Add")
    if node is None:
        return None
    for function, number in (node.inputs, tuple(node.inputs)[::-1]):
        if scalar(number) == 1.0:
            return produced_by(function, "Erf", "Tanh")
    return None


@RULES.node("swish", "Mul")
def swish(node: ir.Node) -> bool:
    """Recognise SiLU and its scaled form.

    Before: Mul(x, Sigmoid(x)) or Mul(x, Sigmoid(Mul(x, alpha)))
    After:  Swish(x, alpha)
    """
    root = node.outputs[0]
    for gate, x in _gates(root, "Sigmoid"):
        line = polynomial(gate.producer().inputs[0], x)  # type: ignore[union-attr]
        if line is not None and set(line) == {1} and _is_product(root, (x, gate), 1.0):
            return _become(root, x, "Swish", {"alpha": line[1]})
    return False


@RULES.node("mish", "Mul")
def mish(node: ir.Node) -> bool:
    """Recognise Mish.

    Before: Mul(x, Tanh(Softplus(x))) or Mul(x, Tanh(Log(Add(Exp(x), 1))))
    After:  Mish(x)
    """
    root = node.outputs[0]
    for gate, x in _gates(root, "Tanh"):
        inner = gate.producer().inputs[0]  # type: ignore[union-attr]
        if _softplus_of(inner) is x and _is_product(root, (x, gate), 1.0):
            return _become(root, x, "Mish", {})
    return False


def _softplus_of(value: ir.Value | None) -> ir.Value | None:
    node = produced_by(value, "Softplus")
    if node is not None:
        return node.inputs[0]
    logarithm = produced_by(value, "Log")
    total = produced_by(logarithm.inputs[0], "Add") if logarithm else None
    if total is None:
        return None
    for power, number in (total.inputs, tuple(total.inputs)[::-1]):
        exponential = produced_by(power, "Exp")
        if exponential is not None and scalar(number) == 1.0:
            return exponential.inputs[0]
    return None


@RULES.node("hard_sigmoid", "Mul", "Div", "Clip")
def hard_sigmoid(node: ir.Node) -> bool:
    """Recognise hard-sigmoid from a clipped line.

    Before: Div(Clip(Add(x, 3), 0, 6), 6) or Clip(Add(Mul(x, 1/6), 0.5), 0, 1),
            any line a*x + b, any product with 1/6
    After:  HardSigmoid(x, alpha=a/6, beta=b/6)
    """
    root = node.outputs[0]
    parts = (1.0, [root]) if node.op_type == "Clip" else factors(root)
    if parts is None or len(parts[1]) != 1:
        return False
    clip = produced_by(parts[1][0], "Clip")
    limits = None if clip is None else clip_limits(clip)
    if clip is None or limits is None or limits[0] != 0.0 or not close(limits[1] * parts[0], 1.0):
        return False
    for x in reversed(list(bases(clip.inputs[0]))):  # the deepest takes the whole line in
        line = polynomial(clip.inputs[0], x)
        if line is None or set(line) != {0, 1} or not _is_real(x):
            continue
        slope, shift = line[1] * parts[0], line[0] * parts[0]
        if _become(root, x, "HardSigmoid", {"alpha": slope, "beta": shift}):
            return True
    return False


@RULES.node("hard_swish", "Mul", "Div")
def hard_swish(node: ir.Node) -> bool:
    """Recognise hard-swish, from hard-sigmoid or from a clip.

    Before: Mul(x, HardSigmoid(x, 1/6, 1/2)) or Div(Mul(x, Clip(Add(x, 3), 0, 6)), 6)
    After:  HardSwish(x)
    """
    root = node.outputs[0]
    for gate, x in _gates(root, "HardSigmoid"):
        maker = gate.producer()
        assert maker is not None
        line = {1: attribute(maker, "alpha"), 0: attribute(maker, "beta")}
        same = maker.inputs[0] is x and matches(line, HARD_SIGMOID)
        if same and _is_product(root, (x, gate), 1.0):
            return _become(root, x, "HardSwish", {})
    for gate, x in _gates(root, "Clip"):
        maker = gate.producer()
        assert maker is not None
        limits = clip_limits(maker)
        same = limits == (0.0, 6.0) and matches(polynomial(maker.inputs[0], x), {1: 1.0, 0: 3.0})
        if same and _is_product(root, (x, gate), 1 / 6):
            return _become(root, x, "HardSwish", {})
    return False


def _gates(root: ir.Value, op_type: str) -> Iterator[tuple[ir.Value, ir.Value]]:
    """Offer pairs (gate made by `op_type`, x) where root may be number * x * gate."""
    parts = factors(root)
    for gate in () if parts is None else dict.fromkeys(parts[1]):
        maker = produced_by(gate, op_type)
        if maker is None:
            continue
        for x in dict.fromkeys(_inside(maker)):
            if _is_real(x) and same_shape(x, root):
                yield gate, x


def _is_real(value: ir.Value) -> bool:
    return value.dtype is not None and value.dtype.is_floating_point()


def _inside(maker: ir.Node) -> Iterator[ir.Value]:
    """Walk through the functions that activations are made of, down to what x may be."""
    for operand in maker.inputs:
        for candidate in bases(operand):
            yield candidate
            inner = produced_by(candidate, "Erf", "Tanh", "Softplus", "Log", "Exp")
            if inner is not None:
                yield from _inside(inner)


def _is_product(root: ir.Value, parts: tuple[ir.Value, ir.Value], number: float) -> bool:
    """Whether root = number * parts[0] * parts[1]."""
    found = factors(root, stops=parts)
    if found is None or len(found[1]) != 2 or not close(found[0], number):
        return False
    return (found[1][0], found[1][1]) in (parts, parts[::-1])


def _become(root: ir.Value, x: ir.Value, op_type: str, attributes: dict[str, float | str]) -> bool:
    """Replace everything between x and root by one node, if nobody else reads what is between."""
    producer = root.producer()
    if producer is None or region(root, (x,)) is None:
        return False
    replace(root, new_node(producer, op_type, [x], attributes, like=root))
    return True
