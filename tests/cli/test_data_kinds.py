"""Rows, arrays and a data set of the user's own go the whole way side by side."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from decant.artifacts import read_json
from decant.provenance import changes, provenance_of
from decant.spec import load_spec

NETWORK = """
from itertools import pairwise

import numpy as np
import torch


class Net(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = torch.nn.Linear(6, 32)
        self.last = torch.nn.Linear(32, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(torch.relu(self.first(x)))


class Samples(torch.utils.data.Dataset):
    def __init__(self, count: int) -> None:
        self.values = np.random.default_rng(9).normal(size=(count, 6)).astype(np.float32)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        values = torch.from_numpy(self.values[index])
        return values, values[:2]
"""

SPEC = """
[model]
name = "rows"
factory = "net.py:Net"

[input]
kind = "array"
name = "x"
shape = [1, 6]

[task]
kind = "regression"
targets = ["u", "v"]
unit = "kg"

[data]
calibration = { kind = "dataset", factory = "net.py:Samples", arguments = { count = 20 } }
validation = { kind = "arrays", path = "validation.npz", input = "values", truth = "goal" }

[data.test]
kind = "table"
path = "test.csv"
input = ["a", "b", "c", "d", "e", "file"]
truth = { target = ["u", "v"] }
tags = "tag"

[requirements]
max_drop = 1.0
max_size_ratio = 0.9

[quantization]
recipes = ["dynamic_int8"]
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(3)
    values, goal = random.normal(size=(30, 6)), random.normal(size=(30, 2))
    np.savez(tmp_path / "validation.npz", values=values, goal=goal)
    rows = random.normal(size=(25, 8)).round(3).tolist()
    lines = ["a,b,c,d,e,file,u,v,tag"]
    lines += [",".join(map(str, [*row, "odd" if i % 2 else ""])) for i, row in enumerate(rows)]
    (tmp_path / "test.csv").write_text("\n".join(lines))
    (tmp_path / "net.py").write_text(NETWORK)
    (tmp_path / "model.toml").write_text(SPEC)
    return tmp_path


def test_the_whole_way_on_rows_arrays_and_a_data_set(decant, project):
    ended = decant("tflite", "model.toml")
    assert ended.code in (0, 1), ended.err
    report = read_json(project / "build/rows/report.json")
    assert report["data"]["test"]["images"] == 25
    assert report["data"]["validation"]["images"] == 30
    assert report["reference"]["slices"]["odd"]["count"] == 12
    assert [each["name"] for each in report["reference"]["labels"]] == ["u", "v"]
    assert "kg" in (project / "build/rows/report.html").read_text()


def test_a_changed_row_array_or_argument_makes_a_result_stale(project):
    spec = project / "model.toml"
    seen = [provenance_of(load_spec(spec))]
    table = project / "test.csv"
    table.write_text(table.read_text().replace("odd", "rare"))
    seen.append(provenance_of(load_spec(spec)))
    np.savez(project / "validation.npz", values=np.ones((3, 6)), goal=np.ones((3, 2)))
    seen.append(provenance_of(load_spec(spec)))
    spec.write_text(SPEC.replace("count = 20", "count = 19"))
    seen.append(provenance_of(load_spec(spec)))
    network = project / "net.py"
    network.write_text(network.read_text().replace("normal(size", "uniform(size"))
    seen.append(provenance_of(load_spec(spec)))
    found = [changes(*pair) for pair in pairwise(seen)]
    assert all(found), found
    assert any("data.test.path" in line for line in found[0])
    assert any("data.validation.path" in line for line in found[1])


def test_file_that_a_row_names_makes_a_result_stale(project):
    (project / "files").mkdir()
    for index in range(3):
        np.save(project / "files" / f"{index}.npy", np.full(6, index, np.float32))
    (project / "named.csv").write_text("file,u,v\n" + "".join(f"{i}.npy,1,{i}\n" for i in range(2)))
    start = SPEC.index("[data.test]")
    test = '[data.test]\nkind = "table"\npath = "named.csv"\nfiles = "files"\ninput = "file"\n'
    stop = SPEC.index("[requirements]")
    truth = 'truth = { target = ["u", "v"] }\n'
    (project / "model.toml").write_text(SPEC[:start] + test + truth + SPEC[stop:])
    spec = load_spec(project / "model.toml")
    first = provenance_of(spec)
    np.save(project / "files" / "2.npy", np.zeros(6, np.float32))
    assert not changes(first, provenance_of(spec))
    np.save(project / "files" / "1.npy", np.zeros(6, np.float32))
    assert any("data.test.files" in line for line in changes(first, provenance_of(spec)))


@pytest.mark.parametrize(
    ("values", "goal", "said"),
    [
        (np.ones((9, 5)), np.ones((9, 2)), 'sample "00000": input x takes [6] for each sample'),
        (np.full((9, 6), np.nan), np.ones((9, 2)), 'sample "00000": input x holds NaN'),
        (np.ones((9, 6)), np.full((9, 2), np.inf), 'sample 0: the target "u" is inf; give a fin'),
    ],
    ids=["shape", "NaN", "truth"],
)
def test_first_sample_that_does_not_fit_is_told_before_anything_is_made(
    decant, project, values, goal, said
):
    np.savez(project / "validation.npz", values=values, goal=goal)
    ended = decant("tflite", "model.toml")
    assert ended.code == 5
    assert "error: data.validation: " in ended.err
    assert said in ended.err
    assert "convert" not in ended.err
    assert not (project / "build").exists()
