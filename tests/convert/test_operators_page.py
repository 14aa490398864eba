"""The tables of the reference say what the registry, the rewrites and the suite say."""

import json

import onnx_ir as ir
import operators_page
import pytest
from rewrite_examples import EXAMPLES

from decant.convert.rewrites import REWRITES
from decant.graph.load import prepare
from decant.graph.rewrite import apply


@pytest.mark.parametrize("path", operators_page.pages(), ids=lambda path: path.stem)
def test_the_page_is_as_it_would_be_written(path):
    written = path.read_text(encoding="utf-8")
    assert written == operators_page.pages()[path], (
        "write it again: PYTHONPATH=tests/cases python tests/cases/operators_page.py"
    )


def test_the_gain_of_every_rewrite_was_measured():
    gains = json.loads(operators_page.GAINS.read_text(encoding="utf-8"))["gains"]
    assert sorted(gains) == sorted(each.name for each in REWRITES), (
        "measure what is new: PYTHONPATH=tests/cases python tests/cases/rewrite_gains.py REWRITE"
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_rewrite_takes_something_of_its_example(name):
    _, applied = apply(prepare(ir.from_proto(EXAMPLES[name].model())), REWRITES.chosen())
    assert name in {each.name for each in applied}
