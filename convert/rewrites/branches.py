"""Makes choices and loops that depend on the input ready to be made at run time."""

from __future__ import annotations

import onnx_ir as ir

from decant.graph.control_flow import DOMAIN, close
from decant.graph.edit import attribute, constant, produced_by, replace, scalar, splice
from decant.graph.infer import contradicts
from decant.graph.rewrite import Rewrites

RULES = Rewrites()


@RULES.node("closed_branches", "If")
def closed_branches(node: ir.Node) -> bool:
    """Let the branches of an If take what they read of the graph around them as inputs.

    Before: If(c, then_branch={Relu(x)}, else_branch={Add(x, 1)})
    After:  decant::If(c, x, then_branch=(x) => {Relu(x)}, else_branch=(x) => {Add(x, 1)})
    """
    close(node)
    return True


@RULES.node("possible_branch", "If", domain=DOMAIN)
def possible_branch(node: ir.Node) -> bool:
    """Leave out a branch that no runtime can compute with the sizes that it is given.

    Before: decant::If(c, x: [4, 5, 1], then_branch={LSTM(x)}, else_branch={LSTM(Unsqueeze(x))})
    After:  LSTM(x)
    """
    branches = [attribute(node, name) for name in ("then_branch", "else_branch")]
    possible = [branch for branch in branches if not contradicts(branch)]
    if len(possible) != 1:
        return False
    taken = [value for value in node.inputs[1:] if value is not None]
    for old, new in zip(list(node.outputs), splice(possible[0], node, taken), strict=True):
        if old.uses() or old.is_graph_output():
            replace(old, new)
    return True


@RULES.node("closed_loop", "Loop")
def closed_loop(node: ir.Node) -> bool:
    """Let the body of a loop take what it reads of the graph around it as inputs.

    Before: a = Loop(n, go, x, body=(i, go, a) => (go, Add(a, w)))
    After:  a = decant::Loop(n, go, x, w, body=(i, go, a, w) => (go, Add(a, w)), carried=1)
    """
    body: ir.Graph = attribute(node, "body")
    go = node.inputs[1]
    always = go is None or (constant(go) is not None and bool(scalar(go)))
    last = _passed_on(body.outputs[0])
    endless = last is body.inputs[1] or bool(scalar(last))
    carried = len(node.inputs) - 2
    node.attributes["carried"] = ir.AttrInt64("carried", carried)
    node.attributes["counted"] = ir.AttrInt64("counted", int(always and endless))
    close(node)
    return True


def _passed_on(value: ir.Value) -> ir.Value:
    """The value that Identities pass on."""
    maker = produced_by(value, "Identity")
    while maker is not None and maker.inputs[0] is not None:
        value = maker.inputs[0]
        maker = produced_by(value, "Identity")
    return value
