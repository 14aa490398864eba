"""A user's operators file may rewrite the graph, and hears of its mistakes."""

import re

import numpy as np
import onnx
import pytest
from documented import named_files

from decant.convert import to_tflite
from decant.convert.build import Request, rewritten
from decant.convert.operators_files import rewrites_with
from decant.errors import DataError, ParityError, SpecError

HEAD = "from decant.convert import rewrite\nfrom decant.graph import edit\n\n\n"
SOFTSIGN = """(float[1,3,8] x) => (float[1,3,8] y) <float one = {1.0}> {
    a = Abs(x) b = Add(a, one) y = Div(x, b)
}"""


@pytest.fixture
def net(tmp_path):
    proto = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": 20]> g {SOFTSIGN}')
    onnx.save(proto, tmp_path / "net.onnx")
    return tmp_path / "net.onnx"


@pytest.fixture
def own(tmp_path):
    """Write an operators file whose one rewrite has the given body."""

    def own(body, *, name="own", options="", doc='"""Do it."""'):
        lines = "".join(f"    {line}\n" for line in (doc, *body.splitlines()))
        file = tmp_path / "mine.py"
        file.write_text(f'{HEAD}@rewrite("{name}", "Div"{options})\ndef own(node):\n{lines}')
        return file

    return own


def request(net, file, **settings):
    return Request(net, net.parent, operators=(file,), **settings)


REPLACE = """made = edit.new_node(node, "Softsign", [node.inputs[0]])
edit.replace(node.outputs[0], made)
return True"""
WRONG = REPLACE.replace("Softsign", "Tanh")


def test_the_rewrite_of_the_docs_reaches_the_file(net, tmp_path):
    file = tmp_path / "softsign.py"
    file.write_text(named_files("docs/how-to/own-op.md")["softsign.py"])
    report = to_tflite(net, tmp_path / "out", operators=[file])
    (applied,) = [each for each in report.rewrites if each.name == "softsign"]
    assert (applied.removed, applied.added) == ({"Abs": 1, "Add": 1, "Div": 1}, {"Softsign": 1})
    assert applied.nodes == ("a", "b", "y")
    assert max(parity.max_relative for parity in report.parity) < 1e-6


def test_a_wrong_one_is_found_by_the_comparison(net, own, tmp_path):
    with pytest.raises(ParityError):
        to_tflite(net, tmp_path / "out", operators=[own(WRONG)])
    assert not (tmp_path / "out").exists()


def test_a_bounded_one_waits_to_be_asked_for(net, own):
    file = own(REPLACE, options=', accuracy="bounded"')
    assert rewritten(request(net, file))[1] == ()
    (applied,) = rewritten(request(net, file, rewrites=("own",)))[1]
    assert (applied.name, applied.accuracy) == ("own", "bounded")


def test_it_can_be_switched_off(net, own):
    assert rewritten(request(net, own(REPLACE), without=("own",)))[1] == ()


def test_it_comes_before_decants_own(own):
    assert next(iter(rewrites_with([own(REPLACE)]))).name == "own"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return node.nothing", r"rewrite own raised AttributeError: .*\(.*mine\.py:8\); correct"),
        ("edit.replace(node.outputs[0], edit.new_node(node, 'Div', [*node.inputs])); return True",
         r"rewrite own does not come to rest .*let it return False"),
        ("node.outputs[0].name = 'z'; return False if node.name == 'z' else not setattr(node, "
         "'name', 'z')", r"a rewrite changed the model's outputs"),
        ("return None", "rewrite own raised TypeError: it returned None; let it return True or"),
    ],
    ids=["raises", "restless", "renames", "forgets"],
)  # fmt: skip
def test_its_mistakes_are_told(net, own, body, message):
    with pytest.raises(SpecError, match=rf"operators file .*mine\.py: {message}"):
        rewritten(request(net, own(body)))


def test_a_name_that_is_taken(own):
    with pytest.raises(SpecError, match=r"two rewrites are called 'gelu'; give its own another"):
        rewrites_with([own(REPLACE, name="gelu")])


def test_without_a_docstring(own):
    with pytest.raises(SpecError, match="'own' has no docstring with its before and after"):
        rewrites_with([own(REPLACE, doc="pass")])


def test_a_file_that_registers_nothing(tmp_path):
    (tmp_path / "empty.py").write_text("x = 1\n")
    with pytest.raises(DataError, match=re.escape('write @op("domain::Op") of decant.convert')):
        rewrites_with([tmp_path / "empty.py"])


def test_a_rewrite_that_is_switched_off_leaves_its_parts(net, tmp_path):
    text = """(float[1,3,8] x) => (float[1,3,8] y) <float six = {6.0}, float zero = {0.0}> {
        a = Max(x, zero) y = Min(a, six)
    }"""
    proto = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": 20]> g {text}')
    onnx.save(proto, net)
    inputs = {"x": np.linspace(-9, 9, 48, dtype=np.float32).reshape(2, 1, 3, 8)[:, 0]}
    report = to_tflite(net, tmp_path / "out", inputs=inputs, without=["clips"])
    assert "clips" not in [each.name for each in report.rewrites]
