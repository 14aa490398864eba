"""What the operators of a network cost in each scheme, measured, kept and predicted."""

import json

import costed_network
import pytest

from decant.errors import DataError, InternalError
from decant.files import OPERATOR_COSTS
from decant.quantize.cost import Host, check, measure_costs, median_error
from decant.quantize.cost.variants import fixed, made_up_ranges, make_variant
from decant.quantize.recipes import DYNAMIC_INT8, STATIC_INT8
from decant.runtime_profile import profile_files

CONV, HARD_SWISH, DEPTHWISE, PAD, LARGEST, LOGISTIC, MUL, MEAN, DENSE, SOFTMAX = range(10)
FLOAT = ["float"] * 10
# Of a processor that others use meanwhile; the errors of real networks are in the docs.
TOLERANCE = 0.35
RANGES = ((-0.001, 0.003), (-0.002, 0.0025))


class NoTarget:
    """This machine, where nothing may be timed."""

    identity = Host().identity

    def profile(self, files):
        pytest.fail(f"{[*files]} is timed again")


class Quick:
    """This machine, with less patience."""

    identity = Host().identity

    def profile(self, files):
        return profile_files(files, rounds=(3, 3))


class Another(Quick):
    """Another device."""

    identity = Host().identity | {"device": "another"}


class Refusing(Quick):
    """This machine, where no file of one scheme runs."""

    def __init__(self, scheme):
        self.scheme = scheme

    def profile(self, files):
        if self.scheme in files:
            raise InternalError(f"{self.scheme}: its process was killed by SIGSEGV")
        return super().profile(files)


@pytest.fixture(scope="module")
def graph():
    return costed_network.costed_network()


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def costs(graph, cache):
    return measure_costs(graph, cache=cache)


@pytest.fixture(scope="module")
def variants(graph):
    network = fixed(graph)
    ranges = made_up_ranges(network)
    return {
        scheme: make_variant(network, scheme, ranges)
        for scheme in ("float", "static_int8", "dynamic_int8")
    }


def test_the_large_convolution_costs_most_in_every_scheme(costs):
    for scheme in ("float", "static_int8", "dynamic_int8"):
        times = [costs.operator_ms(at, scheme) or 0.0 for at in range(10)]
        assert max(times) == times[LARGEST]


def test_the_large_convolution_is_faster_in_integers(costs):
    """By more than half with VNNI, and by a third without."""
    assert costs.operator_ms(LARGEST, "static_int8") < costs.operator_ms(LARGEST, "float")


@pytest.mark.parametrize(
    ("at", "scheme"),
    [(SOFTMAX, "static_int8"), (DEPTHWISE, "dynamic_int8"), (MEAN, "dynamic_int8")],
)
def test_an_operator_that_cannot_take_a_scheme_has_no_cost(costs, at, scheme):
    assert costs.operator_ms(at, scheme) is None
    assert costs.kernel(at, scheme) == "none"


def test_a_scheme_that_was_not_measured_has_no_cost(costs):
    assert costs.operator_ms(DENSE, "float16") is None


def test_a_unary_operator_without_a_static_form_costs_a_table(costs):
    assert costs.folds(HARD_SWISH)
    assert not costs.folds(LOGISTIC)  # has one
    assert 0 < costs.operator_ms(HARD_SWISH, "static_int8") < costs.quantize_ms(0) * 8


def test_what_becomes_part_of_another_costs_nothing(costs):
    assert costs.operator_ms(PAD, "float") == 0
    assert costs.kernel(PAD, "float") == "part"
    assert costs.kernel(LARGEST, "float") == "xnnpack"


def test_an_operator_that_is_part_of_another_names_it(costs):
    """A SiLU is one table of integers, and two operators of floats."""
    assert costs.joined(PAD, "float") == LARGEST
    assert costs.joined(MUL, "static_int8") == LOGISTIC
    assert costs.joined(MUL, "float") is None


def test_half_a_silu_is_not_free(costs):
    schemes = ["static_int8" if at <= MUL else "float" for at in range(10)]
    together = costs.predict_ms(schemes)
    schemes[LOGISTIC] = "float"
    changed = costs.table_ms(LOGISTIC) - costs.operator_ms(LOGISTIC, "static_int8")
    half = together + changed + costs.alone_ms(MUL)
    assert costs.predict_ms(schemes) == pytest.approx(half)
    assert costs.alone_ms(MUL) > costs.operator_ms(MUL, "static_int8") == 0


def test_a_pad_that_a_dynamic_convolution_keeps_is_charged_to_that(costs, variants):
    """XNNPACK makes it part of the float one only."""
    assert costs.operator_ms(PAD, "float") == 0
    assert costs.operator_ms(PAD, "dynamic_int8") is None
    [dynamic] = check(costs, {"dynamic": _asked(costs, variants, "dynamic_int8")})
    assert abs(dynamic.error) < TOLERANCE


@pytest.mark.parametrize("scheme", ["float", "static_int8"])
def test_the_time_of_a_whole_file_is_predicted(costs, variants, scheme):
    [prediction] = check(costs, {scheme: _asked(costs, variants, scheme)})
    assert prediction.name == scheme
    assert prediction.predicted_ms > 0 < prediction.measured_ms
    assert abs(prediction.error) < TOLERANCE


def _asked(costs, variants, scheme):
    """The schemes and bytes of a file of one scheme."""
    graph = variants["float"].made
    recipes = {"static_int8": STATIC_INT8, "dynamic_int8": DYNAMIC_INT8}
    schemes = FLOAT if scheme == "float" else costs.schemes(recipes[scheme], graph)
    return schemes, variants[scheme].content


def test_the_median_counts_too_long_and_too_short_alike(costs, variants):
    files = {str(number): _asked(costs, variants, "float") for number in range(2)}
    predictions = check(costs, files)
    errors = [abs(prediction.error) for prediction in predictions]
    assert median_error(predictions) == pytest.approx(sum(errors) / 2)


def test_what_is_known_is_not_timed_again(graph, cache, costs):
    again = measure_costs(graph, cache=cache, target=NoTarget())
    assert costs.timed
    assert not again.timed
    for scheme in ("float", "static_int8", "dynamic_int8"):
        assert [again.operator_ms(at, scheme) for at in range(10)] == [
            costs.operator_ms(at, scheme) for at in range(10)
        ]
    assert again.dequantize_ms(0) == costs.dequantize_ms(0)


def test_another_target_is_timed_by_itself(graph, cache, costs):
    other = measure_costs(graph, cache=cache, target=Another(), schemes=[])
    assert other.timed
    assert len(json.loads((cache / OPERATOR_COSTS).read_text())["targets"]) == 2
    assert not measure_costs(graph, cache=cache, target=NoTarget()).timed


def test_a_scheme_whose_file_crashes_is_left_out_with_the_reason(graph, tmp_path):
    costs = measure_costs(
        graph, cache=tmp_path, target=Refusing("dynamic_int8"), schemes=["dynamic_int8"]
    )
    assert costs.failures == {"dynamic_int8": "dynamic_int8: its process was killed by SIGSEGV"}
    assert costs.operator_ms(DENSE, "dynamic_int8") is None
    assert costs.operator_ms(DENSE, "float") > 0


def test_a_float_file_that_crashes_is_an_error(graph):
    with pytest.raises(InternalError, match="float: its process was killed"):
        measure_costs(graph, target=Refusing("float"), schemes=[])


def test_other_ranges_are_timed_by_themselves(graph, cache, costs):
    """What XNNPACK takes of int8 depends on them; by how much they differ matters, not where."""
    narrow, close = (dict.fromkeys(made_up_ranges(graph), ends) for ends in RANGES)
    asked = {"cache": cache, "schemes": ["static_int8"]}
    assert measure_costs(graph, **asked, ranges=narrow, target=Quick()).timed
    assert not measure_costs(graph, **asked, ranges=close, target=NoTarget()).timed


def test_a_damaged_cache_is_made_again(graph, tmp_path, costs):
    (tmp_path / OPERATOR_COSTS).write_text("[")
    assert measure_costs(graph, cache=tmp_path, schemes=[], target=Quick()).timed
    assert json.loads((tmp_path / OPERATOR_COSTS).read_text())["targets"]


def test_too_few_schemes_are_refused(costs):
    with pytest.raises(DataError, match="9 schemes for 10 operators"):
        costs.predict_ms(FLOAT[1:])


def test_a_scheme_that_an_operator_does_not_take_is_named(costs):
    with pytest.raises(DataError, match=r"operator 9 \(SOFTMAX\) does not take dynamic_int8"):
        costs.predict_ms([*FLOAT[1:], "dynamic_int8"])
