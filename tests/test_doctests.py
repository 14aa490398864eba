"""The examples in the docstrings of pure modules say what the code does."""

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "convert.layout.signature",
        "convert.layout.view",
        "convert.ops.recurrent_rows",
        "fidelity",
        "parity",
        "shapes",
    ],
)
def test_examples_hold(module):
    failed, tried = doctest.testmod(importlib.import_module(f"decant.{module}"))
    assert tried > 0
    assert failed == 0
