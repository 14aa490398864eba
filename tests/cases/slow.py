"""Tells the tests that run LiteRT or TensorFlow, start processes or train from the fast ones.

A file of tests is slow where it, the conftest.py beside it, or one of tests/cases that these
import, imports what does so. What a fast test must not do is refused while it runs, so that the
rule cannot be wrong unnoticed: what comes to a process by another way is marked `slow` by hand.
"""

import ast
import contextlib
import functools
import multiprocessing.process
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
CASES = Path(__file__).parent
SLOW_IMPORTS = {
    "ai_edge_litert.interpreter",
    "litert_quantizer",
    "decant.bench",
    "decant.cli",
    "decant.convert",
    "decant.distill",
    "decant.isolation",
    "decant.litert_c",
    "decant.quantize",
    "decant.runtime",
    "decant.runtime_limits",
    "decant.runtime_profile",
    "decant.runtime_signatures",
    "decant.training",
    "decant.zoo",
    "multiprocessing",
    "subprocess",
    "tensorflow",
}
# What starts a process, as the interpreter reports it.
EVENTS = {"os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "subprocess.Popen"}
REFUSED_MODULES = ("ai_edge_litert._pywrap", "tensorflow")
_watching = False


@functools.cache
def is_slow(path):
    """Tell whether a Python file of tests, or what it imports of tests/cases, is slow."""
    names = set(_imports(path))
    if any(_begins(name, slow) for name in names for slow in SLOW_IMPORTS):
        return True
    beside = [CASES / f"{name}.py" for name in names if (CASES / f"{name}.py").is_file()]
    conftest = path.with_name("conftest.py")
    if path.name != "conftest.py" and path.parent != TESTS and conftest.is_file():
        beside.append(conftest)
    return any(is_slow(each) for each in beside)


def _begins(name, slow):
    return name == slow or name.startswith(f"{slow}.")


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)


@contextlib.contextmanager
def refused():
    """Fail a test at once that starts a process, or loads or runs LiteRT or TensorFlow."""
    global _watching
    _add_hook()
    start = multiprocessing.process.BaseProcess.start
    multiprocessing.process.BaseProcess.start = lambda _: _refuse("multiprocessing")
    litert = sys.modules.get("ai_edge_litert.interpreter")
    interpreter = litert and litert.Interpreter
    if litert:
        litert.Interpreter = lambda *_, **__: _refuse("ai_edge_litert.interpreter")
    _watching = True
    try:
        yield
    finally:
        _watching = False
        multiprocessing.process.BaseProcess.start = start
        if litert:
            litert.Interpreter = interpreter


@functools.cache
def _add_hook():
    # One that is added stays for good.
    sys.addaudithook(_hook)


def _hook(event, arguments):
    if not _watching:
        return
    if event in EVENTS:
        _refuse(event)
    if event == "import" and arguments[0].startswith(REFUSED_MODULES):
        _refuse(f"import {arguments[0]}")


def _refuse(what):
    pytest.fail(f"a fast test comes to {what}; mark it slow")
