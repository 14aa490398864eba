"""Calibration samples are split and measured."""

import numpy as np
import pytest
import tiny_graph
from ai_edge_litert import schema_py_generated as schema

from decant.flatbuffer import empty_graph
from decant.inputs import cut_runs
from decant.quantize.calibrate import (
    CHUNK,
    MEASURED_SAMPLES,
    few,
    measure,
    measure_in_chunks,
    split,
)
from decant.tensors import TensorInfo


def runs_of(count):
    info = TensorInfo(name="x", shape=(1,), dtype="float32")
    return cut_runs({"x": np.arange(count, dtype=np.float32)[:, None]}, [info])


@pytest.mark.parametrize(
    ("count", "kept", "held_out"),
    [
        (1, [0], [0]),
        (2, [0], [1]),
        (3, [0, 1], [2]),
        (9, [0, 1, 2, 4, 5, 6, 8], [3, 7]),
    ],
)
def test_measuring_uses_other_samples_than_calibrating(count, kept, held_out):
    parts = [[int(sample["x"][0]) for sample in part] for part in split(runs_of(count))]
    assert parts == [kept, held_out]


def test_of_many_samples_a_bounded_number_is_held_out_evenly():
    kept, held_out = split(runs_of(1000))
    places = [int(sample["x"][0]) for sample in held_out]
    assert len(kept) + len(held_out) == 1000
    assert 48 <= len(places) <= MEASURED_SAMPLES
    assert len({*np.diff(places)}) == 1
    assert len(few(runs_of(1000))) <= MEASURED_SAMPLES


def test_statistics_are_those_of_the_activations():
    graph = tiny_graph.of_one("RELU", (1, 4), (1, 4))
    info = TensorInfo(name="x", shape=(1, 4), dtype="float32")
    samples = cut_runs({"x": np.array([[-2, 0, 1, 3], [-1, 1, 1, 1]], np.float32)}, [info])
    found = measure(graph.to_bytes(), [info], samples)
    assert {name: (seen.low, seen.high) for name, seen in found.items()} == {
        "x": (-2.0, 3.0),
        "y": (0.0, 3.0),
    }
    assert (found["y"].zeros, found["y"].histogram.counts.sum()) == (3, 5)
    assert (found["x"].average_low, found["x"].average_high) == (-1.5, 2.0)


def test_samples_in_several_processes_are_as_those_in_one():
    graph = tiny_graph.of_one("RELU", (1, 4), (1, 4))
    info = TensorInfo(name="x", shape=(1, 4), dtype="float32")
    values = np.random.default_rng(0).normal(size=(CHUNK + 3, 4)).astype(np.float32)
    runs = cut_runs({"x": values}, [info])
    whole = measure(graph.to_bytes(), [info], runs)
    parted = measure_in_chunks(graph.to_bytes(), [info], runs, "calibration")
    for name, seen in whole.items():
        assert parted[name].samples == seen.samples == CHUNK + 3
        assert parted[name].average_high == seen.average_high
        np.testing.assert_array_equal(parted[name].histogram.counts, seen.histogram.counts)


class Watched:
    """Counts the samples that `measure` runs, and stops it after some chunks."""

    def __init__(self, monkeypatch, chunks=99):
        self.samples, self._chunks = 0, chunks
        monkeypatch.setattr("decant.quantize.calibrate.run_checked", self)

    def __call__(self, function, model, inputs, runs, before):
        if not self._chunks:
            raise KeyboardInterrupt
        self._chunks -= 1
        self.samples += len(runs)
        return function(model, inputs, runs, before)


def relu(values):
    info = TensorInfo(name="x", shape=(1, 4), dtype="float32")
    graph = tiny_graph.of_one("RELU", (1, 4), (1, 4))
    return graph.to_bytes(), [info], cut_runs({"x": values}, [info])


def drawn(count):
    return np.random.default_rng(0).normal(size=(count, 4)).astype(np.float32)


def test_an_interrupted_calibration_goes_on_where_it_was(tmp_path, monkeypatch):
    asked = (*relu(drawn(2 * CHUNK + 3)), "calibration")
    whole = measure_in_chunks(*asked)
    Watched(monkeypatch, chunks=2)
    with pytest.raises(KeyboardInterrupt):
        measure_in_chunks(*asked, tmp_path)
    watched = Watched(monkeypatch)
    found = measure_in_chunks(*asked, tmp_path)
    assert watched.samples == 3
    assert repr(found) == repr(whole)


def test_a_second_calibration_runs_nothing(tmp_path, monkeypatch):
    values = drawn(5)
    values[1, 2] = 1000
    overflowing = tiny_graph.of_one("EXP", (1, 4), (1, 4), schema.ExpOptionsT()).to_bytes()
    asked = (overflowing, *relu(values)[1:], "calibration")
    found = measure_in_chunks(*asked, tmp_path)
    watched = Watched(monkeypatch)
    again = measure_in_chunks(*asked, tmp_path)
    assert watched.samples == 0
    assert repr(again) == repr(found)
    assert not again["y"].usable


@pytest.mark.parametrize("what", ["data", "more-data", "model", "inputs", "damaged"])
def test_what_is_kept_of_something_else_counts_for_nothing(what, tmp_path, monkeypatch):
    model, inputs, runs = relu(drawn(5))
    measure_in_chunks(model, inputs, runs, "calibration", tmp_path)
    (path,) = tmp_path.iterdir()
    if what == "data":
        runs = relu(drawn(5) + 1)[2]
    elif what == "more-data":
        runs = relu(drawn(6))[2]
    elif what == "model":
        model = tiny_graph.of_one("ABS", (1, 4), (1, 4), schema.AbsOptionsT()).to_bytes()
    elif what == "inputs":
        inputs = [inputs[0].model_copy(update={"scale": 1.0})]
    else:
        path.write_bytes(path.read_bytes()[:50])
    watched = Watched(monkeypatch)
    found = measure_in_chunks(model, inputs, runs, "calibration", tmp_path)
    assert watched.samples == len(runs)
    assert found["x"].samples == len(runs)


@pytest.mark.parametrize("order", [[0, 1], [1, 0]], ids=["finite-first", "infinite-first"])
def test_an_activation_that_overflows_has_no_range(order):
    graph = tiny_graph.of_one("EXP", (1, 2), (1, 2), schema.ExpOptionsT())
    info = TensorInfo(name="x", shape=(1, 2), dtype="float32")
    samples = [{"x": np.array([[0, top]], np.float32)} for top in (1, 1000)]
    found = measure(graph.to_bytes(), [info], [samples[at] for at in order])
    assert (found["x"].low, found["x"].high) == (0, 1000)
    assert np.isnan([found["y"].low, found["y"].high]).all()


def test_an_output_that_nothing_reads_is_measured_too():
    graph = empty_graph()
    x, left, right, y = (
        graph.add_tensor(name, shape)
        for name, shape in (("x", (1, 4)), ("left", (1, 2)), ("right", (1, 2)), ("y", (1, 2)))
    )
    axis = graph.add_constant("axis", np.array(1, np.int32))
    options = schema.SplitOptionsT()
    options.numSplits = 2
    split_in_two = graph.operator("SPLIT", [axis, x], left, options)
    split_in_two.outputs = [left, right]
    graph.subgraph.inputs, graph.subgraph.outputs = [x], [y]
    graph.subgraph.operators = [split_in_two, graph.operator("RELU", [left], y)]
    info = TensorInfo(name="x", shape=(1, 4), dtype="float32")
    samples = [{"x": np.array([[1, 2, 3, 4]], np.float32)}]
    found = measure(graph.to_bytes(), [info], samples)
    assert (found["left"].low, found["left"].high) == (1.0, 2.0)
    assert (found["right"].low, found["right"].high) == (3.0, 4.0)
