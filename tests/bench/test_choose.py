"""The fastest file inside every requirement on the validation set ships."""

import pytest
from bench_reports import entry, spec, unfit

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


def test_float_is_kept_where_none_fits_and_each_fault_is_told_in_a_line_per_file():
    wrong, large = entry("wrong", ratio=0.4, size=0.3, drop=0.05), entry("large", size=0.9)
    choice = choose(spec(max_drop=0.01, max_size_ratio=0.34), (FLOAT, wrong, large))
    assert choice.name == "float"
    assert choice.reason == "no file meets every requirement, so the float file is kept"
    assert choice.passed_over == (
        "float: file size is 1.000 × float (limit 0.340 × float)",
        "wrong: drop of ap50 against PyTorch on validation samples is 0.0500 (limit 0.0100)",
        "large: file size is 0.900 × float (limit 0.340 × float)",
    )


def test_faster_file_is_passed_over_with_its_validation_figures():
    fast = entry("fast", ratio=0.52, size=0.5, drop=0.013, test_drop=0.0)
    slow = entry("slow", ratio=1.2, drop=0.05)
    choice = choose(spec(max_drop=0.01, max_size_ratio=0.34), (FLOAT, fast, slow))
    assert choice.passed_over[1] == (
        "fast: drop of ap50 against PyTorch on validation samples is 0.0130 (limit 0.0100); file "
        "size is 0.500 × float (limit 0.340 × float)"
    )
    choice = choose(spec(max_drop=0.01), (FLOAT, fast, slow))
    assert choice.name == "float"
    assert choice.passed_over == (
        "fast is faster (0.52 ×), but its drop of ap50 against PyTorch on validation samples is "
        "0.0130 (limit 0.0100)",
    )


def test_several_faults_of_a_faster_file_are_all_told():
    fast, right = entry("fast", ratio=0.5, size=0.5, drop=0.2), entry("right", ratio=0.6, size=0.3)
    choice = choose(spec(min_accuracy=0.8, max_size_ratio=0.34), (FLOAT, fast, right))
    (line,) = choice.passed_over
    assert line.endswith(
        "is 0.2000 (limit 0.0100) and its ap50 on validation samples is 0.7000 (at least 0.8000) "
        "and its file size is 0.500 × float (limit 0.340 × float)"
    )


def test_value_just_beyond_the_limit_is_written_so_that_one_sees_it():
    fast = entry("fast", ratio=0.5, drop=0.01003)
    (line,) = choose(spec(max_drop=0.01), (FLOAT, fast)).passed_over
    assert line.endswith("is 0.01003 (limit 0.01000)")


def test_nothing_is_passed_over_where_the_fastest_is_chosen():
    slow, fast = entry("slow", ratio=0.7, drop=0.05), entry("fast", ratio=0.4)
    assert choose(spec(max_drop=0.01), (FLOAT, slow, fast)).passed_over == ()


LOST = (
    "output0[:, 4:7, :] has lost its information (-0.1 dB, 1 distinct value where the float file "
    "has 5,120)"
)


@pytest.mark.parametrize(
    ("ratio", "line"),
    [
        (0.3, f"int8 is faster (0.30 ×), but its {LOST}"),
        (0.9, f"int8 is unfit: its {LOST}"),
    ],
    ids=["faster", "slower"],
)
def test_file_that_has_lost_an_output_is_passed_over_whatever_it_scores(ratio, line):
    half = entry("half", ratio=0.8)
    choice = choose(spec(), (FLOAT, unfit(entry("int8", ratio=ratio)), half))
    assert choice.name == "half"
    assert choice.passed_over == (line,)


def test_float_is_kept_where_every_candidate_has_lost_an_output():
    choice = choose(spec(), (FLOAT, unfit(entry("int8", ratio=0.3))))
    assert choice.name == "float"
    assert choice.reason == "every candidate has lost part of an output, so the float file is kept"
    assert choice.passed_over == (f"int8 is faster (0.30 ×), but its {LOST}",)


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
