"""PyTorch to ONNX: names, bytes, module paths, and every refusal."""

import ast
import warnings
import zipfile
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn
from torch._decomp import decompositions
from torch.nn.utils import parametrizations, prune
from torch_networks import MobileDetector, pictures, settled

from decant.convert.export.clean_export import SCOPES
from decant.convert.export.pytorch import layers_as_written, leaf_names
from decant.convert.export.recurrent_shapes import CELLS
from decant.convert.export.to_onnx import ExportOptions, pt2_to_onnx, to_onnx
from decant.errors import DataError, SpecError, UnsupportedOp
from decant.onnx_runtime import OnnxRuntime


class Pair(NamedTuple):
    left: torch.Tensor
    right: torch.Tensor


class Returning(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape

    def forward(self, x, y):
        return self.shape(x + y, x * y)


EXAMPLE = {"x": torch.arange(6.0).reshape(1, 2, 3), "y": torch.ones(1, 2, 3)}


def names(path):
    graph = onnx.load(path).graph
    return [v.name for v in graph.input], [v.name for v in graph.output]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        pytest.param(1, ["output"], id="tensor"),
        pytest.param((1, 2), ["output_0", "output_1"], id="tuple"),
        pytest.param({"z": 1, "a": 2}, ["z", "a"], id="dict"),
        pytest.param(Pair(1, 2), ["left", "right"], id="named-tuple"),
        pytest.param({"p": [1, {"q": 2}]}, ["p_0", "p_1_q"], id="nested"),
    ],
)
def test_leaves_are_named_after_their_place(result, expected):
    assert leaf_names(result) == expected


def test_outputs_are_named_after_what_the_module_returns(tmp_path):
    def shape(a, b):
        pair = Pair(b, a * 2)
        return {"z": a, "none": None, "three": 3, "again": a, "x": a - b, "pair": pair}

    to_onnx(Returning(shape).eval(), EXAMPLE, tmp_path / "m.onnx")
    outputs = ["z", "again", "x_output", "pair_left", "pair_right"]
    assert names(tmp_path / "m.onnx") == (["x", "y"], outputs)


def test_given_names_win(tmp_path):
    example = dict(zip(("image", "mask"), EXAMPLE.values(), strict=True))
    options = ExportOptions(output_names=("sum", "product"))
    to_onnx(Returning(lambda a, b: (a, b)).eval(), example, tmp_path / "m.onnx", options)
    assert names(tmp_path / "m.onnx") == (["image", "mask"], ["sum", "product"])


def test_too_few_names_are_refused(tmp_path):
    options = ExportOptions(output_names=("sum",))
    with pytest.raises(UnsupportedOp, match="returns 2 tensors but 1 output names"):
        to_onnx(Returning(Pair).eval(), EXAMPLE, tmp_path / "m.onnx", options)


@pytest.fixture(scope="module")
def detector():
    return settled(MobileDetector())


@pytest.fixture(scope="module")
def exported(detector, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    example = {"image": torch.from_numpy(pictures(1))}
    for name in ("a.onnx", "b.onnx"):
        to_onnx(detector, example, folder / name)
    return folder


def test_bytes_are_the_same_twice_and_hold_no_source_path(exported):
    first, second = (exported / name for name in ("a.onnx", "b.onnx"))
    assert first.read_bytes() == second.read_bytes()
    for trace in (b".py", b"site-packages", b"torch_networks", b"/"):
        assert trace not in b"".join(
            prop.value.encode() for n in onnx.load(first).graph.node for prop in n.metadata_props
        )
    assert b"torch_networks" not in first.read_bytes()


def test_every_node_knows_its_module(exported, detector):
    paths = {name for name, _ in detector.named_modules()}
    graph = onnx.load(exported / "a.onnx").graph
    for node in graph.node:
        scopes = {p.key: p.value for p in node.metadata_props}[SCOPES]
        assert ast.literal_eval(scopes)[-2] in paths
    assert {"stem.0.weight", "corners.bias"} <= {i.name for i in graph.initializer}


def test_a_free_batch_takes_any_number(detector, tmp_path):
    example = {"image": torch.from_numpy(pictures(2))}
    free = ExportOptions(free_sizes={"image": {0: "photos"}})
    to_onnx(detector, example, tmp_path / "m.onnx", free)
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    assert session.get_inputs()[0].shape == ["photos", 3, 40, 56]
    assert session.run(None, {"image": pictures(5)})[0].shape == (5, 1, 10, 14)


def test_an_archive_becomes_onnx(detector, tmp_path):
    program = torch.export.export(detector, (), {"image": torch.from_numpy(pictures(1))})
    torch.export.save(program, tmp_path / "m.pt2")
    pt2_to_onnx(tmp_path / "m.pt2", tmp_path / "m.onnx")
    assert names(tmp_path / "m.onnx") == (["image"], ["scores", "corners", "level"])


class TwoSizes(nn.Module):
    def forward(self, page, label):
        return nn.functional.max_pool2d(page, 2), label + 1


def test_free_sizes_of_an_archive_stay_apart(tmp_path):
    batch = torch.export.Dim("n")
    height, width = (torch.export.Dim(name, min=4, max=512) for name in ("h", "w"))
    program = torch.export.export(
        TwoSizes().eval(),
        (torch.ones(2, 3, 16, 24), torch.ones(2, 5)),
        dynamic_shapes={"page": {0: batch, 2: height, 3: width}, "label": {0: batch}},
    )
    torch.export.save(program, tmp_path / "m.pt2")
    pt2_to_onnx(tmp_path / "m.pt2", tmp_path / "m.onnx")
    graph = onnx.load(tmp_path / "m.onnx").graph
    shapes = [[d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
              for value in (*graph.input, *graph.output)]  # fmt: skip
    assert shapes == [
        ["batch", 3, "page_2", "page_3"], ["batch", 5],
        ["batch", 3, "(page_2//2)", "(page_3//2)"], ["batch", 5],
    ]  # fmt: skip


def test_an_archive_cannot_run_code(tmp_path):
    program = torch.export.export(within(nn.ReLU()), (torch.ones(1, 3),))
    torch.export.save(program, tmp_path / "good.pt2")
    proof = tmp_path / "ran"
    pickled = f"cposix\nsystem\n(S'touch {proof}'\ntR.".encode()
    with zipfile.ZipFile(tmp_path / "good.pt2") as good:
        with zipfile.ZipFile(tmp_path / "bad.pt2", "w") as bad:
            for name in good.namelist():
                inputs = "sample_inputs" in name
                bad.writestr(name, pickled if inputs else good.read(name))
        with zipfile.ZipFile(tmp_path / "worse.pt2", "w") as worse:
            for name in good.namelist():
                worse.writestr(name, good.read(name))
            worse.writestr("good/data/constants/opaque_obj_0", pickled)
    with pytest.raises(DataError, match=r"bad\.pt2 cannot be loaded"):
        pt2_to_onnx(tmp_path / "bad.pt2", tmp_path / "m.onnx")
    with pytest.raises(DataError, match="holds pickled objects"):
        pt2_to_onnx(tmp_path / "worse.pt2", tmp_path / "m.onnx")
    assert not proof.exists()


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 not an archive"])
def test_a_damaged_archive_is_named(tmp_path, content):
    path = tmp_path / "m.pt2"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"m\.pt2: "):
        pt2_to_onnx(path, tmp_path / "m.onnx")


class Branching(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


class Digamma(nn.Module):
    def forward(self, x):
        return torch.special.airy_ai(x)


def within(module):
    return nn.Sequential(nn.Identity(), nn.Sequential(nn.ReLU(), module)).eval()


def test_a_branch_on_values_names_its_module(tmp_path):
    with pytest.raises(
        UnsupportedOp, match=r"cannot trace 1\.1 \(Branching\).*data-dependent.*test_export\.py:\d"
    ):
        to_onnx(within(Branching()), {"input": torch.ones(1, 3)}, tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_an_operator_without_translation_is_named(tmp_path):
    with pytest.raises(UnsupportedOp, match="airy_ai"):
        to_onnx(within(Digamma()), {"input": torch.ones(1, 3)}, tmp_path / "m.onnx")


def test_a_module_that_fails_by_itself_is_told_apart(tmp_path):
    message = r"itself fails .*input \(1, 3\).* 1\.1 \(Linear\) raised RuntimeError: mat1 .*\.py:\d"
    with pytest.raises(SpecError, match=message):
        to_onnx(within(nn.Linear(4, 2)), {"input": torch.ones(1, 3)}, tmp_path / "m.onnx")


class Summarized:
    """Not a tensor."""


@dataclass
class Found:
    scores: torch.Tensor
    pair: Pair | None = None
    level: int = 3


def test_a_dataclass_is_opened_like_a_dictionary(tmp_path):
    module = Returning(lambda a, b: (Found(a, Pair(b, a - b)), Found(b)))
    to_onnx(module.eval(), EXAMPLE, tmp_path / "m.onnx")
    outputs = ["output_0_scores", "output_0_pair_left", "output_0_pair_right", "output_1_scores"]
    assert names(tmp_path / "m.onnx")[1] == outputs


def test_a_result_without_tensors_is_refused(tmp_path):
    with pytest.raises(SpecError, match=r"returns no tensor; return tensors: one, or several in"):
        to_onnx(Returning(lambda a, b: Summarized()).eval(), EXAMPLE, tmp_path / "m.onnx")


class Named(nn.Module):
    def forward(self, **inputs):
        return inputs["x"] * inputs["y"]


def test_a_module_that_takes_whatever_is_named_gets_it_by_name(tmp_path):
    to_onnx(Named().eval(), EXAMPLE, tmp_path / "m.onnx")
    assert names(tmp_path / "m.onnx") == (["x", "y"], ["output"])


def converted(module, example, path):
    """Export a module; returns the ops, what both forms give, and the notes."""
    notes = to_onnx(module, example, path)
    session = onnxruntime.InferenceSession(path)
    found = session.run(None, {name: tensor.numpy() for name, tensor in example.items()})
    with torch.no_grad(), layers_as_written():
        expected = module(**example) if len(example) > 1 else module(*example.values())
    np.testing.assert_allclose(found[0], expected, rtol=1e-4, atol=1e-6)  # sums of 16 products
    return [node.op_type for node in onnx.load(path).graph.node], notes


def pruned(module):
    prune.l1_unstructured(module, "weight", 0.5)
    return module


@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated:FutureWarning")
@pytest.mark.parametrize(
    "made",
    [
        pytest.param(nn.utils.weight_norm, id="weight-norm-hook"),
        pytest.param(nn.utils.spectral_norm, id="spectral-norm-hook"),
        pytest.param(pruned, id="pruned"),
        pytest.param(parametrizations.weight_norm, id="weight-norm"),
        pytest.param(parametrizations.spectral_norm, id="spectral-norm"),
        pytest.param(parametrizations.orthogonal, id="orthogonal"),
        pytest.param(
            lambda m: parametrizations.orthogonal(m, orthogonal_map="cayley"), id="cayley"
        ),
    ],
)
def test_computed_weights_are_baked_into_a_copy(made, tmp_path):
    torch.manual_seed(0)
    module = within(made(nn.Linear(6, 6)))
    keys = list(module.state_dict())
    ops, _ = converted(module, {"input": torch.randn(2, 6)}, tmp_path / "m.onnx")
    assert ops == ["Relu", "Gemm"]
    assert list(module.state_dict()) == keys


class Masked(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1)

    def forward(self, x, hidden):
        return self.encoder(x, src_key_padding_mask=hidden)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors:UserWarning")
def test_an_encoder_computes_what_its_layers_say_and_the_zeros_of_the_fast_path_are_told(tmp_path):
    torch.manual_seed(0)
    x = torch.randn(2, 5, 8)
    hidden = torch.tensor([[False] * 3 + [True] * 2, [False] * 5])
    module = Masked().eval()
    _, notes = converted(module, {"x": x, "hidden": hidden}, tmp_path / "m.onnx")
    assert [note[:43] for note in notes] == ["where a mask hides a position PyTorch's fas"]
    none = {"x": x, "hidden": torch.zeros(2, 5, dtype=torch.bool)}
    assert converted(module, none, tmp_path / "m.onnx")[1] == ()
    assert torch.backends.mha.get_fastpath_enabled()


class Decoding(nn.Module):
    """A decoder whose causal mask is an input of its layers, which PyTorch compares with one."""

    def __init__(self):
        super().__init__()
        layer = nn.TransformerDecoderLayer(8, 2, 16, batch_first=True)
        self.decoder = nn.TransformerDecoder(layer, 1)

    def forward(self, x, memory):
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        return self.decoder(x, memory, tgt_mask=mask)


def test_a_mask_is_taken_as_it_is_not_asked_for_its_values(tmp_path):
    """`torch.export` refused the question whether it is causal: control flow by values."""
    torch.manual_seed(0)
    module = Decoding().eval()
    x, memory = torch.randn(1, 5, 8), torch.randn(1, 3, 8)
    notes = to_onnx(module, {"x": x, "memory": memory}, tmp_path / "m.onnx")
    assert notes == ()  # no older exporter
    given = {"x": x.numpy(), "memory": memory.numpy()}
    (answer,) = onnxruntime.InferenceSession(tmp_path / "m.onnx").run(None, given)
    # A few roundings of a LayerNorm's output, whose values are about 1.
    np.testing.assert_allclose(answer, module(x, memory).detach().numpy(), atol=1e-5)


class Framed(nn.Module):
    """Pads to whole frames by a stride that is a buffer, as EnCodec and its kin do."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(3, 5, 4, 3)
        self.register_buffer("stride", torch.tensor(3), persistent=False)

    def forward(self, x):
        frames = torch.ceil((x.shape[-1] - 4) / self.stride) + 1
        missing = ((frames - 1) * self.stride + 4 - x.shape[-1]).to(torch.int64)
        return self.conv(nn.functional.pad(x, (0, int(missing))))


def test_a_number_in_a_buffer_may_decide_a_size(tmp_path):
    torch.manual_seed(0)
    module, x = Framed().eval(), torch.randn(1, 3, 12)
    assert to_onnx(module, {"x": x}, tmp_path / "m.onnx") == ()  # no older exporter
    assert type(module) is Framed
    assert [*dict(module.named_buffers())] == ["stride"]
    assert OnnxRuntime(tmp_path / "m.onnx").run({"x": x.numpy()})["output"].shape == (1, 5, 4)


class TwoLogits(nn.Module):
    """The inverse of a sigmoid, twice of the same boxes, as DETR's decoders refine them."""

    def forward(self, x):
        first, second = (each.clamp(0, 1).clamp(min=eps) for each, eps in ((x, 0.1), (x, 0.2)))
        return first + second.log()


def test_two_clips_of_one_value_keep_their_bounds(tmp_path):
    """onnxscript names the bounds after the value, and lost the first ones: no valid file."""
    x = torch.linspace(-1, 2, 21).reshape(3, 7)
    ops, _ = converted(TwoLogits().eval(), {"x": x}, tmp_path / "m.onnx")
    assert ops == ["Clip", "Clip", "Log", "Add"]


class Tanh(torch.autograd.Function):
    """In NumPy, where torch.export sees nothing, but told to the older exporter."""

    @staticmethod
    def forward(ctx, x):
        return torch.from_numpy(np.tanh(x.detach().numpy()))

    @staticmethod
    def symbolic(graph, x):
        return graph.op("Tanh", x)


class InNumpy(torch.autograd.Function):
    forward = Tanh.forward


class Calling(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.inner = nn.Linear(3, 2)
        self.function = function

    def forward(self, x):
        return self.function(self.inner(x))


def test_the_older_exporter_steps_in_and_says_why(tmp_path, capfd):
    torch.manual_seed(0)
    example = {"x": torch.randn(2, 3)}
    ops, notes = converted(Calling(Tanh.apply).eval(), example, tmp_path / "m.onnx")
    assert ops == ["Gemm", "Tanh"]
    assert notes[0].startswith("torch.onnx's older exporter recorded one run of the module: torch.")
    assert "test_export.py:" in notes[0]
    assert capfd.readouterr() == ("", "")


def test_free_sizes_stay_free_in_the_older_exporter_s_file(tmp_path):
    free = ExportOptions(free_sizes={"x": {0: "photos"}})
    to_onnx(Calling(Tanh.apply).eval(), {"x": torch.ones(2, 3)}, tmp_path / "m.onnx", free)
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    assert session.get_inputs()[0].shape == ["photos", 3]


def test_what_the_older_exporter_would_freeze_is_refused(tmp_path, capfd):
    message = r"numpy.*test_export\.py:\d+.*Write it with PyTorch's operators, or give"
    with pytest.raises(UnsupportedOp, match=message):
        to_onnx(Calling(InNumpy.apply).eval(), {"x": torch.ones(2, 3)}, tmp_path / "m.onnx")
    assert capfd.readouterr() == ("", "")


class Counting(nn.Module):
    def __init__(self, *, counts):
        super().__init__()
        self.counts = counts
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x):
        self.calls += 1
        return x + self.calls if self.counts else x * 2


def test_a_state_that_answers_depend_on_is_refused(tmp_path):
    message = "Counting gives other answers .* changes its buffer calls .* keeps nothing between"
    with pytest.raises(UnsupportedOp, match=message):
        to_onnx(Counting(counts=True).eval(), {"x": torch.ones(2, 3)}, tmp_path / "m.onnx")
    assert (
        to_onnx(Counting(counts=False).eval(), {"x": torch.ones(2, 3)}, tmp_path / "n.onnx") == ()
    )


def test_a_dropout_that_is_always_on_is_refused(tmp_path):
    with pytest.raises(UnsupportedOp, match=r"Calling gives other answers .* a dropout that is"):
        to_onnx(Calling(nn.functional.dropout).eval(), {"x": torch.ones(2, 3)}, tmp_path / "m.onnx")


class Training(nn.BatchNorm1d):
    def train(self, mode=True):
        return super().train(True)


def quantized():
    linear = nn.Sequential(nn.Linear(3, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.ao.quantization.quantize_dynamic(linear, {nn.Linear})


@pytest.mark.parametrize(
    ("made", "message"),
    [
        pytest.param(
            lambda: torch.jit.trace(nn.Linear(3, 2), torch.ones(1, 3)),
            r"does not take TorchScript: 1\.1 \(Linear\); give the network as .*dynamo=False\)$",
            id="torchscript",
        ),
        pytest.param(
            quantized,
            r"that PyTorch has quantized: 1\.1\.0 \(Linear\); .*`decant quantize` makes",
            id="quantized",
        ),
        pytest.param(
            lambda: nn.LazyLinear(2), r"no weights yet: 1\.1 \(LazyLinear\); call the", id="lazy"
        ),
        pytest.param(
            lambda: Training(3), r"in training mode .*: 1\.1 \(Training\); call", id="training"
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_what_cannot_be_exported_as_it_stands_is_refused_at_once(made, message, tmp_path):
    with pytest.raises(UnsupportedOp, match=message):
        to_onnx(within(made()), {"input": torch.ones(1, 3)}, tmp_path / "m.onnx")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:no signature:UserWarning")
def test_the_advice_on_torchscript_holds(tmp_path):
    script = torch.jit.script(nn.Sequential(nn.Linear(3, 2), nn.ReLU()).eval())
    torch.jit.save(script, tmp_path / "net.pt")
    loaded = torch.jit.load(tmp_path / "net.pt")
    assert loaded.state_dict().keys() == {"0.weight", "0.bias"}
    torch.onnx.export(loaded, (torch.ones(1, 3),), tmp_path / "net.onnx", dynamo=False)
    assert onnx.load(tmp_path / "net.onnx").graph.node


def test_training_mode_is_refused(tmp_path):
    with pytest.raises(UnsupportedOp, match=r"call \.eval\(\)"):
        to_onnx(nn.Dropout().train(), {"input": torch.ones(1, 3)}, tmp_path / "m.onnx")


def test_the_terminal_stays_quiet(tmp_path, capfd):
    to_onnx(within(nn.GELU()), {"input": torch.ones(1, 3)}, tmp_path / "m.onnx")
    with pytest.raises(UnsupportedOp):
        to_onnx(within(Branching()), {"input": torch.ones(1, 3)}, tmp_path / "m.onnx")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("module", "reduction", "count"),
    [
        pytest.param(nn.AdaptiveAvgPool2d((2, 3)), "AveragePool", 1, id="even-means"),
        pytest.param(nn.AdaptiveMaxPool2d((2, 3)), "MaxPool", 1, id="even-maxima"),
        pytest.param(nn.AdaptiveAvgPool2d((4, 3)), "ReduceMean", 7, id="means"),
        pytest.param(nn.AdaptiveMaxPool2d((4, 3)), "ReduceMax", 7, id="maxima"),
        pytest.param(nn.AdaptiveMaxPool2d((7, 20)), "ReduceMax", 24, id="equal-windows-once"),
        pytest.param(nn.AdaptiveMaxPool2d(1), "ReduceMax", 1, id="one"),
    ],
)
def test_adaptive_pooling_becomes_windows(module, reduction, count, tmp_path):
    x = torch.from_numpy(pictures(1))[:, :, :6, :9]
    to_onnx(module.eval(), {"input": x}, tmp_path / "pool.onnx")
    found = [node.op_type for node in onnx.load(tmp_path / "pool.onnx").graph.node]
    assert found.count(reduction) == count
    assert set(found) <= {reduction, "Slice", "Concat"}


class Attention(nn.Module):
    """Fused attention, and behind it a view that its strides allow."""

    def forward(self, x):
        q, k, v = x.chunk(3, -1)
        y = nn.functional.scaled_dot_product_attention(q, k, v)
        return y.transpose(-2, -3).reshape(*y.shape[:-3], y.shape[-2], -1)


@pytest.mark.parametrize("leading", [(2,), (2, 3), (2, 3, 4)], ids=["3d", "4d", "5d"])
def test_attention_of_any_rank_is_exported(leading, tmp_path):
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(*leading, 5, 24)))
    to_onnx(Attention().eval(), {"input": x.float()}, tmp_path / "net.onnx")
    nodes = [node.op_type for node in onnx.load(tmp_path / "net.onnx").graph.node]
    assert nodes.count("MatMul") == 2
    assert nodes.count("Softmax") == 1


class MaskedAttention(nn.Module):
    """Fused attention with a mask of what each query sees."""

    def forward(self, x, seen):
        return nn.functional.scaled_dot_product_attention(*x.chunk(3, -1), seen)


def test_a_query_that_sees_nothing_gets_zeros(tmp_path):
    """The first of a causal network's, where the padding is on the left."""
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 24)).astype(np.float32)
    seen = np.tri(5, dtype=bool)
    seen[:, 0] = False
    given = {"x": x, "seen": seen}
    example = {name: torch.from_numpy(array) for name, array in given.items()}
    to_onnx(MaskedAttention().eval(), example, tmp_path / "net.onnx")
    (found,) = OnnxRuntime(tmp_path / "net.onnx").run(given).values()
    expected = MaskedAttention()(**example).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)  # some roundings of numbers near 1
    assert not found[:, :, 0].any()
    assert found[:, :, 1:].all()


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_no_step_of_a_recurrent_layer_is_gone_through(kind, tmp_path, monkeypatch):
    """PyTorch would, for the shapes alone: seconds for some hundred steps."""

    def gone_through(*given, **options):
        raise AssertionError("a step is computed")

    for name in CELLS:
        monkeypatch.setattr(decompositions, name, gone_through)
    layer = kind(5, 4, 2, bidirectional=True).eval()
    to_onnx(layer, {"steps": torch.zeros(3, 2, 5)}, tmp_path / "m.onnx")
    model = onnx.load(tmp_path / "m.onnx")
    assert [node.op_type for node in model.graph.node].count(kind.__name__) == 2
    sizes = [each.dim_value for each in model.graph.output[0].type.tensor_type.shape.dim]
    assert sizes == [3, 2, 8]
    assert decompositions.lstm_cell is gone_through  # as it was before
