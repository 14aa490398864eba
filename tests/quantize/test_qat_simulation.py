"""What PyTorch simulates of an integer file is what LiteRT computes, and gives the same file."""

import hard_network
import numpy as np
import pytest
import static_graphs
import torch

from decant.errors import UnsupportedOp
from decant.flatbuffer import Graph
from decant.quantize import DYNAMIC_INT8, STATIC_INT8
from decant.quantize.calibrate import measure
from decant.quantize.judge import output_steps
from decant.quantize.qat import IntegerForm
from decant.quantize.qat.rounding import fake_quantized
from decant.quantize.ranges import choose
from decant.quantize.recipes import OFFERED
from decant.quantize.transform import transform
from decant.tensors import TensorInfo

ONE_STEP = 1.001
"""Rounding before a last float bit and behind it; the rest is that bit."""
FLOAT_END = 0.02
"""Of the largest value, of an output that is computed in float."""


def integer_file(graph, recipe, samples):
    source = Graph.from_bytes(graph.to_bytes())
    if recipe.ranged:
        (name, value), *_ = samples[0].items()
        info = TensorInfo(name=name, shape=value.shape, dtype="float32")
        seen = measure(source.to_bytes(), [info], samples)
        recipe = recipe.model_copy(update={"ranges": choose(source, seen, "minmax")})
    content = transform(source.to_bytes(), recipe)
    return content, IntegerForm(Graph.from_bytes(content), source, recipe)


def check(graph, recipe, samples):
    content, form = integer_file(graph, recipe, samples)
    steps = output_steps(Graph.from_bytes(content))
    expected = static_graphs.outputs(content, samples)
    with torch.no_grad():
        for sample, outputs in zip(samples, expected, strict=True):
            found = form({name: torch.from_numpy(value) for name, value in sample.items()})
            for name, value in outputs.items():
                gap = np.abs(found[name].numpy() - value).max()
                allowed = FLOAT_END * np.abs(value).max()
                assert gap <= (ONE_STEP * steps[name] if name in steps else allowed), name
    again, learned = form.learned()
    assert transform(again.to_bytes(), learned) == content
    return form


def noise(shape, count=4):
    random = np.random.default_rng(0)
    return [{"x": random.normal(size=shape).astype(np.float32)} for _ in range(count)]


@pytest.mark.parametrize("recipe", [STATIC_INT8, DYNAMIC_INT8], ids=lambda recipe: recipe.name)
@pytest.mark.parametrize("kind", static_graphs.STEPS)
def test_joined_operators_are_simulated_within_one_step(kind, recipe):
    check(static_graphs.grown(kind, 4), recipe, noise(static_graphs.SHAPE))


@pytest.mark.parametrize("name", ["weight_only_int8", "float16"])
def test_rounded_weights_are_simulated(name):
    check(hard_network.untrained(8), OFFERED[name], noise((1, 8, 8, 1)))


@pytest.mark.parametrize("spread", [0, 2], ids=["equal", "unequal"])
@pytest.mark.parametrize("symmetric", [False, True], ids=["asymmetric", "symmetric"])
@pytest.mark.parametrize("granularity", ["channel", "tensor"])
def test_whole_network_is_simulated_within_one_step(spread, symmetric, granularity):
    graph = hard_network.unequal(hard_network.untrained(8), spread)
    changes = {"symmetric": symmetric, "granularity": granularity}
    check(graph, hard_network.PURE.model_copy(update=changes), noise((1, 8, 8, 1)))


def test_float_island_is_simulated_as_a_table():
    growing = static_graphs.Growing(1)
    x = static_graphs.convolution(growing, growing.tensors[0])
    slope = growing.graph.add_constant("slope", np.full((1, 1, 8), 0.3, np.float32))
    y = growing.one("PRELU", [x, slope], static_graphs.SHAPE)
    z = growing.one("HARD_SWISH", [static_graphs.depthwise(growing, y)], static_graphs.SHAPE)
    growing.graph.subgraph.outputs = [static_graphs.convolution(growing, z)]
    growing.graph.ensure_signature()
    form = check(growing.graph, STATIC_INT8, noise(static_graphs.SHAPE))
    assert {"PRELU", "HARD_SWISH", "DEQUANTIZE"} <= form.graph.histogram().keys()


def test_outputs_teach_weights_and_ranges():
    graph = hard_network.untrained(8)
    _, form = integer_file(graph, hard_network.PURE, noise((1, 8, 8, 1)))
    (found,) = form({"x": torch.from_numpy(noise((1, 8, 8, 1))[0]["x"])}).values()
    found.square().mean().backward()
    for name, parameter in form.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    assert all(form.floats[key].change.grad.any() for key in form.floats)


def test_changed_weights_and_ranges_make_the_file_that_is_simulated():
    samples = noise((1, 8, 8, 1))
    _, form = integer_file(hard_network.untrained(8), hard_network.PURE, samples)
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in form.parameters():
            parameter += 0.05 * torch.randn(parameter.shape, generator=random)
        (found,) = form({"x": torch.from_numpy(samples[0]["x"])}).values()
    graph, recipe = form.learned()
    content = transform(graph.to_bytes(), recipe)
    (step,) = output_steps(Graph.from_bytes(content)).values()
    ((expected,),) = (each.values() for each in static_graphs.outputs(content, samples[:1]))
    assert recipe.ranges != form.recipe.ranges
    assert np.abs(found.numpy() - expected).max() <= ONE_STEP * step


def test_scale_and_zero_point_learn_as_their_papers_say():
    """Outside, a value moves with the end that it is clipped to; inside, with what is rounded."""
    x = torch.tensor([-1.0, 0.33, 9.0], requires_grad=True)
    scale, zero_point = (torch.tensor(each, requires_grad=True) for each in (0.1, -120.0))
    found = fake_quantized(x, scale, zero_point, (-128, -100))
    assert found.detach().numpy() == pytest.approx([-0.8, 0.3, 2.0])
    found.sum().backward()
    assert x.grad.tolist() == [0, 1, 0]
    assert scale.grad.item() == pytest.approx(-8 + (3 - 3.3) + 20)
    assert zero_point.grad.item() == pytest.approx(-0.2)


def test_constant_of_an_unknown_rule_is_named():
    samples = noise((1, 8, 8, 1))
    content, form = integer_file(hard_network.untrained(8), hard_network.PURE, samples)
    made = Graph.from_bytes(content)
    weights = int(made.operators[1].inputs[1])
    made.set_scales(weights, [0.5] * 8, [0] * 8)
    with pytest.raises(UnsupportedOp, match=r"constant 'weights' of the integer file is rounded"):
        IntegerForm(made, form.source, form.recipe)
