"""Takes an example the whole way, and measures a spoilt file of it in place of the right one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from processes import run_here

from decant.artifacts import read_json
from decant.bench import ModelFile, gate, load_report, measure
from decant.bench.gallery import load_gallery
from decant.files import QUANTIZATION
from decant.flatbuffer import Graph
from decant.network import load_network
from decant.spec import load_spec
from decant.tensors import TensorInfo

EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True)
class Run:
    """An example that has gone the whole way.

    Attributes:
        spec: Its `model.toml`.
        out: What came out.
    """

    spec: Path
    out: Path

    @property
    def report(self):
        return load_report(self.out / "report.json")

    @property
    def int8(self):
        """The static int8 file, which meets every requirement.

        Whether it is chosen is up to its time: networks as small as these may be faster in float.
        """
        report = self.report
        (found,) = (each for each in report.candidates if each.name == "static_int8")
        assert found.fit
        for row in report.verdict:
            assert row.candidates["static_int8"].status == "met", row.subject
        assert "static_int8" not in " ".join(report.choice.passed_over)
        return found

    @property
    def gallery(self):
        return load_gallery(self.out / "gallery.json")

    @property
    def page(self):
        return (self.out / "report.html").read_text()

    def gate(self):
        """Judge what came out as CI does."""
        return gate(self.out, load_spec(self.spec))


def go(kind, folder, spec="model.toml"):
    """Run `decant tflite` on an example; returns what came out."""
    spec = EXAMPLES / kind / spec
    run_here(folder, "tflite", spec, "--out", folder / "out")
    return Run(spec, folder / "out")


def doctored_gate(run, folder):
    """Halve the scale of a weight tensor of the int8 file, measure that file alone and judge it.

    Nothing else was measured, so that no sound file can be chosen instead.
    """
    spec, candidates = load_spec(run.spec), read_json(run.out / QUANTIZATION)["candidates"]
    (int8,) = (each for each in candidates if each["name"] == "static_int8")
    inputs, outputs = (
        tuple(TensorInfo.model_validate(each) for each in int8[part])
        for part in ("inputs", "outputs")
    )
    spoilt = folder / "spoilt"
    spoilt.mkdir()
    file = spoilt / "model.tflite"
    file.write_bytes(halved_scale((run.out / int8["file"]).read_bytes()))
    entry = ModelFile("float", file, inputs, outputs)
    measure(spec, spoilt, files=[entry], network=load_network(spec), threads=(1,))
    return gate(spoilt, spec)


def halved_scale(file):
    """Halve the scale of the second layer's int8 weights in a `.tflite`.

    Half of what the last layer computes would have the same order, and a normalization may undo
    half of what the first does.
    """
    graph = Graph.from_bytes(file)
    inputs = [tensor for operator in graph.operators for tensor in operator.inputs if tensor >= 0]
    weights = [
        tensor
        for tensor in inputs
        if graph.is_int8(tensor)
        and len(graph.shape(tensor)) > 1
        and graph.constant(tensor) is not None
    ]
    quantization = graph.subgraph.tensors[weights[1]].quantization
    quantization.scale = np.asarray(quantization.scale, np.float32) / 2
    return graph.to_bytes()
