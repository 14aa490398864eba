"""PyTorch against its ONNX file: what agrees, what is told, and which module is at fault."""

from types import MappingProxyType

import numpy as np
import onnx
import pytest
import torch
from torch import nn
from torch_networks import MobileDetector, compared, pictures, settled

from decant.convert import to_tflite
from decant.convert.export.pt2 import load_pt2, pt2_reference
from decant.convert.export.to_onnx import pt2_to_onnx
from decant.convert.verify.exported import expected_of, with_noise
from decant.convert.verify.oracle import Model, Oracle
from decant.errors import ParityError


@pytest.fixture(scope="module")
def detector():
    return settled(MobileDetector())


def test_onnx_runtime_agrees_with_pytorch(detector, tmp_path):
    found = compared(detector, {"image": pictures(1)}, tmp_path)
    assert {p.hop for p in found.parities} == {"pytorch → onnx"}
    assert [p.output for p in found.parities] == ["scores", "corners", "level"]
    assert max(p.max_relative for p in found.parities) < 1e-5
    assert all(p.conclusive for p in found.parities)
    assert [len(form.answers) for form in found.forms] == [1, 1]


def test_an_archive_agrees_with_its_file(detector, tmp_path):
    program = torch.export.export(detector, (), {"image": torch.from_numpy(pictures(1))})
    torch.export.save(program, tmp_path / "m.pt2")
    pt2_to_onnx(tmp_path / "m.pt2", tmp_path / "m.onnx")
    reference = pt2_reference(load_pt2(tmp_path / "m.pt2"))
    oracle = Oracle(Model(tmp_path / "m.onnx", reference, exported=True))
    names = [value.name for value in onnx.load(tmp_path / "m.onnx").graph.output]
    found = expected_of(oracle, [{"image": pictures(1)}], names, 1e-4)
    assert max(p.max_relative for p in found.parities) < 1e-5


def test_noise_is_another_input_of_the_same_kind():
    sample = MappingProxyType({"x": np.zeros((2, 3), np.float32), "ids": np.arange(6)})
    other = with_noise(dict(sample))
    assert {name: (x.shape, x.dtype) for name, x in other.items()} == {
        name: (x.shape, x.dtype) for name, x in sample.items()
    }
    assert np.abs(other["x"]).min() > 0
    assert other["ids"].tolist() == [5, 4, 3, 2, 1, 0]


class Root(nn.Module):
    def forward(self, x):
        return x.sqrt()


def test_noise_that_the_model_is_not_made_for_is_no_failure(tmp_path):
    found = compared(Root().eval(), {"x": np.full((1, 3), 0.01, np.float32)}, tmp_path)
    assert [p.nan for p in found.parities] == [0]


class OtherwiseInFile(nn.Module):
    """Adds a quarter, but only in the exported file."""

    def forward(self, x):
        return x + 0.25 if torch.compiler.is_exporting() else x


def test_the_module_that_differs_from_its_file_is_named(tmp_path):
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.Sequential(nn.ReLU(), OtherwiseInFile()), nn.Sigmoid()
    )
    with pytest.raises(
        ParityError, match=r"first module whose result differs is 1\.1 \(OtherwiseInFile\)"
    ):
        to_tflite(network.eval(), tmp_path / "out", inputs={"input": pictures(2)})
    assert not (tmp_path / "out").exists()


class OtherwiseOffZero(nn.Module):
    """Adds its input's square, but only in the exported file: at zero nobody sees it."""

    def forward(self, x):
        return x + x * x if torch.compiler.is_exporting() else x


def test_samples_of_zeros_do_not_hide_what_an_export_changes(tmp_path):
    with pytest.raises(ParityError, match="pytorch → onnx: 1 of 1 outputs differ"):
        compared(OtherwiseOffZero().eval(), {"x": np.zeros((1, 2, 3), np.float32)}, tmp_path)


class Chaotic(nn.Module):
    """The logistic map: every step doubles a rounding error."""

    def forward(self, x):
        x = x.sigmoid()
        for _ in range(30):
            x = 3.99 * x * (1 - x)
        return x


def test_a_network_that_amplifies_rounding_is_told_apart(tmp_path):
    with pytest.raises(ParityError, match="these weights amplify rounding"):
        compared(Chaotic().eval(), {"input": pictures(1)}, tmp_path)


def test_the_hop_is_compared_once(detector, tmp_path, monkeypatch):
    """Neither PyTorch nor ONNX Runtime is asked again by the hops that follow."""
    from decant.convert.verify import oracle

    asked = []
    answers = oracle.Oracle.answers
    monkeypatch.setattr(oracle.Oracle, "answers", lambda *given: asked.append(1) or answers(*given))
    report = to_tflite(detector, tmp_path / "out", inputs={"image": pictures(2)})
    assert asked == [1]
    assert [p.output for p in report.parity if p.hop == "pytorch → onnx"] == [
        info.name for info in report.outputs
    ]
