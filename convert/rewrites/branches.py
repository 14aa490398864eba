"""Makes choices that depend on the input ready to be made at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from decant.graph.control_flow import DOMAIN, close
from decant.graph.edit import attribute, replace, splice
from decant.graph.infer import contradicts
from decant.graph.rewrite import Rewrites

if TYPE_CHECKING:
    import onnx_ir as ir

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
