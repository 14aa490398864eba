"""Recognises formulas in a graph whatever the order in which their factors were multiplied."""

from __future__ import annotations

import math
from collections.abc import Iterator

import onnx_ir as ir

from .edit import constant, produced_by, rank, scalar

Polynomial = dict[int, float]
"""Exponent of x → coefficient."""

MAX_DEPTH = 8
MAX_DEGREE = 8
RELATIVE = 1e-5  # constants such as sqrt(2/pi) are written with 6 to 16 digits


def close(value: float, expected: float) -> bool:
    """Whether a constant is this number as far as people write it out."""
    return math.isclose(value, expected, rel_tol=RELATIVE, abs_tol=1e-12)


def matches(polynomial: Polynomial | None, expected: Polynomial) -> bool:
    """Whether a polynomial has these coefficients and no others."""
    if polynomial is None:
        return False
    exponents = polynomial.keys() | expected.keys()
    return all(close(polynomial.get(e, 0.0), expected.get(e, 0.0)) for e in exponents)


def polynomial(value: ir.Value | None, x: ir.Value, depth: int = 0) -> Polynomial | None:
    """Read a value as a polynomial in `x` with number coefficients.

    Adding, subtracting, multiplying, dividing by a number, negating and integer powers are
    followed; a number that would widen the shape by broadcasting is not taken for one.
    """
    if value is x:
        return {1: 1.0}
    number = _plain_scalar(value, x)
    if number is not None:
        return {0: number}
    node = produced_by(value, "Add", "Sub", "Mul", "Div", "Neg", "Pow", "Identity")
    if node is None or depth > MAX_DEPTH:
        return None
    parts = [polynomial(v, x, depth + 1) for v in node.inputs]
    if any(part is None for part in parts):
        return None
    return _combine(node.op_type, [part for part in parts if part is not None])


def _plain_scalar(value: ir.Value | None, x: ir.Value) -> float | None:
    """A one-element constant of no more axes than x: combining it keeps x's shape."""
    array = constant(value)
    whole = rank(x)
    if array is None or array.size != 1 or whole is None or array.ndim > whole:
        return None
    return scalar(value)


def _combine(op_type: str, parts: list[Polynomial]) -> Polynomial | None:
    first = parts[0]
    match op_type:
        case "Identity":
            return first
        case "Neg":
            return {e: -c for e, c in first.items()}
        case "Add":
            return _sum(first, parts[1], 1.0)
        case "Sub":
            return _sum(first, parts[1], -1.0)
        case "Mul":
            return _product(first, parts[1])
    number = parts[1].get(0) if set(parts[1]) == {0} else None
    if number is None:
        return None
    if op_type == "Div":
        return None if number == 0 else {e: c / number for e, c in first.items()}
    return _power(first, number)


def _sum(a: Polynomial, b: Polynomial, sign: float) -> Polynomial:
    return {e: a.get(e, 0.0) + sign * b.get(e, 0.0) for e in a.keys() | b.keys()}


def _product(a: Polynomial, b: Polynomial) -> Polynomial | None:
    result: Polynomial = {}
    for i, p in a.items():
        for j, q in b.items():
            result[i + j] = result.get(i + j, 0.0) + p * q
    return result if max(result) <= MAX_DEGREE else None


def _power(base: Polynomial, exponent: float) -> Polynomial | None:
    if exponent != int(exponent) or not 1 <= exponent <= MAX_DEGREE:
        return None
    result: Polynomial | None = base
    for _ in range(int(exponent) - 1):
        result = None if result is None else _product(result, base)
    return result


def factors(
    value: ir.Value, stops: tuple[ir.Value, ...] = ()
) -> tuple[float, list[ir.Value]] | None:
    """Take a product apart into a number and its other factors.

    Args:
        value: The product.
        stops: Values that count as factors even where they are products themselves.

    Returns:
        Number and factors; None if a division is by something that is not a number.
    """
    number = scalar(value)
    if number is not None:
        return number, []
    node = None if value in stops else produced_by(value, "Mul", "Div", "Neg", "Identity")
    if node is None or any(_widens(v, value) for v in node.inputs):
        return 1.0, [value]
    first = _factors_of(node.inputs[0], stops)
    if first is None or node.op_type == "Identity":
        return first
    if node.op_type == "Neg":
        return -first[0], first[1]
    second = _factors_of(node.inputs[1], stops)
    if second is None:
        return None
    if node.op_type == "Mul":
        return first[0] * second[0], first[1] + second[1]
    return None if second[1] or second[0] == 0 else (first[0] / second[0], first[1])


def _widens(operand: ir.Value | None, result: ir.Value) -> bool:
    """Whether a number has so many axes that multiplying by it adds axes to the result."""
    array = constant(operand)
    if array is None or array.size != 1:
        return False
    node = result.producer()
    others = () if node is None else (v for v in node.inputs if v is not operand)
    return any(array.ndim > (rank(v) or 0) for v in others)


def _factors_of(
    value: ir.Value | None, stops: tuple[ir.Value, ...]
) -> tuple[float, list[ir.Value]] | None:
    return None if value is None else factors(value, stops)


def bases(value: ir.Value | None) -> Iterator[ir.Value]:
    """Offer the values that `value` may be a polynomial in, nearest first."""
    seen: set[ir.Value] = set()
    level = [] if value is None else [value]
    for _ in range(MAX_DEPTH):
        below: list[ir.Value] = []
        for candidate in level:
            if candidate in seen or constant(candidate) is not None:
                continue
            seen.add(candidate)
            yield candidate
            node = produced_by(candidate, "Add", "Sub", "Mul", "Div", "Neg", "Pow", "Identity")
            below.extend(v for v in (node.inputs if node else ()) if v is not None)
        level = below
