"""The engine: registration, order, fixpoint, names, and what the editing primitives promise."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from decant.errors import InternalError, UsageError
from decant.graph import edit
from decant.graph.algebra import factors, matches, polynomial
from decant.graph.load import prepare
from decant.graph.rewrite import Applied, Rewrites, apply


def model(text: str, opset: int = 20) -> ir.Model:
    proto = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": {opset}]> g {text}')
    onnx.checker.check_model(proto)
    return prepare(ir.from_proto(proto))


CHAIN = "(float[2,3] x) => (float[2,3] y) { a = Relu(x) b = Exp(a) y = Relu(b) }"


def ops(graph) -> list[str]:
    return [node.op_type for node in graph]


def to_tanh(node: ir.Node) -> bool:
    """Turn Relu into Tanh."""
    edit.replace(node.outputs[0], edit.new_node(node, "Tanh", [node.inputs[0]]))
    return True


def rules(**functions) -> Rewrites:
    result = Rewrites()
    for name, (function, accuracy, op_types) in functions.items():
        result.node(name, *op_types, accuracy=accuracy)(function)
    return result


def test_a_private_copy_is_changed_and_counted():
    before = model(CHAIN)
    after, applied = apply(before, rules(tanh=(to_tanh, "exact", ["Relu"])))
    assert ops(before.graph) == ["Relu", "Exp", "Relu"]
    assert ops(after.graph) == ["Tanh", "Exp", "Tanh"]
    assert applied == (Applied("tanh", "exact", 2, {"Relu": 2}, {"Tanh": 2}, ("a", "y")),)


def test_what_a_rewrite_changed_names_the_models_own_nodes_only():
    def shorten(node: ir.Node) -> bool:
        """Leave out an Exp behind a Tanh."""
        inner = edit.produced_by(node.inputs[0], "Tanh")
        if inner is not None:
            edit.replace(node.outputs[0], edit.new_node(node, "Sigmoid", [inner.inputs[0]]))
        return inner is not None

    _, applied = apply(
        model(CHAIN),
        rules(tanh=(to_tanh, "exact", ["Relu"]), short=(shorten, "exact", ["Exp"])),
    )
    assert applied[1] == Applied("short", "exact", 1, {"Exp": 1, "Tanh": 1}, {"Sigmoid": 1}, ("b",))


def test_a_rewrite_is_switched_off_by_name():
    both = rules(tanh=(to_tanh, "exact", ["Relu"]), loose=(to_tanh, "bounded", ["Exp"]))
    assert both.chosen(without=["tanh"]) == []
    assert [r.name for r in both.chosen(["loose"], ["tanh"])] == ["loose"]
    with pytest.raises(UsageError, match="rewrite loose: asked for and switched off"):
        both.chosen(["loose"], ["loose"])
    with pytest.raises(UsageError, match='no rewrite is called tanhh; did you mean "tanh"'):
        both.chosen(without=["tanhh"])


def test_bounded_rewrites_are_opt_in():
    both = rules(tanh=(to_tanh, "exact", ["Relu"]), loose=(to_tanh, "bounded", ["Exp"]))
    assert [r.name for r in both.chosen()] == ["tanh"]
    assert [r.name for r in both.chosen(["loose"])] == ["tanh", "loose"]
    assert [r.name for r in both.chosen(["loose"], only=True)] == ["loose"]


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UsageError, match="no rewrite is called typo; run decant ops --rewrites"):
        rules(tanh=(to_tanh, "exact", ["Relu"])).chosen(["typo"])


def test_one_name_is_taken_once():
    first = rules(tanh=(to_tanh, "exact", ["Relu"]))
    with pytest.raises(ValueError, match="two rewrites are called 'tanh'"):
        Rewrites(first, first)


def test_a_rewrite_without_docstring_is_refused():
    with pytest.raises(ValueError, match="'bare' has no docstring"):
        rules(bare=(lambda node: False, "exact", []))


def test_a_rewrite_is_tried_only_when_none_before_it_applies():
    seen = []

    def first(node: ir.Node) -> bool:
        """Turn Exp into Relu once."""
        edit.replace(node.outputs[0], edit.new_node(node, "Relu", [node.inputs[0]]))
        return True

    def second(node: ir.Node) -> bool:
        """Look at what there is."""
        seen.append(node.op_type)
        return False

    apply(model(CHAIN), rules(first=(first, "exact", ["Exp"]), second=(second, "exact", [])))
    assert seen == ["Relu", "Relu", "Relu"]


def test_rewrites_that_undo_each_other_are_told():
    def there(node: ir.Node) -> bool:
        """Turn Relu into Tanh, or back."""
        other = {"Relu": "Tanh", "Tanh": "Relu"}[node.op_type]
        edit.replace(node.outputs[0], edit.new_node(node, other, [node.inputs[0]]))
        return True

    with pytest.raises(InternalError, match="do not come to rest"):
        apply(model(CHAIN), rules(there=(there, "exact", ["Relu", "Tanh"])))


def test_a_rewrite_that_renames_an_output_is_told():
    def rename(node: ir.Node) -> bool:
        """Rename an output."""
        changed = node.outputs[0].name == "y"
        node.outputs[0].name = "z" if changed else node.outputs[0].name
        return changed

    with pytest.raises(InternalError, match="changed the model's outputs"):
        apply(model(CHAIN), rules(rename=(rename, "exact", [])))


def test_replacing_keeps_names_of_outputs_and_inner_values():
    after, _ = apply(model(CHAIN), rules(tanh=(to_tanh, "exact", ["Relu"])))
    assert [node.outputs[0].name for node in after.graph] == ["a", "b", "y"]


def test_an_output_that_becomes_an_input_gets_an_identity():
    def skip(node: ir.Node) -> bool:
        """Let Relu pass its input on."""
        edit.replace(node.outputs[0], node.inputs[0])
        return True

    text = "(float[2] x) => (float[2] y, float[2] z) { y = Relu(x) z = Relu(x) }"
    after, _ = apply(model(text), rules(skip=(skip, "exact", ["Relu"])))
    assert ops(after.graph) == ["Identity", "Identity"]
    assert [value.name for value in after.graph.outputs] == ["y", "z"]


def test_new_nodes_carry_the_module_path_and_the_version_they_need():
    before = model(CHAIN, opset=13)
    for node in before.graph:
        node.metadata_props["scope"] = node.op_type

    def to_gelu(node: ir.Node) -> bool:
        """Turn Exp into Gelu."""
        edit.replace(node.outputs[0], edit.new_node(node, "Gelu", [node.inputs[0]]))
        return True

    after, _ = apply(before, rules(gelu=(to_gelu, "exact", ["Exp"])))
    gelu = list(after.graph)[1]
    assert gelu.metadata_props["scope"] == "Exp"
    assert edit.opset(gelu) == 20
    assert edit.attribute(gelu, "approximate") == "none"


def test_the_same_model_gets_the_same_names():
    texts = {
        ir.to_proto(
            apply(model(CHAIN), rules(tanh=(to_tanh, "exact", ["Relu"])))[0]
        ).SerializeToString()
        for _ in range(2)
    }
    assert len(texts) == 1


def value(graph: ir.Graph, name: str) -> ir.Value:
    return next(v for node in graph for v in node.outputs if v.name == name)


CONSTANTS = "<float two = {2.0}, float three = {3.0}, float[1,1,1] wide = {2.0}>"


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ("y = Mul(x, two)", {1: 2.0}),
        ("a = Add(x, three) y = Mul(a, a)", {0: 9.0, 1: 6.0, 2: 1.0}),
        ("a = Pow(x, three) b = Div(a, two) y = Sub(b, x)", {3: 0.5, 1: -1.0}),
        ("a = Neg(x) y = Sub(three, a)", {0: 3.0, 1: 1.0}),
        ("y = Div(two, x)", None),
        ("a = Exp(x) y = Add(a, x)", None),
        ("y = Pow(two, x)", None),
    ],
)
def test_polynomials_are_read(nodes, expected):
    graph = model(f"(float[2,3] x) => (float[2,3] y) {CONSTANTS} {{ {nodes} }}").graph
    found = polynomial(value(graph, "y"), graph.inputs[0])
    assert found is None if expected is None else matches(found, expected)


def test_a_number_that_widens_is_no_number():
    graph = model(f"(float[2,3] x) => (float[1,2,3] y) {CONSTANTS} {{ y = Mul(x, wide) }}").graph
    assert polynomial(value(graph, "y"), graph.inputs[0]) is None
    assert factors(value(graph, "y")) == (1.0, [value(graph, "y")])


def test_products_come_apart():
    text = "{ a = Exp(x) b = Mul(a, two) c = Div(b, three) d = Neg(x) y = Mul(c, d) }"
    graph = model(f"(float[2,3] x) => (float[2,3] y) {CONSTANTS} {text}").graph
    number, parts = factors(value(graph, "y"))
    assert number == pytest.approx(-2 / 3)
    assert parts == [value(graph, "a"), graph.inputs[0]]


def test_a_region_is_closed_or_none():
    text = "(float[2] x) => (float[2] y, float[2] o) { a = Relu(x) b = Exp(a) y = Mul(a, b) {o} }"
    closed = model(text.replace("{o}", "o = Neg(x)")).graph
    found = edit.region(value(closed, "y"), (closed.inputs[0],))
    assert sorted(node.op_type for node in found) == ["Exp", "Mul", "Relu"]
    read_outside = model(text.replace("{o}", "o = Neg(b)")).graph
    assert edit.region(value(read_outside, "y"), (read_outside.inputs[0],)) is None
    assert edit.region(value(closed, "y"), (value(closed, "b"),)) is None


@pytest.mark.parametrize(
    ("opset", "node", "expected"),
    [
        (13, "y = ReduceMean<axes = [-1], keepdims = 1>(x)", (1,)),
        (20, "i = Constant<value_ints = [-1, 0]>() y = ReduceMean(x, i)", (0, 1)),
        (20, "y = ReduceMean(x)", (0, 1)),
        (20, "y = ReduceMean<noop_with_empty_axes = 1>(x)", ()),
        (20, "i = Constant<value_ints = [-1]>() y = Unsqueeze(x, i)", (2,)),
        (20, "y = Squeeze(x)", ()),
    ],
)
def test_axes_are_found_wherever_the_operator_set_keeps_them(opset, node, expected):
    shape = {"Unsqueeze": "2,3,1"}.get(node.split("= ")[-1].split("(")[0], "?,?")
    graph = model(f"(float[2,3] x) => (float[{shape}] y) {{ {node} }}", opset)
    graph = apply(graph, [])[0].graph  # with constants as initializers
    assert edit.axes(value(graph, "y").producer()) == expected


def test_an_initializer_that_a_caller_may_override_is_no_constant():
    graph = model("(float[2] x) => (float[2] y) { y = Relu(x) }").graph
    graph.inputs[0].const_value = ir.tensor(np.zeros(2, np.float32))
    assert edit.constant(graph.inputs[0]) is None


def test_what_replaces_a_value_gets_its_type_where_it_has_none():
    text = """<ir_version: 9, opset_import: ["": 18, "own": 1]> g (float[2,3] x) => (float[2,3] y) {
        a = own.Rows (x) b = Identity(a) y = Identity(b) }"""
    graph = prepare(ir.from_proto(onnx.parser.parse_model(text))).graph
    edit.replace(graph.outputs[0], graph.node(0).outputs[0])
    assert graph.outputs[0].dtype is ir.DataType.FLOAT
