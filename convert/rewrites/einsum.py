"""Writes Einsum as matrix products."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir

from decant.graph.edit import attribute, new_constant, new_node, rank, replace
from decant.graph.rewrite import Rewrites

if TYPE_CHECKING:
    from collections.abc import Iterable

    Size = int | ir.SymbolicDim

RULES = Rewrites()


@dataclass(frozen=True, slots=True)
class Term:
    """An operand with one letter per axis."""

    value: ir.Value
    letters: str


@RULES.node("einsum", "Einsum")
def einsum(node: ir.Node) -> bool:
    """Write Einsum as sums, transposes, reshapes and matrix products, operand by operand.

    Before: Einsum(a, b, equation="bhid,bhjd->bhij")
    After:  MatMul(a, Transpose(b))
    """
    parsed = _parse(node)
    if parsed is None:
        return False
    terms, result = parsed
    sizes = _sizes(terms)
    free = [size for size in sizes.values() if not isinstance(size, int)]
    if len(free) > 1:
        return False  # one Reshape can carry one free size only
    work = _Work(node, sizes)
    current = terms[0]
    for i, term in enumerate(terms[1:], start=1):
        later = set(result).union(*(t.letters for t in terms[i + 1 :]))
        current = work.multiply(current, term, later)
    current = work.sum_out(current, set(result))
    output = work.transposed(current, result).value
    output = output if output.producer() is not None else work.copy(output)
    replace(node.outputs[0], output)
    return True


def _parse(node: ir.Node) -> tuple[list[Term], str] | None:
    """Read the equation; diagonals and unknown shapes are left alone."""
    equation = attribute(node, "equation").replace(" ", "")
    left, arrow, result = equation.partition("->")
    subscripts = left.split(",")
    ranks = [rank(value) for value in node.inputs]
    if None in ranks or len(ranks) != len(subscripts):
        return None
    if not arrow:
        once = sorted(set(left) - {",", "."})
        result = "..." * ("..." in left) + "".join(c for c in once if left.count(c) == 1)
    hidden = [
        (whole or 0) - len(s.replace("...", "")) for whole, s in zip(ranks, subscripts, strict=True)
    ]
    most = max((n for n, s in zip(hidden, subscripts, strict=True) if "..." in s), default=0)
    spelled = [
        s.replace("...", DOTS[most - n : most]) for n, s in zip(hidden, subscripts, strict=True)
    ]
    terms = []
    for value, letters in zip(node.inputs, spelled, strict=True):
        if value is None or value.shape is None or len(set(letters)) != len(letters):
            return None
        if len(value.shape) != len(letters) or value.shape.has_unknown_dim():
            return None
        terms.append(Term(value, letters))
    return terms, result.replace("...", DOTS[:most])


DOTS = "αβγδεζηθ"
"""Letters for the axes that an ellipsis stands for, aligned at the right."""


def _sizes(terms: Iterable[Term]) -> dict[str, Any]:
    sizes: dict[str, Any] = {}
    for term in terms:
        assert term.value.shape is not None
        for letter, size in zip(term.letters, term.value.shape, strict=True):
            if sizes.get(letter, 1) == 1:
                sizes[letter] = size
    return sizes


@dataclass(frozen=True, slots=True)
class _Work:
    """Inserts the steps in front of the Einsum node."""

    node: ir.Node
    sizes: dict[str, Any]

    def multiply(self, a: Term, b: Term, later: set[str]) -> Term:
        """Multiply two operands and sum over the letters that are needed neither later."""
        a = self.sum_out(a, later | set(b.letters))
        b = self.sum_out(b, later | set(a.letters))
        shared = [c for c in a.letters if c in b.letters]
        batch = "".join(c for c in shared if c in later)
        inner = "".join(c for c in shared if c not in later)
        rows = "".join(c for c in a.letters if c not in shared)
        columns = "".join(c for c in b.letters if c not in shared)
        left = self.grouped(a, (batch, rows, inner))
        right = self.grouped(b, (batch, inner, columns))
        shape = [*(self.sizes[c] for c in batch), self.product(rows), self.product(columns)]
        op_type = "MatMul" if inner else "Mul"  # [rows, 1] times [1, columns] broadcasts
        product = self.insert(op_type, [left, right], shape, a.value)
        letters = batch + rows + columns
        return Term(self.reshaped(product, [self.sizes[c] for c in letters]), letters)

    def grouped(self, term: Term, groups: tuple[str, str, str]) -> ir.Value:
        """Order a term as batch, first, second; merge the latter two into one axis each."""
        term = self.transposed(self.widened(term), "".join(groups))
        batch = [self.sizes[c] for c in groups[0]]
        shape = [*batch, self.product(groups[1]), self.product(groups[2])]
        return self.reshaped(term.value, shape)

    def widened(self, term: Term) -> Term:
        """Expand axes of size 1 to the size that their letter has elsewhere."""
        assert term.value.shape is not None
        shape = [self.sizes[c] for c in term.letters]
        if list(term.value.shape) == shape or not all(isinstance(n, int) for n in shape):
            return term
        target = self.constant(np.array(shape, np.int64))
        return Term(self.insert("Expand", [term.value, target], shape, term.value), term.letters)

    def sum_out(self, term: Term, keep: set[str]) -> Term:
        """Sum over the letters of one operand that nobody needs."""
        gone = [i for i, c in enumerate(term.letters) if c not in keep]
        if not gone:
            return term
        letters = "".join(c for c in term.letters if c in keep)
        inputs = [term.value, self.constant(np.array(gone, np.int64))]
        shape = [self.sizes[c] for c in letters]
        return Term(self.insert("ReduceSum", inputs, shape, term.value, {"keepdims": 0}), letters)

    def transposed(self, term: Term, letters: str) -> Term:
        """Order the axes of a term."""
        if term.letters == letters:
            return term
        order = [term.letters.index(c) for c in letters]
        assert term.value.shape is not None
        shape = [term.value.shape[i] for i in order]
        return Term(
            self.insert("Transpose", [term.value], shape, term.value, {"perm": order}), letters
        )

    def reshaped(self, value: ir.Value, shape: list[Any]) -> ir.Value:
        """Reshape unless the shape is already right."""
        assert value.shape is not None
        if list(value.shape) == shape:
            return value
        target = [size if isinstance(size, int) else -1 for size in shape]
        return self.insert("Reshape", [value, self.constant(np.array(target))], shape, value)

    def product(self, letters: str) -> Any:
        """Multiply sizes; a product with a free size is free."""
        sizes = [self.sizes[c] for c in letters]
        if len(sizes) == 1:
            return sizes[0]
        if all(isinstance(size, int) for size in sizes):
            return math.prod(sizes)
        return ir.SymbolicDim("*".join(str(size) for size in sizes))

    def copy(self, value: ir.Value) -> ir.Value:
        """Pass an input on as a value of its own."""
        assert value.shape is not None
        return self.insert("Identity", [value], list(value.shape), value)

    def constant(self, array: Any) -> ir.Value:
        """Add an integer constant."""
        graph: Any = self.node.graph
        return new_constant(graph, np.asarray(array, np.int64), f"{self.node.name}/shape")

    def insert(
        self,
        op_type: str,
        inputs: list[ir.Value],
        shape: list[Any],
        like: ir.Value,
        attributes: dict[str, Any] | None = None,
    ) -> ir.Value:
        """Insert a node whose output has this shape and the type of `like`."""
        value = new_node(self.node, op_type, inputs, attributes, like=like)
        value.shape = ir.Shape(shape)
        return value
