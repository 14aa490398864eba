"""What of a static file computes in float for what surrounds it."""

from dataclasses import dataclass

import numpy as np
import pytest
import tiny_graph
from ai_edge_litert import schema_py_generated as schema

from decant.flatbuffer import Graph, empty_graph
from decant.isolation import run_isolated
from decant.quantize import STATIC_INT8, islands
from decant.quantize.calibrate import measure
from decant.quantize.islands import Links, float_groups
from decant.quantize.ranges import choose
from decant.quantize.recipes import Recipe
from decant.quantize.transform import transform
from decant.tensors import TensorInfo

X = (1, 6, 4, 8)
ROWS = (1, 6, 4, 1)
INPUT = TensorInfo(name="x", shape=X, dtype="float32")


class Making:
    """A graph that grows operator by operator from its input x: [1, 6, 4, 8]."""

    def __init__(self):
        self.graph = empty_graph(X)
        self.x = self.graph.inputs[0]

    def constant(self, *values, dtype=np.float32):
        return self.graph.add_constant("constant", np.array(values, dtype))

    def add(self, kind, *inputs, shape=X, **options):
        tensor = self.graph.add_tensor(f"{kind.lower()}_of_{len(self.graph.operators)}", shape)
        made = getattr(schema, f"{''.join(w.title() for w in kind.split('_'))}OptionsT", None)
        options_object = made() if made else None
        for name, value in options.items():
            setattr(options_object, name, value)
        operator = self.graph.operator(kind, inputs, tensor, options_object)
        self.graph.subgraph.operators = [*self.graph.operators, operator]
        return tensor

    def mean(self, x):
        axes = self.constant(3, dtype=np.int32)
        tensor = self.graph.add_tensor(f"mean_{len(self.graph.operators)}", ROWS)
        options = schema.ReducerOptionsT()
        options.keepDims = True
        operator = self.graph.operator("MEAN", [x, axes], tensor, options)
        self.graph.subgraph.operators = [*self.graph.operators, operator]
        return tensor

    def normalized(self, x):
        mean = self.mean(x)
        variance = self.mean(self.add("SQUARED_DIFFERENCE", x, mean))
        shifted = self.add("ADD", variance, self.constant(1e-5), shape=ROWS)
        root = self.add("RSQRT", shifted, shape=ROWS)
        return self.add("MUL", self.add("SUB", x, mean), root)

    def done(self, *outputs):
        self.graph.subgraph.outputs = outputs
        self.graph.ensure_signature()
        return self.graph


def layers():
    """x → ADD of positions → LayerNorm → MUL → ADD to what was normalised → MUL → y."""
    making = Making()
    placed = making.add("ADD", making.x, making.constant(*np.linspace(-2, 2, 8)))
    branch = making.add("MUL", making.normalized(placed), making.constant(*np.linspace(1, 2, 8)))
    gated = making.add("LOGISTIC", branch)
    stream = making.add("ADD", placed, gated)
    return making.done(making.add("MUL", stream, making.constant(*np.linspace(3, 1, 8))))


def heads(*, read_on=False):
    """Pixels and gated probabilities joined in one output, and brought into another order."""
    making = Making()
    boxes = making.add("MUL", making.x, making.constant(*np.linspace(200, 320, 8)))
    flat = making.add("RESHAPE", boxes, making.constant(*X, dtype=np.int32), newShape=list(X))
    scores = making.add("LOGISTIC", making.x)
    gated = making.add("MUL", scores, making.add("LOGISTIC", scores))
    joined = making.add("CONCATENATION", flat, gated, shape=(*X[:3], 16), axis=3)
    if not read_on:
        order = making.constant(0, 2, 1, 3, dtype=np.int32)
        return making.done(making.add("TRANSPOSE", joined, order, shape=(1, 4, 6, 16)))
    return making.done(joined, making.add("MUL", joined, making.constant(2), shape=(*X[:3], 16)))


def masked(value):
    making = Making()
    mask = making.constant(0, 0, 0, 0, 0, 0, value, value)
    scores = making.add("MUL", making.x, making.constant(*np.linspace(1, 2, 8)))
    return making.done(making.add("SOFTMAX", making.add("ADD", scores, mask), beta=1.0))


def summed(value):
    making = Making()
    return making.done(making.add("ADD", making.x, making.constant(value)))


def sum_of_both():
    making = Making()
    doubled = making.add("MUL", making.x, making.constant(*np.linspace(1, 2, 8)))
    return making.done(making.add("ADD", making.x, doubled))


def root():
    making = Making()
    inverse = making.add("RSQRT", making.add("LOGISTIC", making.x))
    return making.done(making.add("MUL", making.x, inverse))


GRAPHS = {
    "layers": layers,
    "sum": sum_of_both,
    "root": root,
    "heads": heads,
    "heads_read_on": lambda: heads(read_on=True),
    "mask": lambda: masked(-1e9),
    "lowest_mask": lambda: masked(-3.4e38),
    "bias": lambda: masked(-50),
    "small_sum": lambda: summed(1e-5),
    "even_sum": lambda: summed(0.5),
}


def inputs(count=4):
    random = np.random.default_rng(0)
    return [{"x": random.normal(size=X).astype(np.float32)} for _ in range(count)]


@dataclass(frozen=True)
class Trial:
    """A graph and its int8 files without and with the groups that the rules find.

    `values` are the results of the float file and of both.
    """

    graph: Graph
    ranges: dict
    groups: tuple
    files: list
    values: list

    def kept(self, rule):
        found = rule(Links(self.graph), self.ranges)
        return sorted(self.graph.kind(each) for each in {id(op): op for op in found}.values())

    @property
    def operators(self):
        return [Graph.from_bytes(each).histogram() for each in self.files]

    @property
    def parts(self):
        return [tiny_graph.delegate_nodes(each) for each in self.files]

    def error(self, at, part=...):
        """Give the root mean square error of a file's results."""
        return float(np.sqrt(((self.values[at] - self.values[0])[part] ** 2).mean()))


def tried(name):
    graph = GRAPHS[name]()
    content = graph.to_bytes()
    statistics = measure(content, [INPUT], inputs())
    ranges = choose(graph, statistics, "minmax")
    groups = float_groups(graph, ranges)
    plain = STATIC_INT8.model_copy(update={"ranges": ranges})
    files = [transform(content, plain.model_copy(update={"groups": g})) for g in ((), groups)]
    if name == "lowest_mask":
        files[0] = files[1]  # LiteRT 2.3 aborts on the other
    x = inputs()[0]["x"]
    values = [tiny_graph.run(Graph.from_bytes(each), x) for each in (content, *files)]
    return Trial(graph, ranges, groups, files, values)


@pytest.fixture(scope="module")
def trials():
    return run_isolated(try_all)


def try_all():
    return {name: tried(name) for name in GRAPHS}


def test_a_layer_normalisation_and_its_stream_are_float_in_one_part(trials):
    trial = trials["layers"]
    assert trial.kept(islands.normalizations) == sorted(
        ["MEAN", "MEAN", "SUB", "SQUARED_DIFFERENCE", "ADD", "ADD", "MUL", "MUL"]
    )
    assert trial.kept(islands.residual_sums) == ["ADD"]
    assert trial.operators[0]["MEAN"] == trial.operators[1]["MEAN"] == 2
    assert trial.parts[0] > trial.parts[1] == 1
    assert trial.error(2) < trial.error(1)


def test_a_network_without_normalisation_keeps_its_sums_int8(trials):
    trial = trials["sum"]
    assert trial.kept(islands.residual_sums) == trial.kept(islands.normalizations) == []


def test_an_inverse_root_of_no_variance_is_no_normalisation(trials):
    assert trials["root"].kept(islands.normalizations) == []


def test_boxes_and_scores_of_one_output_keep_a_scale_each(trials):
    trial = trials["heads"]
    found = ["CONCATENATION", "MUL", "RESHAPE", "TRANSPOSE"]
    assert trial.kept(islands.joined_outputs) == found  # of the products the pixels' only
    # XNNPACK has no QUANTIZE from the steps of the scores to those of the boxes.
    assert trial.parts == [2, 1]
    scores = np.s_[..., 8:]
    # A step of the common scale is more than the largest score; of their own, 1/256.
    assert trial.error(1, scores) > 0.3
    assert trial.error(2, scores) < 0.01
    assert trial.error(2) <= trial.error(1)


def test_what_is_read_on_as_integers_stays_joined_as_integers(trials):
    assert trials["heads_read_on"].kept(islands.joined_outputs) == []


@pytest.mark.parametrize("name", ["mask", "lowest_mask"])
def test_a_mask_leaves_the_scores_their_steps(trials, name):
    trial = trials[name]
    assert trial.kept(islands.masks) == ["ADD"]
    assert (trial.values[0][..., 6:] == 0).all()
    assert (trial.values[2][..., 6:] == 0).all()
    assert trial.error(2) < 0.01


def test_without_its_island_a_mask_makes_all_scores_alike(trials):
    assert trials["mask"].error(1) > 0.05


def test_a_bias_is_no_mask(trials):
    assert trials["bias"].kept(islands.masks) == []


@pytest.mark.parametrize(("name", "outside"), [("small_sum", True), ("even_sum", False)])
def test_a_sum_of_scales_too_far_apart_is_float(trials, name, outside):
    trial = trials[name]
    assert trial.kept(islands.unequal_scales) == ["ADD"] * outside
    assert bool(trial.groups) == outside
    # XNNPACK's QUANTIZE, LiteRT's ADD, XNNPACK's DEQUANTIZE; or all in one.
    assert trial.parts == ([2, 1] if outside else [1, 1])


def test_groups_survive_the_recipe_s_json(trials):
    recipe = STATIC_INT8.model_copy(update={"groups": trials["layers"].groups})
    again = Recipe.model_validate_json(recipe.model_dump_json())
    assert again.scheme_of("MEAN", "mean_1").name == "float"
    assert again.scheme_of("MUL", "mul_of_9").name == "static_int8"
