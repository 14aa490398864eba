"""Each requirement reads its own figure; another device's is never inferred."""

import pytest
from bench_reports import entry, spec

from decant.bench.formatting import count, signed, written
from decant.bench.verdict import line, on_machine, rows
from decant.machine import this_machine

FLOAT = entry("float")
INT8 = entry("int8", ratio=0.5, size=0.25, drop=0.004, test_drop=0.006, memory=60_000_000)


def row(key, **requirements):
    found = rows(spec(**requirements), (FLOAT, INT8), INT8)
    return next(each for each in found if each.requirement == key)


@pytest.mark.parametrize(
    ("key", "met", "broken", "value"),
    [
        ("max_drop", 0.006, 0.005, 0.006),
        ("min_accuracy", 0.89, 0.9, 0.894),
        ("max_size_bytes", 1_000_000, 999_999, 1_000_000),
        ("max_size_ratio", 0.25, 0.24, 0.25),
        ("max_memory_bytes", 60_000_000, 59_999_999, 60_000_000),
        ("min_qps", 200.0, 200.1, 200.0),
    ],
)
def test_limit_is_met_up_to_its_edge(key, met, broken, value):
    assert row(key, **{key: met}).value == pytest.approx(value)
    assert row(key, **{key: met}).status == "met"
    assert row(key, **{key: broken}).status == "broken"
    assert not row(key, **{key: broken}).passed


@pytest.mark.parametrize(("lost", "status"), [(2, "met"), (3, "met"), (4, "broken")])
def test_drop_is_judged_by_its_count(lost, status):
    # In floats, 293 / 300 - 290 / 300 is 0.010000000000000009.
    file = entry("int8", test_drop=293 / 300 - (293 - lost) / 300)
    (found,) = rows(spec(max_drop=0.01), (FLOAT, file), file)
    assert found.status == status


def test_size_ratio_is_judged_to_the_byte():
    # What is allowed for rounding elsewhere would let it pass.
    large = FLOAT.model_copy(update={"size_bytes": 10**13})
    file = INT8.model_copy(update={"size_bytes": 10**12 + 1})
    found = rows(spec(max_size_ratio=0.1), (large, file), file)[1]
    assert found.status == "broken"


@pytest.mark.parametrize(
    ("limit", "value", "status"),
    [
        ({"max_ms": 5.0}, 5.0, "met"),
        ({"max_ms": 4.9}, 5.0, "broken"),
        ({"max_ms": 4.0, "threads": 2}, 4.0, "met"),
        ({"max_ratio_to_float": 0.5}, 0.5, "met"),
        ({"max_ratio_to_float": 0.49}, 0.5, "broken"),
    ],
    ids=str,
)
def test_latency_is_read_at_its_threads(limit, value, status):
    key = "max_ms" if "max_ms" in limit else "max_ratio_to_float"
    found = row(f"latency[0].{key}", latency=(limit,))
    assert (found.value, found.status) == (value, status)


def test_another_device_is_not_measured_and_does_not_fail():
    found = row("latency[0].max_ms", latency=({"max_ms": 1000.0, "device": "pixel-8"},))
    assert (found.value, found.status, found.passed) == (None, "not measured", True)
    assert found.candidates["int8"].status == "not measured"


def test_another_device_that_must_be_measured_fails():
    limit = {"max_ms": 1000.0, "device": "pixel-8", "must_measure": True}
    assert not row("latency[0].max_ms", latency=(limit,)).passed


def test_rate_is_asked_of_the_first_latencys_device():
    phone = {"max_ms": 5.0, "device": "pixel-8"}
    assert row("min_qps", min_qps=1.0, latency=(phone,)).status == "not measured"
    two = row("min_qps", min_qps=1.0, latency=({"max_ms": 5.0, "threads": 2},))
    assert two.value == pytest.approx(250.0)


def test_candidates_are_judged_on_validation_and_the_shipped_file_on_test():
    found = row("max_drop", max_drop=0.005)
    assert (found.value, found.status) == (pytest.approx(0.006), "broken")
    assert found.candidates["int8"].value == pytest.approx(0.004)
    assert found.candidates["int8"].status == "met"


def test_line_names_value_and_limit_and_leaves_the_status_to_its_reader():
    assert line(row("max_size_ratio", max_size_ratio=0.2)) == (
        "max_size_ratio: file size = 0.250 × float, wanted ≤ 0.200 × float"
    )
    phone = row("latency[0].max_ms", latency=({"max_ms": 9.0, "device": "pixel-8"},))
    assert line(phone) == (
        "latency[0].max_ms: latency (pixel-8, 1 thread) not measured, wanted ≤ 9.00 ms"
    )


def test_line_of_a_limit_that_is_hardly_broken_shows_that_it_is():
    file = entry("int8", test_drop=0.01003)
    (found,) = rows(spec(max_drop=0.01), (FLOAT, file), file)
    assert line(found).endswith("= 0.01003, wanted ≤ 0.01000")


def test_line_says_which_photos_accuracy_is_from():
    assert line(row("min_accuracy", min_accuracy=0.9)) == (
        "min_accuracy: ap50 on test samples = 0.8940, wanted ≥ 0.9000"
    )


def busy(threads):
    """Make the two files as timed while other work took the cores, with that many threads."""
    found = []
    for each in (FLOAT, INT8):
        times = dict(each.latency_ms)
        key = f"threads_{threads}"
        times[key] = times[key].model_copy(update={"other_work": 0.6})
        found.append(each.model_copy(update={"latency_ms": times}))
    return found


@pytest.mark.parametrize(("threads", "expected"), [(1, [True, True, True]), (2, [False] * 3)])
def test_latency_judged_on_a_busy_machine_says_so(threads, expected):
    limits = ({"max_ms": 9.0, "max_ratio_to_float": 0.6},)
    files = busy(threads)
    found = rows(spec(latency=limits, min_qps=1.0, max_size_ratio=0.3), files, files[1])
    told = {each.requirement: each for each in found}
    keys = ("latency[0].max_ms", "latency[0].max_ratio_to_float", "min_qps")
    assert [told[key].busy for key in keys] == expected
    assert line(told[keys[0]]).endswith("; timed on a busy machine") == expected[0]
    assert not told["max_size_ratio"].busy


def test_phone_is_not_called_busy_for_the_host():
    files = busy(1)
    limits = ({"max_ms": 9.0, "device": "pixel-8"},)
    (found,) = [
        each for each in rows(spec(latency=limits), files, files[1]) if "[0]" in each.requirement
    ]
    assert not found.busy


def machine(*isa):
    return this_machine().model_copy(update={"isa": isa})


@pytest.mark.parametrize(
    ("isa", "value"),
    [(("avx2", "avx512_vnni"), 0.5), (("avx2", "avx512_vnni", "amx_int8"), None), ((), None)],
    ids=["same", "wider", "unknown"],
)
def test_limit_of_another_instruction_set_is_not_measured(isa, value):
    limit = {"max_ratio_to_float": 0.4, "isa": "avx512_vnni"}
    judged = on_machine(spec(latency=(limit,)), machine(*isa))
    found = rows(judged, (FLOAT, INT8), INT8)[-1]
    assert (found.value, found.passed) == (value, value is None)


def test_other_instruction_set_is_named():
    limits = ({"max_ms": 9.0, "isa": "avx512_vnni"},)
    judged = on_machine(spec(latency=limits), machine("avx512_vnni", "amx_int8"))
    text = line(rows(judged, (FLOAT, INT8), INT8)[-1])
    assert "host with avx512_vnni; this one has amx_int8, 1 thread" in text
    assert "not measured" in text


def test_other_instruction_set_can_be_made_to_fail():
    limits = ({"max_ms": 9.0, "isa": "avx2", "must_measure": True},)
    judged = on_machine(spec(latency=limits), machine("avx512_vnni"))
    assert not rows(judged, (FLOAT, INT8), INT8)[-1].passed


def test_default_limit_is_called_so():
    assert row("max_drop").subject == "drop of ap50 against PyTorch (default limit)"
    assert row("max_drop", max_drop=0.01).subject == "drop of ap50 against PyTorch"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2_000_000, "bytes", "2.000 MB"),
        (4_200, "bytes", "4.200 kB"),
        (7.744, "ms", "7.74 ms"),
        (0.00471, "ms", "0.00471 ms"),
        (None, "ms", "not measured"),
    ],
)
def test_small_values_keep_their_digits(value, unit, text):
    assert written(value, unit) == text


@pytest.mark.parametrize(
    ("value", "text"), [(-1e-6, "0.0000"), (0.00431, "+0.0043"), (-0.2, "-0.2000")]
)
def test_only_what_is_not_zero_has_a_sign(value, text):
    assert signed(value) == text


def test_one_thing_takes_no_s():
    assert [count(number, "partition") for number in (0, 1, 2)] == [
        *("0 partitions", "1 partition", "2 partitions"),
    ]
