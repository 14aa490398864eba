"""Matrix products and what goes with them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from ..layout.pointwise import pointwise
from ..layout.product import product
from ..layout.reduction import reduce, summed
from ..layout.refused import FreeSize, Refused
from ..layout.tensors import AnyValue, Constant, Value, activation, constant
from ..lowering.registry import op


@op("MatMul")
def matmul(a: AnyValue, b: AnyValue) -> AnyValue:
    """Matrix product with NumPy's rules for batches."""
    return product(a, b)


@op("Gemm")
def gemm(
    a: AnyValue,
    b: AnyValue,
    c: AnyValue | None = None,
    *,
    alpha: float,
    beta: float,
    transA: int,
    transB: int,
) -> AnyValue:
    """Emit alpha A' B' + beta C."""
    a = a.transpose((1, 0)) if transA else a
    b = b.transpose((1, 0)) if transB else b
    if alpha != 1 and isinstance(b, Constant):
        b, alpha = Constant(constant(b) * np.asarray(alpha, b.dtype)), 1.0
    y = product(a, b)
    if alpha != 1:
        y = pointwise(tf.multiply, y, Constant(np.asarray(alpha, y.dtype)))
    if c is None or beta == 0:
        return y
    if beta != 1:
        c = pointwise(tf.multiply, c, Constant(np.asarray(beta, c.dtype)))
    return pointwise(tf.add, y, c)


@op("Det")
def det(x: AnyValue) -> Value:
    """Determinants of x: [..., n, n], by elimination with the largest pivot of each column."""
    *batch, n, _ = x.shape
    if n is None:
        raise FreeSize("the matrices have a free size")
    rest = tf.reshape(x.plain(), [-1, n, n])
    result = tf.ones_like(rest[:, 0, 0])
    for size in range(n, 0, -1):
        place = tf.argmax(tf.abs(rest[:, :, 0]), 1, output_type=tf.int32)
        chosen = tf.expand_dims(tf.one_hot(place, size, dtype=rest.dtype), -1)
        row = tf.reduce_sum(rest * chosen, 1, keepdims=True)
        pivot = row[:, 0, 0]
        result = result * tf.where(tf.equal(place, 0), pivot, -pivot)
        swapped = (rest + chosen * (rest[:, :1] - row))[:, 1:]
        divisor = tf.where(tf.equal(pivot, 0.0), tf.ones_like(pivot), pivot)
        rest = (swapped - swapped[:, :, :1] / divisor[:, None, None] * row)[:, :, 1:]
    return Value.laid_out(tf.reshape(result, [-1 if size is None else size for size in batch]))


@op("Einsum")
def einsum(*values: AnyValue, equation: str) -> AnyValue:
    """Sum of products by index letters, two operands at a time, each step a matrix product."""
    letters, wanted = _letters(equation, values)
    left, left_value = letters[0], values[0]
    for i, (right, value) in enumerate(zip(letters[1:], values[1:], strict=True), start=1):
        later = set(wanted).union(*letters[i + 1 :])
        left_value, left = _contract((left_value, left), (value, right), later)
    left_value, left = _summed(left_value, left, set(wanted))
    return left_value.transpose([left.index(letter) for letter in wanted])


def _letters(equation: str, values: Sequence[AnyValue]) -> tuple[list[str], str]:
    """Index letters of every operand and of the result; an ellipsis becomes capital letters."""
    equation = equation.replace(" ", "")
    left, arrow, wanted = equation.partition("->")
    terms = left.split(",")
    spread = 0
    for i, (term, value) in enumerate(zip(terms, values, strict=True)):
        if "..." in term:
            count = value.rank - len(term) + 3
            spread = max(spread, count)
            terms[i] = term.replace("...", _ellipsis(count))
    if not arrow:
        every = "".join(terms)
        wanted = _ellipsis(spread) + "".join(
            sorted(c for c in set(every) if every.count(c) == 1 and c.islower())
        )
    wanted = wanted.replace("...", _ellipsis(spread))
    if any(len(set(term)) != len(term) for term in terms):
        raise Refused(
            "an index that occurs twice in one operand takes a diagonal",
            "take the diagonal with Gather before the Einsum",
            ("equation", equation),
        )
    return terms, wanted


def _ellipsis(count: int) -> str:
    """Letters for the axes of an ellipsis: the last axis is always Z."""
    return "".join(chr(ord("Z") - i) for i in reversed(range(count)))


def _summed(value: AnyValue, letters: str, kept: set[str]) -> tuple[AnyValue, str]:
    """Sum over the axes whose letters nobody needs."""
    gone = [i for i, letter in enumerate(letters) if letter not in kept]
    if gone:
        value = reduce(summed, activation(value), gone, keepdims=False)
    return value, "".join(letter for letter in letters if letter in kept)


Lettered = tuple[AnyValue, str]


def _contract(a: Lettered, b: Lettered, later: set[str]) -> Lettered:
    """Multiply two operands and sum over the letters that are not needed later."""
    left, left_letters = _summed(*a, later | set(b[1]))
    right, right_letters = _summed(*b, later | set(a[1]))
    shared = [c for c in left_letters if c in right_letters]
    batch = [c for c in shared if c in later]
    inner = [c for c in shared if c not in later]
    rows = [c for c in left_letters if c not in shared]
    columns = [c for c in right_letters if c not in shared]
    if not inner:
        return _outer((left, left_letters), (right, right_letters), [*batch, *rows, *columns])
    x = _grouped(left, left_letters, (batch, rows, inner))
    y = _grouped(right, right_letters, (batch, inner, columns))
    sizes = _sizes((left, left_letters), (right, right_letters))
    order = [*batch, *rows, *columns]
    return product(x, y).reshape([sizes[c] for c in order]), "".join(order)


def _outer(a: Lettered, b: Lettered, order: list[str]) -> Lettered:
    """Multiply with broadcasting: nothing is summed."""
    spread = []
    for value, letters in (a, b):
        sizes = dict(zip(letters, value.shape, strict=True))
        moved = value.transpose([letters.index(c) for c in order if c in letters])
        spread.append(moved.reshape([sizes.get(c, 1) for c in order]))
    return pointwise(tf.multiply, *spread), "".join(order)


def _sizes(*operands: Lettered) -> dict[str, int | None]:
    sizes: dict[str, int | None] = {}
    for value, letters in operands:
        for letter, size in zip(letters, value.shape, strict=True):
            sizes[letter] = size if sizes.get(letter, 1) == 1 else sizes[letter]
    return sizes


def _grouped(value: AnyValue, letters: str, groups: Sequence[list[str]]) -> AnyValue:
    """Bring letters into groups; the batch letters stay apart, the others become one axis each."""
    batch, first, second = groups
    sizes = dict(zip(letters, value.shape, strict=True))
    moved = value.transpose([letters.index(c) for c in (*batch, *first, *second)])
    shape = [sizes[c] for c in batch] + [_product([sizes[c] for c in g]) for g in (first, second)]
    return moved.reshape(shape)


def _product(sizes: Sequence[int | None]) -> int | None:
    return None if None in sizes else math.prod(size for size in sizes if size is not None)
