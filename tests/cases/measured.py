"""A project measured for real, once per test process."""

from __future__ import annotations

import functools

import tiny_detector
from made_once import made_once

from decant.bench import ModelFile, measure
from decant.spec import load_spec

REQUIREMENTS = """
[requirements]
max_drop = 0.02
min_accuracy = 0.5
max_size_ratio = 0.34
min_qps = 1.0
latency = [{ max_ms = 1000.0 }, { max_ms = 5.0, device = "pixel-8" }]
"""
CONVERSION = {
    "hop": "tflite",
    "output": "scores_s8",
    "max_relative": 1e-6,
    "rms_relative": 1e-7,
    "spread": 1.0,
    "tolerance": 1e-4,
    "nan": 0,
}
CANDIDATES = ("static_int8", "dynamic_int8", "badly_calibrated")


def model_file(name):
    """Describe a file of the tiny detector as conversion would."""
    path = tiny_detector.tiny_detector_files() / tiny_detector.FILES[name]
    inputs, outputs = tiny_detector.border(path)
    return ModelFile(name, path, inputs, outputs, None if name == "float" else "quantizer 1.0")


@functools.cache
def project():
    """Write the data and the spec; returns the spec."""
    folder = made_once("measured-project", write_project)
    return load_spec(folder / "model.toml")


def write_project(folder):
    tiny_detector.write_project(folder, requirements=REQUIREMENTS)


def measured():
    """Measure the float file and three candidates; returns the folder of the report."""
    return made_once("measured", measure_files)


def measure_files(out):
    files = [model_file(name) for name in ("float", *CANDIDATES)]
    network = tiny_detector.build()
    measure(project(), out, files=files, network=network, parity=[CONVERSION], threads=(1,))
