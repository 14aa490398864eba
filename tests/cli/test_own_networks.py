"""What a factory may return, and where a user is told that it cannot be used."""

import shutil
import subprocess
import sys

import pytest

from decant.provenance import collect
from decant.spec import load_spec

EXPORTED = """
from pathlib import Path

import torch

FILE = Path(__file__).with_name("net.pt2")


def build() -> torch.nn.Module:
    return torch.export.load(FILE).module()
"""

EXPORT = """
import net, torch
program = torch.export.export(net.build(), {inputs})
torch.export.save(program, "net.pt2")
"""


def change(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    "inputs",
    ["(torch.zeros(1, 3, 32, 48),)", '(), {"image": torch.zeros(1, 3, 32, 48)}'],
    ids=["by position", "by keyword"],
)
def test_exported_program_goes_the_whole_way(decant, project, inputs):
    export = EXPORT.format(inputs=inputs)
    subprocess.run([sys.executable, "-c", export], cwd=project, check=True)
    (project / "exported.py").write_text(EXPORTED)
    change(project / "model.toml", "net.py:build", "exported.py:build")
    ended = decant("tflite", "model.toml")
    assert ended.code == 0, ended.err
    assert (project / "build" / "bright" / "model.tflite").exists()
    assert decant("gate", "model.toml").code == 0


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
def test_torchscript_is_refused_with_what_to_return(decant, project):
    change(project / "net.py", "return net.eval()", "return torch.jit.script(net.eval())")
    ended = decant("tflite", "model.toml")
    assert ended.code == 2
    assert "returned a RecursiveScriptModule; return a torch.nn.Module: the network" in ended.err
    assert "torch.export.load(file).module()" in ended.err
    assert not (project / "build" / "bright").exists()


def test_file_that_an_argument_names_is_seen_to_change(project):
    change(project / "model.toml", "[input]", 'arguments = { width = "w.txt", note = "" }\n[input]')
    (project / "w.txt").write_text("8")
    first = collect(load_spec(project / "model.toml")).network.inputs()
    (project / "w.txt").write_text("9")
    second = collect(load_spec(project / "model.toml")).network.inputs()
    assert {key for key in first if first[key] != second[key]} == {"model.arguments.width"}


def test_fault_in_forward_names_its_line(decant, project):
    network = project / "net.py"
    change(network, "self.head(self.features", "self.hed(self.features")
    change(network, "    with torch.no_grad():\n", "    return net\n    with torch.no_grad():\n")
    line = network.read_text()[: network.read_text().index("self.hed")].count("\n") + 1
    ended = decant("tflite", "model.toml")
    assert ended.code == 2
    assert "raised AttributeError: 'Net' object has no attribute 'hed'" in ended.err
    assert f"net.py:{line})" in ended.err


def test_shape_that_does_not_fit_names_the_line(decant, project):
    network = project / "net.py"
    change(network, ".mean((2, 3)))", ".flatten(1))")
    change(network, "    with torch.no_grad():\n", "    return net\n    with torch.no_grad():\n")
    line = network.read_text()[: network.read_text().index("self.head(self")].count("\n") + 1
    ended = decant("tflite", "model.toml")
    assert ended.code == 2
    assert "head (Linear) raised RuntimeError: mat1 and mat2 shapes cannot be mul" in ended.err
    assert f"net.py:{line})" in ended.err


def test_number_of_labels_is_checked_before_quantizing(decant, project):
    change(project / "model.toml", '"dark", "light"', '"dark", "light", "dusk"')
    for part in ("calibration", "validation", "test"):
        (project / part / "dusk").mkdir()
        shutil.copy(project / part / "dark" / "1.png", project / part / "dusk" / "1.png")
        (project / part / "dark" / "1.png").unlink()
    ended = decant("tflite", "model.toml")
    assert ended.code == 5
    assert "output 'output' [1, 2] does not hold 3 scores for each image, one per" in ended.err
    assert "quantize" not in ended.err
