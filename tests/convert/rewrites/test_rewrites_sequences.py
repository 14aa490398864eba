"""Sequences whose tensors are known vanish."""

import pytest

NUMBERS = "<int64 zero = {0}, int64 one = {1}, int64 last = {-1}, int64[2] sizes = {2, 4}>"


def text(nodes: str, output: str) -> str:
    return f"(float[3,6,4] x) => ({output}) {NUMBERS} {{ {nodes} }}"


@pytest.mark.parametrize(
    ("nodes", "output", "ops"),
    [
        (
            "q = SplitToSequence<axis = 1>(x, sizes) y = SequenceAt(q, one)",
            "float[3,4,4] y",
            {"Split": 1},
        ),
        (
            "q = SplitToSequence<axis = 1>(x, sizes) a = SequenceAt(q, last) b = Relu(a)"
            " r = SequenceErase(q) s = SequenceInsert(r, b)"
            " y = ConcatFromSequence<axis = -2>(s)",
            "float[3,6,4] y",
            {"Split": 1, "Relu": 1, "Concat": 1},
        ),
        (
            "f = Constant<value_int = 4>() q = SplitToSequence<axis = -2>(x, f)"
            " y = SequenceAt(q, one)",
            "float[3,2,4] y",
            {"Split": 1},
        ),
        (
            "q = SplitToSequence<keepdims = 0>(x) y = SequenceAt(q, one)",
            "float[6,4] y",
            {"Split": 1, "Squeeze": 1},
        ),
        ("q = SplitToSequence(x) y = SequenceAt(q, last)", "float[1,6,4] y", {"Split": 1}),
        (
            "e = SequenceEmpty() a = Relu(x) q = SequenceInsert(e, a) b = Neg(x)"
            " r = SequenceInsert(q, b, zero) n = SequenceLength(r) f = Cast<to = 1>(n)"
            " s = ConcatFromSequence<axis = 1, new_axis = 1>(r) y = Mul(s, f)",
            "float[3,2,6,4] y",
            {"Relu": 1, "Neg": 1, "Unsqueeze": 2, "Concat": 1, "Mul": 1},
        ),
        (
            "a = Relu(x) b = Neg(x) q = SequenceConstruct(a, b, x) r = SequenceErase(q, zero)"
            " i = Identity(r) y = SequenceAt(i, zero)",
            "float[3,6,4] y",
            {"Neg": 1},
        ),
    ],
    ids=["at", "insert and erase", "chunks", "no dims", "single", "empty", "construct"],
)
def test_known_sequence_vanishes(check, nodes, output, ops):
    assert check(text(nodes, output), opset=17).ops == ops


@pytest.mark.parametrize(
    ("text", "op"),
    [
        (
            "(float[3,6] x, int64 i) => (float[n,6] y)"
            " { q = SplitToSequence(x) y = SequenceAt(q, i) }",
            "SequenceAt",
        ),
        (
            "(float[n,6] x) => (float[1,6] y) <int64 zero = {0}>"
            " { q = SplitToSequence(x) y = SequenceAt(q, zero) }",
            "SplitToSequence",
        ),
    ],
    ids=["position", "size"],
)
def test_unknown_position_or_size_leaves_the_sequence(check, text, op):
    assert check(text, opset=17).ops[op] == 1


def test_what_is_done_to_every_tensor_is_written_out(check):
    body = (
        "b (float[3,6] e, float[3,6] f, float[3,6] c) => (float[3,6] o)"
        " { d = Add(e, f) o = Mul(d, c) }"
    )
    nodes = f"""(float[3,6] x) => (float[6,6] y) {{
        a = Relu(x) n = Neg(x) q = SequenceConstruct(a, n) r = SequenceConstruct(n, x)
        m = SequenceMap(q, r, x) <body = {body}>
        y = ConcatFromSequence<axis = 0>(m) }}"""
    assert check(nodes, opset=17).ops == {"Relu": 1, "Neg": 1, "Add": 2, "Mul": 2, "Concat": 1}
