"""The cut of least cost, against all choices of sides."""

import doctest
import itertools

import numpy as np
import pytest

from decant.quantize.plan import cut
from decant.quantize.plan.cut import Link, Sides, least_cost


def total(chosen, operators, links):
    """What a choice of sides costs, said without a network; None if it is impossible."""
    own = [side.int8 if int8 else side.float for side, int8 in zip(operators, chosen, strict=True)]
    if None in own:
        return None
    cost = sum(own)
    for link in links:
        written = link.writer is not None and chosen[link.writer]
        reads_int8 = any(chosen[reader] for reader in link.readers)
        reads_float = link.given_out or not all(chosen[reader] for reader in link.readers)
        cost += link.dequantize if written and reads_float else 0
        cost += link.quantize if not written and reads_int8 else 0
    return cost


def random_case(seed):
    generator = np.random.default_rng(seed)
    count = 7
    costs = generator.uniform(0.1, 5, (count, 2))
    operators = [Sides(*map(float, pair)) for pair in costs]
    operators[seed % count] = Sides(None, 1.0)
    operators[(seed + 3) % count] = Sides(1.0, None)
    links = [Link(None, (0,), False, *map(float, generator.uniform(0, 2, 2)))]
    for writer in range(count):
        later = np.arange(writer + 1, count)
        readers = generator.choice(later, min(len(later), 2), replace=False)
        conversions = map(float, generator.uniform(0, 2, 2))
        given_out = bool(writer == count - 1 or generator.integers(4) == 0)
        links.append(Link(writer, tuple(map(int, readers)), given_out, *conversions))
    return operators, links


@pytest.mark.parametrize("seed", range(20))
def test_no_choice_of_sides_costs_less(seed):
    operators, links = random_case(seed)
    choices = itertools.product((False, True), repeat=len(operators))
    costs = [total(choice, operators, links) for choice in choices]

    found = total(least_cost(operators, links), operators, links)

    assert found == pytest.approx(min(cost for cost in costs if cost is not None), abs=1e-6)


def test_a_tensor_of_several_readers_is_converted_once():
    cheap = Sides(1.0, 2.0)
    links = [Link(0, (1, 2, 3), False, 2.5, 2.5)]

    assert least_cost([Sides(None, 1.0), cheap, cheap, cheap], links) == [False, True, True, True]
    assert least_cost([Sides(None, 1.0), cheap, cheap], [Link(0, (1, 2), False, 2.5, 2.5)]) == [
        False, False, False
    ]  # fmt: skip


def test_tied_operators_are_on_the_same_side():
    operators = [Sides(1.0, 2.0), Sides(3.0, 1.0)]

    assert least_cost(operators, []) == [True, False]
    assert least_cost(operators, [], ties=[(0, 1)]) == [False, False]
    assert least_cost([Sides(1.0, 4.0), operators[1]], [], ties=[(0, 1)]) == [True, True]


def test_of_equal_choices_the_one_with_least_int8_is_taken():
    assert least_cost([Sides(1.0, 1.0)], []) == [False]


def test_examples():
    assert doctest.testmod(cut).failed == 0


def test_a_tie_that_is_named_from_both_ends_holds():
    """Capacities of the same edge are added in 32 bits, which two impossible ones overflow."""
    operators = [Sides(1.0, 4.0), Sides(None, 1.0)]

    assert least_cost(operators, [], [(0, 1), (1, 0)]) == [False, False]
