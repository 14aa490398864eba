"""Control flow whose way is known before any input is taken out of the graph."""

import pytest

IF = """(float[2,1,4] x) => (float[2,4] y) <int64 one = {1}, int64[1] axis = {1}> {
    s = Shape(x) size = Gather(s, one) c = Equal(size, one)
    z = If(c) <then_branch = a () => (float[2,4] t) { t = Squeeze(x, axis) },
               else_branch = b () => (float[2,1,4] e) { e = Identity(x) }>
    y = Relu(z) }"""

OUTPUT_OF_A_BRANCH = """(float[2,3] x) => (float[2,3] y, float[2,3] z) <bool no = {0}> {
    r = Relu(x)
    y, z = If(no) <then_branch = a () => (float[2,3] t, float[2,3] u)
                       { t = Neg(r) u = Identity(x) },
                   else_branch = b () => (float[2,3] e, float[2,3] f)
                       <float[2,3] w = {1, 2, 3, 4, 5, 6}> { e = Identity(r) f = Add(r, w) }>
}"""

CONSTANT_OF_A_BRANCH = """(float[2,3] x) => (float[2,3] y) <bool yes = {1}> {
    z = If(yes) <then_branch = a () => (float t) { t = Constant<value_float = 2.5>() },
                 else_branch = b () => (float e) { e = Constant<value_float = 3.5>() }>
    y = Mul(x, z) }"""

LOOP = """(float[1,4] x) => (float[1,4] last, float[3,1,4] all) <int64 n = {3}, bool yes = {1}> {
    last, all = Loop(n, yes, x) <body = b (int64 i, bool keep, float[1,4] a)
        => (bool go, float[1,4] next, float[1,4] scan) {
            next = Tanh(a) go = Identity(keep) scan = Neg(next) }>
}"""

WHILE = """(float[1,4] x) => (float[1,4] y) <int64 zero = {0}, int64 seven = {7}, bool yes = {1}> {
    m = Add(seven, zero)
    k, y = Loop(, yes, zero, x) <body = b (int64 i, bool keep, int64 k, float[1,4] a)
        => (bool go, int64 more, float[1,4] next) <int64 two = {2}> {
            more = Add(k, two) go = Less(more, m) next = Tanh(a) }>
}"""

NEVER = """(float[1,4] x) => (float[1,4] y) <int64 n = {3}, bool no = {0}> {
    z = Loop(n, no, x) <body = b (int64 i, bool keep, float[1,4] a)
        => (bool go, float[1,4] next) { next = Tanh(a) go = Identity(keep) }>
    y = Relu(z) }"""

GROWING = """(float[1,4] x) => (float[n,4] y) <int64 n = {3}, bool yes = {1}> {
    z = Loop(n, yes, x) <body = b (int64 i, bool keep, float[m,4] a)
        => (bool go, float[k,4] next) { r = Relu(x) next = Concat<axis = 0>(a, r)
                                       go = Identity(keep) }>
    y = Neg(z) }"""

NESTED = """(float[1,4] x) => (float[1,4] y) <int64 n = {2}, bool yes = {1}, int64 one = {1}> {
    y = Loop(n, yes, x) <body = b (int64 i, bool keep, float[1,4] a) => (bool go, float[1,4] next) {
        c = Equal(i, one)
        d = If(c) <then_branch = t () => (float[1,4] u) { u = Tanh(a) },
                   else_branch = e () => (float[1,4] v) { v = Neg(a) }>
        next = Loop(n, yes, d) <body = f (int64 j, bool stay, float[1,4] p)
            => (bool on, float[1,4] q) { q = Sigmoid(p) on = Identity(stay) }>
        go = Identity(keep) }>
}"""

SEQUENCE = """(float[2,4] x) => (float[6,4] y) <int64 n = {3}, bool yes = {1}> {
    e = SequenceEmpty()
    z, s = Loop(n, yes, x, e) <body = b (int64 i, bool keep, float[2,4] a, seq(float[2,4]) q)
        => (bool go, float[2,4] next, seq(float[2,4]) r) {
            next = Tanh(a) r = SequenceInsert(q, next) go = Identity(keep) }>
    y = ConcatFromSequence<axis = 0>(s) }"""

SCAN = """(float[3] s, float[3,4] x) => (float[3] t, float[3,4] y) {
    t, y = Scan<num_scan_inputs = 1, scan_input_axes = [1], scan_input_directions = [1],
                scan_output_axes = [-1], scan_output_directions = [1],
        body = b (float[3] a, float[3] e) => (float[3] f, float[3] g)
            { f = Add(a, e) g = Neg(f) }>(s, x)
}"""


@pytest.mark.parametrize(
    ("text", "ops"),
    [
        (IF, {"Squeeze": 1, "Relu": 1}),
        (OUTPUT_OF_A_BRANCH, {"Relu": 1, "Add": 1}),
        (CONSTANT_OF_A_BRANCH, {"Mul": 1}),
        (LOOP, {"Tanh": 3, "Neg": 3, "Unsqueeze": 3, "Concat": 1}),
        (WHILE, {"Tanh": 4}),
        (NEVER, {"Relu": 1}),
        (GROWING, {"Relu": 1, "Concat": 3, "Neg": 1}),
        (NESTED, {"Neg": 1, "Tanh": 1, "Sigmoid": 4}),
        (SEQUENCE, {"Tanh": 3, "Concat": 1}),
        (SCAN, {"Add": 4, "Gather": 4, "Neg": 4, "Unsqueeze": 4, "Concat": 1}),
    ],
    ids=[
        "if", "outputs of a branch", "constant of a branch", "loop", "while", "never", "growing",
        "nested", "sequence", "scan",
    ],
)  # fmt: skip
def test_known_control_flow_goes(check, text, ops):
    assert check(text, opset=17).ops == ops


def test_a_dead_branch_reads_nothing_any_more(check):
    """BatchNormalization folds into a layer that only it reads."""
    text = """(float[1,2,3,3] x) => (float[1,4,3,3] y) <bool no = {0}> {
        c = Conv(x, w)
        y = If(no) <then_branch = a () => (float[1,4,3,3] t) { t = Neg(c) },
                    else_branch = b () => (float[1,4,3,3] e)
                        { e = BatchNormalization(c, s, b, m, v) }>
    }"""
    weights = {"w": [4, 2, 1, 1], "s": [4], "b": [4], "m": [4], "v": [4]}
    assert check(text, weights, opset=17).ops == {"Conv": 1}


IDLE = """(float[1,4] x, float[4,4] w0) => (float[1,4] y, float[3,1,4] all, float[4,4] same)
    <int64 n = {3}, bool yes = {1}, float[2] nothing = {5, 6}> {
    w, a, b, all = Loop(n, yes, w0, x, nothing)
        <body = q (int64 i, bool keep, float[4,4] w, float[1,4] a, float[k] b)
        => (bool go, float[4,4] w, float[1,4] next, float[1,4] other, float[1,4] scan) {
            p = MatMul(a, w) next = Tanh(p) other = Neg(p) scan = Abs(next)
            go = Identity(keep) }>
    y = Relu(a) same = Neg(w) }"""


def test_what_a_loop_hands_on_unchanged_or_for_nobody_is_no_state(check):
    """One state changes its shape, which does not matter."""
    result = check(IDLE, only=["idle_states"])
    (loop,) = (node for node in result.model.graph if node.op_type == "Loop")
    assert result.applied == {"idle_states": 1}
    assert (len(loop.inputs), len(loop.outputs)) == (3, 2)
    body = loop.attributes["body"].as_graph()
    assert [node.op_type for node in body] == ["MatMul", "Tanh", "Abs", "Identity"]
