"""Which operator gets which scheme, by what operators cost and what rounding does."""

import mobile_network
import pytest

from decant.flatbuffer.graph import Graph
from decant.quantize.plan.assignment import assign, recipe_of
from decant.quantize.plan.noise import Noise
from decant.quantize.plan.objectives import Memory, Size
from decant.quantize.plan.search import Search, foreseen_plans
from decant.quantize.schemes import DYNAMIC_KINDS, STATIC_KINDS
from decant.quantize.simulate import weights_of

# Of what stays float, what becomes a table between integers.
TABLES = ("HARD_SWISH",)
FAST = {"float": 1.0, "static_int8": 0.4, "dynamic_int8": 0.6}


class Times:
    """As measured costs, of which each operator of a kind has the same."""

    unit = "ms"

    def __init__(self, graph, border=0.01):
        self.graph, self.border = graph, border

    def operator_ms(self, at, scheme):
        kind = self.graph.kind(self.graph.operators[at])
        takes = {"static_int8": (*STATIC_KINDS, *TABLES), "dynamic_int8": DYNAMIC_KINDS}
        return FAST[scheme] if kind in takes.get(scheme, (kind,)) else None

    operator_cost = operator_ms

    def tied_to(self, _at):
        return None

    def quantize_cost(self, _tensor):
        return self.border

    dequantize_cost = quantize_cost

    def whole_cost(self, schemes):
        return sum(self.operator_ms(at, scheme) or 1.0 for at, scheme in enumerate(schemes))


@pytest.fixture(scope="module")
def graph(float_path):
    graph = Graph.from_file(float_path)
    graph.rename_duplicates()
    graph.to_bytes()
    return graph


def quiet(graph):
    return Noise({}, dict.fromkeys(range(len(graph.operators)), 0.0))


def loud(graph, chosen):
    """Noise of the weights and of the results of some operators."""
    results = [int(graph.operators[at].outputs[0]) for at in chosen]
    return Noise(dict.fromkeys(results, 0.1), dict.fromkeys(chosen, 0.1))


def test_without_noise_the_fastest_scheme_is_taken(graph):
    schemes = assign(graph, Times(graph), quiet(graph), price=1.0)

    assert set(schemes) == {"static_int8"}


def test_where_borders_cost_more_than_int8_gains_all_is_float_or_dynamic(graph):
    schemes = assign(graph, Times(graph, border=10.0), quiet(graph), price=1.0)

    assert set(schemes) == {"float", "dynamic_int8"}


def test_noise_that_costs_too_much_keeps_its_operator_float(graph):
    convolutions = [n for n, op in enumerate(graph.operators) if graph.kind(op) == "CONV_2D"]
    chosen = convolutions[3:4]

    cheap = assign(graph, Times(graph), loud(graph, chosen), price=0.1)
    dear = assign(graph, Times(graph), loud(graph, chosen), price=100.0)

    assert cheap[chosen[0]] == "static_int8"
    assert dear[chosen[0]] == "float"
    assert dear.count("static_int8") < cheap.count("static_int8")


def test_a_recipe_gives_every_operator_its_scheme(graph):
    convolutions = [n for n, op in enumerate(graph.operators) if graph.kind(op) == "CONV_2D"]
    schemes = list(assign(graph, Times(graph), quiet(graph), price=1.0))
    schemes[convolutions[0]], schemes[convolutions[2]] = "float", "dynamic_int8"

    recipe = recipe_of(graph, tuple(schemes), "plan", "plan.tflite")

    from decant.quantize.ranges import written_by

    given = [
        recipe.scheme_of(graph.kind(each), written_by(graph, each)).name for each in graph.operators
    ]
    tables = [graph.kind(operator) in TABLES for operator in graph.operators]
    assert given == [
        "float" if table else scheme for table, scheme in zip(tables, schemes, strict=True)
    ]


def test_plans_go_from_the_cheapest_to_the_most_faithful(graph):
    convolutions = [n for n, op in enumerate(graph.operators) if graph.kind(op) == "CONV_2D"]
    noise = Noise({}, {n: 10.0 ** -(at / 4 + 1) for at, n in enumerate(convolutions)})

    def simulate(plans):
        return [
            sum(noise.weights.get(at, 0) for at, each in enumerate(plan) if each != "float")
            for plan in plans
        ]

    plans = foreseen_plans(graph, Times(graph), noise, simulate)

    assert len(plans) > 2
    assert [plan.cost for plan in plans] == sorted(plan.cost for plan in plans)
    assert [plan.snr_db for plan in plans] == sorted(plan.snr_db for plan in plans)
    assert all(set(plan.schemes) != {"float"} for plan in plans)


class Kept:
    """What a file keeps, as a candidate says it."""

    def __init__(self, weakest_db):
        self.weakest_db = weakest_db


@pytest.mark.parametrize("wrong_by", [-12.0, -3.0, 0.0, 3.0, 12.0])
@pytest.mark.parametrize("demand", [5.0, 17.0, 26.0, 33.0, 99.0])
def test_the_cheapest_plan_that_meets_a_demand_is_found(graph, demand, wrong_by, mocked_plans):
    """However far the files are from what was foreseen of them."""
    made = []

    def make(recipe):
        made.append(recipe.name)
        number = int(recipe.name.removeprefix("plan_"))
        return Kept(mocked_plans[number].snr_db + wrong_by), b""

    search = Search(graph, mocked_plans, make, until=float("inf"))
    found = search.cheapest(lambda each: each.weakest_db >= demand, demand)

    meeting = [n for n, plan in enumerate(mocked_plans) if plan.snr_db + wrong_by >= demand]
    assert (found and found.foreseen) == (mocked_plans[meeting[0]] if meeting else None)
    assert len(made) == len(set(made)) <= 8


@pytest.fixture
def mocked_plans(graph):
    from decant.quantize.plan.search import Foreseen

    schemes = ("float",) * len(graph.operators)
    return [Foreseen(schemes, float(n), 2.0 * n) for n in range(20)]


def test_no_file_is_begun_when_the_time_is_over(graph, mocked_plans):
    search = Search(graph, mocked_plans, lambda _: pytest.fail("begun"), until=0.0)

    assert search.cheapest(lambda _: True, 0.0) is None
    assert search.spent


def test_size_counts_weights_and_memory_what_is_alive(graph):
    times = Times(graph)
    size, memory = Size(graph, times), Memory(graph, times)
    weighted = next(n for n, op in enumerate(graph.operators) if weights_of(graph, op))
    tensor, _ = weights_of(graph, graph.operators[weighted])
    count = graph.constant(tensor).size

    assert size.operator_cost(weighted, "float") == 4 * count
    assert size.operator_cost(weighted, "static_int8") == count
    floats = ("float",) * len(graph.operators)
    static = assign(graph, times, quiet(graph), 0.0)
    largest = mobile_network.HEIGHT * mobile_network.WIDTH
    assert memory.whole_cost(floats) >= largest
    assert memory.whole_cost(static) < memory.whole_cost(floats)


def test_a_forbidden_operator_is_not_free(graph):
    """Where a user's own group makes static what the rules keep float."""
    times = Times(graph)
    weighted = next(n for n, op in enumerate(graph.operators) if weights_of(graph, op))
    static = assign(graph, times, quiet(graph), 0.0)

    for objective in (Size, Memory):
        free, kept = objective(graph, times), objective(graph, times, kept=[weighted])
        assert kept.operator_cost(weighted, "static_int8") is None
        assert kept.whole_cost(static) == free.whole_cost(static)
