"""The fastest file inside every requirement on the validation set ships."""

import pytest
from bench_reports import entry, spec

from decant.bench.choose import choose, decisive_threads

FLOAT = entry("float")


def chosen(spec_, *candidates):
    return choose(spec_, (FLOAT, *candidates)).name


def test_fastest_that_fits_is_chosen():
    slow, fast = entry("slow", ratio=0.7), entry("fast", ratio=0.4)
    assert chosen(spec(), slow, fast) == "fast"


def test_faster_file_outside_a_requirement_is_passed_over():
    fast, right = entry("fast", ratio=0.3, drop=0.02), entry("right", ratio=0.5, drop=0.005)
    assert chosen(spec(max_drop=0.01), fast, right) == "right"


def test_validation_decides_and_test_does_not():
    lucky = entry("lucky", ratio=0.3, drop=0.02, test_drop=0.0)
    unlucky = entry("unlucky", ratio=0.5, drop=0.0, test_drop=0.02)
    assert chosen(spec(max_drop=0.01), lucky, unlucky) == "unlucky"


def test_within_three_percent_the_smaller_is_chosen():
    faster, smaller = (
        entry("faster", ratio=0.500, size=0.5),
        entry("smaller", ratio=0.514, size=0.3),
    )
    assert chosen(spec(), faster, smaller) == "smaller"


def test_beyond_three_percent_size_does_not_count():
    faster, smaller = (
        entry("faster", ratio=0.500, size=0.5),
        entry("smaller", ratio=0.517, size=0.3),
    )
    assert chosen(spec(), faster, smaller) == "faster"


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")], ids=" then ".join)
def test_equal_size_leaves_it_to_the_recipes_order(order):
    assert chosen(spec(), *(entry(name, ratio=0.5, size=0.3) for name in order)) == order[0]


def test_float_wins_where_it_is_the_fastest():
    assert chosen(spec(), entry("int8", ratio=1.5, size=0.3)) == "float"


def test_float_is_kept_where_none_fits_and_each_fault_is_told():
    wrong, large = entry("wrong", ratio=0.4, size=0.3, drop=0.05), entry("large", size=0.9)
    choice = choose(spec(max_drop=0.01, max_size_ratio=0.34), (FLOAT, wrong, large))
    assert choice.name == "float"
    assert "wrong: max_drop = 0.0500" in choice.reason
    assert "large: max_size_ratio = 0.900 × float" in choice.reason
    assert "float: max_size_ratio = 1.000 × float" in choice.reason


def test_first_host_limit_names_the_deciding_threads():
    limits = ({"max_ms": 5.0, "device": "pixel-8", "threads": 4}, {"max_ms": 5.0, "threads": 2})
    assert decisive_threads(spec(latency=limits)) == "threads_2"
    assert decisive_threads(spec()) == "threads_1"


def test_unmeasured_phone_does_not_keep_a_file_from_being_chosen():
    limits = ({"max_ms": 5.0, "device": "pixel-8", "must_measure": True},)
    assert chosen(spec(latency=limits), entry("int8", ratio=0.4, size=0.3)) == "int8"


def test_drop_of_exactly_the_limit_is_no_reason_to_pass_a_file_over():
    # 3 of 300 in floats: 0.010000000000000009.
    assert (
        chosen(spec(max_drop=0.01), entry("int8", ratio=0.4, drop=293 / 300 - 290 / 300)) == "int8"
    )
