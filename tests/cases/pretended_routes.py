"""Converters that do what a test wants, in an environment without packages, and their files."""

import contextlib
import os
import sys

import onnx
from ai_edge_litert import schema_py_generated as schema
from tiny_graph import of_one

from decant.convert.routes import Environment, Route

PYTHON = "{}.{}".format(*sys.version_info)
WORKER = """
import os, shutil, sys, time

def work(source, target):
    {}
"""


@contextlib.contextmanager
def pretended_environment(folder):
    """Yield an environment in a cache folder of the tests' own."""
    pins = folder / "pins.txt"
    pins.write_text("")
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(folder)
    yield Environment("pretended", pins, (PYTHON,))
    del os.environ["XDG_CACHE_HOME"]
    if before is not None:
        os.environ["XDG_CACHE_HOME"] = before


def pretended_route(name, environment, line, folder, takes=".onnx"):
    """A route whose worker does what a line of Python says."""
    worker = folder / f"{name}.py"
    worker.write_text(WORKER.format(line))
    return Route(name, environment, worker, takes)


def copying(path):
    return f"shutil.copy({str(path)!r}, target)"


def network(path, shape="1, 3, 8, 12"):
    """Write an ONNX model, a softmax over channels: which axis they lie on matters."""
    model = onnx.parser.parse_model(f"""<ir_version: 10, opset_import: ["" : 21]>
        net (float[{shape}] image) => (float[{shape}] answer) {{
            answer = Softmax <axis = 1> (image)
        }}""")
    onnx.save(model, path)
    return path


def softmax(shape):
    """The file of a converter that moves the channels last and calls the tensors x and y."""
    options = schema.SoftmaxOptionsT()
    options.beta = 1.0
    return of_one("SOFTMAX", shape, shape, options).to_bytes()
