"""Recipes of several schemes: which operator computes in what, and what it is worth."""

import re

import mobile_network
import numpy as np
import pytest
import torch
from candidates import named

from decant.convert import to_tflite
from decant.errors import DataError
from decant.flatbuffer.graph import Graph
from decant.quantize import Group, Recipe, load_recipes, quantize
from decant.quantize.recipes import recipes_document
from decant.quantize.schemes import SCHEMES
from decant.quantize.transform import library_recipe

DEPTHWISE = ("DEPTHWISE_CONV_2D",)
# What TensorFlow calls the outputs, of which it has sorted the names.
CORNERS, SCORES = "^PartitionedCall:1", "^PartitionedCall:2"


def recipe(name, form, **change):
    kinds = change.pop("kinds", SCHEMES[form].kinds)
    return Recipe(name=name, file=f"{name}.tflite", form=form, kinds=kinds, **change)


RECIPES = (
    recipe("int16x8", "int16x8"),
    recipe("weight_only", "weight_only_int8"),
    recipe("one_scale", "weight_only_int8", granularity="tensor"),
    recipe("symmetric", "static_int8", symmetric=True),
    recipe("mixed", "dynamic_int8", groups=(Group(scheme="static_int8", kinds=DEPTHWISE),)),
    recipe(
        "overlapping",
        "static_int8",
        groups=(
            Group(scheme="dynamic_int8", kinds=("CONV_2D",)),
            Group(scheme="float", kinds=("CONV_2D", "ADD"), tensors=(SCORES,)),
        ),
        keep_float=(CORNERS,),
    ),
    recipe("idle", "float16", keep_float=("nothing_like_it",), groups=(
        Group(scheme="float", tensors=("nor_this",)),
    )),
)  # fmt: skip


@pytest.fixture(scope="module")
def mixed(float_path, calibration, tmp_path_factory):
    return quantize(
        float_path,
        tmp_path_factory.mktemp("mixed"),
        calibration=calibration,
        inputs=mobile_network.INPUTS_INFO,
        outputs=mobile_network.OUTPUTS_INFO,
        recipes=RECIPES,
    )


def graph_of(report, name):
    return Graph.from_file(report.path(named(report, name)))


def types(graph, operator):
    """Element types of an operator's first input, weight and first output."""
    tensors = [*[int(index) for index in operator.inputs[:2]], int(operator.outputs[0])]
    return tuple(str(graph.dtype(tensor)) for tensor in tensors)


def convolutions(graph, kind="CONV_2D"):
    return [operator for operator in graph.operators if graph.kind(operator) == kind]


# Two networks' noise, that of weights and that of activations, where only weights are rounded, or
# activations to 16 bits, is that of the weights alone: they are equal to a tenth of a decibel.
@pytest.mark.parametrize("name", ["int16x8", "weight_only"])
def test_activations_cost_nothing(mixed, name):
    assert named(mixed, name).snr_db["scores"] == pytest.approx(28.9, abs=0.5)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("int16x8", ("int16", "int8", "int16")),
        ("weight_only", ("float32", "float32", "float32")),  # int8 before a DEQUANTIZE
        ("symmetric", ("int8", "int8", "int8")),
        ("mixed", ("float32", "int8", "float32")),
    ],
)
def test_every_convolution_is_of_its_scheme(mixed, name, expected):
    graph = graph_of(mixed, name)
    assert {types(graph, each) for each in convolutions(graph)} == {expected}


def test_a_group_is_of_another_scheme_than_the_rest(mixed):
    graph = graph_of(mixed, "mixed")
    found = {types(graph, each) for each in convolutions(graph, "DEPTHWISE_CONV_2D")}
    assert found == {("int8", "int8", "int8")}
    # Static depthwise layers cost less than a whole static network: 17 dB.
    assert named(mixed, "mixed").snr_db["scores"] > 20


def test_the_last_group_counts_and_what_is_kept_float_before_all(mixed):
    graph = graph_of(mixed, "overlapping")
    weights = {
        graph.name(int(each.outputs[0])): types(graph, each)[1] for each in convolutions(graph)
    }
    kept = {name for name in weights if re.search(f"{CORNERS}|{SCORES}", name)}
    assert len(kept) == 2
    assert {weights.pop(name) for name in kept} == {"float32"}
    assert set(weights.values()) == {"int8"}


def test_a_weight_has_a_scale_or_one_of_each_channel(mixed):
    scales = {}
    for name in ("weight_only", "one_scale"):
        graph = graph_of(mixed, name)
        quantized = [t for t in graph.subgraph.tensors if t.quantization is not None]
        counts = [np.size(t.quantization.scale) for t in quantized]
        scales[name] = max(counts)
    assert scales["one_scale"] == 1 < scales["weight_only"]


def test_the_zero_of_symmetric_activations_is_in_the_middle(mixed):
    graph = graph_of(mixed, "symmetric")
    parameters = [tensor.quantization for tensor in graph.subgraph.tensors]
    zeros = [each.zeroPoint for each in parameters if each is not None and each.scale is not None]
    assert len(zeros) > len(convolutions(graph))
    assert not np.concatenate(zeros).any()


def test_what_is_float_as_a_recipe_asks_is_no_news(mixed):
    (note,) = [each for each in mixed.notes if each.startswith("overlapping.tflite")]
    assert note.startswith("overlapping.tflite computes 5 HARD_SWISH in float between DEQUANTIZE")


def test_what_fits_no_operator_is_told(mixed):
    assert mixed.warnings == (
        "recipe idle: keep_float 'nothing_like_it' fits no operator of the model",
        "recipe idle: the group of float ('nor_this') fits no operator of the model",
    )


def test_recipes_of_groups_replay_to_the_same_bytes(mixed, float_path, tmp_path):
    again = quantize(
        float_path,
        tmp_path,
        inputs=mobile_network.INPUTS_INFO,
        outputs=mobile_network.OUTPUTS_INFO,
        recipes=load_recipes(mixed.folder / "recipe.json"),
    )
    for candidate in mixed.candidates:
        assert again.path(candidate).read_bytes() == mixed.path(candidate).read_bytes()


def test_a_recipe_of_an_earlier_version_is_read(tmp_path):
    from decant.artifacts import write_json

    document = recipes_document([recipe("old", "static_int8")])
    for key in ("groups", "granularity", "symmetric"):
        del document["recipes"][0][key]
    write_json(tmp_path / "recipe.json", {**document, "quantizer": "ai-edge-quantizer 0.10.0"})
    assert load_recipes(tmp_path / "recipe.json") == (recipe("old", "static_int8"),)


@pytest.mark.parametrize("scheme", [s for s in SCHEMES.values() if s.kinds], ids=lambda s: s.name)
def test_the_library_takes_every_operator_of_a_scheme(scheme):
    from litert_quantizer import algorithm_manager, qtyping, recipe_manager

    manager = recipe_manager.RecipeManager()
    entries = library_recipe(recipe("all", scheme.name))
    manager.load_quantization_recipe(entries)
    for entry in entries:
        key, _ = manager.get_quantization_configs(
            qtyping.TFLOperationName(entry["operation"]), "any"
        )
        assert key != algorithm_manager.AlgorithmName.NO_QUANTIZE, entry["operation"]


class Parted(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body = torch.nn.Sequential(torch.nn.Conv2d(3, 6, 3), torch.nn.Hardswish())
        self.head = torch.nn.Conv2d(6, 2, 3)

    def forward(self, image):
        return self.head(self.body(image))


@pytest.fixture(scope="module")
def parted(tmp_path_factory):
    image = torch.randn(2, 3, 9, 11)
    out = tmp_path_factory.mktemp("parted")
    return to_tflite(Parted().eval(), out, inputs={"image": image.numpy()}).tflite


PICTURES = {"image": np.random.default_rng(0).normal(size=(8, 3, 9, 11)).astype(np.float32)}


def head_of(scheme, module):
    groups = (Group(scheme=scheme, modules=(module,)),)
    return [recipe("static_int8", "static_int8", groups=groups)]


def test_a_group_names_a_module(parted, tmp_path):
    report = quantize(
        parted, tmp_path, calibration=PICTURES, recipes=head_of("dynamic_int8", "^head$")
    )
    graph = Graph.from_file(report.path(report.candidates[0]))
    found = [types(graph, each) for each in convolutions(graph)]
    assert found == [("int8", "int8", "int8"), ("float32", "int8", "float32")]
    # The module stays in recipe.json, which a person reads.
    (written,) = load_recipes(tmp_path / "recipe.json")
    assert written.groups[0].modules == ("^head$",)


def test_a_module_that_the_model_has_not_is_named(parted, tmp_path):
    message = r"no operator for float comes from a module that 'neck' fits. .* modules are .*head"
    with pytest.raises(DataError, match=message):
        quantize(parted, tmp_path, calibration=PICTURES, recipes=head_of("float", "neck"))
