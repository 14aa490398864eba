"""Carries out the page's own modules in Node, and describes to them what a model gave."""

import base64
import json
import subprocess
from pathlib import Path

import numpy as np

SCRIPT = Path(__file__).parents[1] / "demo" / "javascript.mjs"


def in_node(cases):
    """Carry out cases in one Node process."""
    ended = subprocess.run(
        ["node", SCRIPT], input=json.dumps(cases), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def base64_of(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def array_of(text, dtype, shape):
    return np.frombuffer(base64.b64decode(text), dtype).reshape(shape)


def decode_case(outputs, decode, labels, placement, layout):
    """Let Node decode outputs, given in ONNX order, as they lie in a file of this layout."""
    infos, files = [], {}
    for name, array in outputs.items():
        file = np.moveaxis(array, 1, -1) if layout in ("nhwc", "nwc") else array
        infos.append({"name": name, "shape": list(file.shape), "layout": layout})
        files[name] = base64_of(file)
    sidecar = {"outputs": infos, "labels": labels, "decode": decode.model_dump()}
    (scale, offset) = placement.scale, placement.offset
    where = {"scaleX": scale[0], "scaleY": scale[1], "offsetX": offset[0], "offsetY": offset[1]}
    where |= {"width": placement.size[0], "height": placement.size[1]}
    if placement.tensor is not None:
        where |= {"tensorWidth": placement.tensor[0], "tensorHeight": placement.tensor[1]}
    return {"action": "decode", "outputs": files, "sidecar": sidecar, "placement": where}


def found_in_node(cases):
    """Decode cases in Node; gives only the predictions."""
    return [answer["predictions"] for answer in in_node(cases)]
