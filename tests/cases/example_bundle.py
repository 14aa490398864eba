"""Bundles of examples in little time: converted and released, not quantized or measured."""

from pathlib import Path

from decant.network import load_network
from decant.pipeline.conversion import calibration_arrays, convert_network
from decant.pipeline.release import Files, ReleaseFile, write_release
from decant.spec import load_spec

EXAMPLES = Path(__file__).parents[2] / "examples"


def write_bundle(kind, folder):
    """Write the float file of an example, its sidecar and golden example; gives the sidecar."""
    spec = load_spec(EXAMPLES / kind / "model.toml")
    converted = convert_network(
        spec, load_network(spec), folder / "converted", calibration_arrays(spec, few=True)
    )
    file = ReleaseFile("float32", converted.tflite, converted.inputs, converted.outputs)
    out = folder / "bundle"
    out.mkdir()
    write_release(spec, Files(file, file, file), {"verdict": []}, {}, out)
    return out / "model.json"
