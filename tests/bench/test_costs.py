"""Latency, footprint and operators of real files."""

import time

import numpy as np
import pytest
import tiny_detector
from measured import model_file
from scipy.stats import binom

from decant.bench import ModelFile
from decant.bench.footprint import footprint
from decant.bench.latency import measure_latency, summarise
from decant.bench.profile import profile
from decant.errors import DataError

BUDGET_S = 2.0


@pytest.fixture(scope="module")
def times():
    """Time the float file against itself under another name, and against a smaller relation."""
    twin = model_file("float")
    twin = ModelFile("twin", twin.path, twin.inputs, twin.outputs)
    files = [model_file("float"), twin, model_file("dynamic_int8")]
    return measure_latency(files, (1, 2), budget_s=BUDGET_S)


def test_every_file_is_timed_at_every_setting(times):
    assert list(times) == ["float", "twin", "dynamic_int8"]
    assert {tuple(each) for each in times.values()} == {("threads_1", "threads_2")}


def test_reference_is_its_own_measure(times):
    assert times["float"]["threads_1"].ratio_to_reference == 1.0


def test_the_same_file_twice_is_equally_fast(times):
    # One thread, in turns: noise of the machine hits both, so the ratio keeps within a tenth.
    assert times["twin"]["threads_1"].ratio_to_reference == pytest.approx(1.0, abs=0.1)


def test_figures_are_in_order(times):
    for settings in times.values():
        for each in settings.values():
            assert 0 < each.median <= each.p90
            assert each.n >= 3
            if each.ratio_low is not None:
                assert each.ratio_low <= each.ratio_to_reference <= each.ratio_high


def test_budget_bounds_the_whole(times):
    files = [model_file(name) for name in ("float", "dynamic_int8", "static_int8")]
    start = time.perf_counter()
    measure_latency(files, (1, 2), budget_s=1.0)
    spent = time.perf_counter() - start
    # The rest is the start of one process and the loading of six interpreters.
    assert spent < 1.0 + 15.0


def test_summary_is_in_milliseconds():
    found = summarise([0.001, 0.002, 0.003], [0.002, 0.002, 0.002], [0.004, 0.004, 0.004])
    assert (found.median, found.n, found.ratio_to_reference) == (2.0, 3, 0.5)
    assert found.p90 == pytest.approx(2.8)


def test_ratio_is_taken_round_by_round():
    # A machine that slows down fivefold half-way: times spread, ratios don't.
    reference = np.repeat([0.01, 0.05], 20)
    found = summarise(reference * 0.4, reference * 0.4, reference)
    assert (found.ratio_low, found.ratio_high) == (pytest.approx(0.4), pytest.approx(0.4))


# As tabulated for the 95 % interval of a median.
@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(6, 1, 6), (8, 1, 8), (9, 2, 8), (10, 2, 9), (15, 4, 12), (20, 6, 15)],
)
def test_interval_has_the_tabulated_ranks(count, low, high):
    ranks = np.random.default_rng(0).permutation(np.arange(1.0, count + 1))
    found = summarise(ranks, ranks, np.ones(count))
    assert (found.ratio_low, found.ratio_high) == (low, high)


@pytest.mark.parametrize("count", range(6, 60))
def test_interval_covers_the_true_median_at_its_level_and_is_the_narrowest(count):
    ranks = np.arange(1.0, count + 1)
    found = summarise(ranks, ranks, np.ones(count))
    low = int(found.ratio_low)
    assert found.ratio_high == count + 1 - low
    assert 1 - 2 * binom.cdf(low - 1, count, 0.5) >= 0.95
    assert 1 - 2 * binom.cdf(low, count, 0.5) < 0.95


@pytest.mark.parametrize("count", range(1, 6))
def test_too_few_rounds_state_no_interval(count):
    ratios = np.linspace(0.4, 0.6, count)
    found = summarise(ratios, ratios, np.ones(count))
    assert (found.ratio_low, found.ratio_high) == (None, None)
    assert found.ratio_to_reference == pytest.approx(np.median(ratios))


def test_footprint_counts_process_and_model():
    path = model_file("float").path
    found = footprint(path)
    assert found.load_ms > 0
    assert path.stat().st_size < found.model_memory_bytes < found.peak_memory_bytes
    assert 20e6 < found.peak_memory_bytes < 300e6


def test_larger_activations_take_more_memory(tmp_path):
    from ai_edge_litert.tools import flatbuffer_utils

    path = model_file("float").path
    model = flatbuffer_utils.read_model(str(path))
    for tensor in model.subgraphs[0].tensors:
        if tensor.buffer == 0:
            tensor.shape = [tensor.shape[0], tensor.shape[1] * 8, *tensor.shape[2:]]
    tall = tmp_path / "tall.tflite"
    flatbuffer_utils.write_model(model, str(tall))
    # Two activations of 64 × 64 × 24 float grow from 0.4 MB to 3.1 MB each.
    assert footprint(tall).model_memory_bytes > footprint(path).model_memory_bytes + 2e6


def test_junk_has_no_footprint(tmp_path):
    path = tmp_path / "junk.tflite"
    path.write_bytes(b"junk" * 100)
    with pytest.raises(DataError, match=r"junk\.tflite: LiteRT cannot run this file"):
        footprint(path)


def test_operators_are_counted():
    found = profile(model_file("float").path)
    assert found.operators == {"CONV_2D": 3, "HARD_SWISH": 1}
    assert (found.delegated, found.partitions, found.outside) == (4, 1, {})


def test_operator_outside_xnnpack_cuts_the_graph():
    found = profile(model_file("static_int8").path)
    assert found.outside == {"HARD_SWISH": 1}
    assert (found.delegated, found.partitions) == (3, 2)


def test_without_delegate_everything_is_outside(monkeypatch):
    from decant import delegation as module
    from decant.runtime import open_interpreter

    path = tiny_detector.tiny_detector_files() / tiny_detector.FILES["float"]
    with monkeypatch.context() as patch:
        patch.setattr(module, "open_interpreter", lambda p: open_interpreter(p, delegate=False))
        found = profile(path)
    assert (found.delegated, found.partitions) == (0, 0)
    assert found.outside == found.operators
