"""Checkpoints load without running code, and misfits are named tensor by tensor."""

import pickle

import pytest
import torch
from safetensors.torch import save_file

from decant.errors import DataError, SpecError
from decant.network import lay_out_channels_last, load_network, load_weights
from decant.spec import load_spec

NETWORK = """
import torch

def build(width=4):
    return torch.nn.Sequential(torch.nn.Conv2d(3, width, 1), torch.nn.BatchNorm2d(width))

def broken():
    return len(7)

def nothing():
    return 7
"""

SPEC = """
[model]
name = "net"
factory = "net.py:{factory}"
arguments = {arguments}

[input]
shape = [1, 3, 8, 12]
mean = [0, 0, 0]
std = [1, 1, 1]

[task]
kind = "classification"
labels = ["0", "1"]

[data]
calibration = {{ kind = "folder", path = "c" }}
validation = {{ kind = "folder", path = "v" }}
test = {{ kind = "folder", path = "t" }}
"""


@pytest.fixture
def spec(tmp_path):
    def make(factory="build", arguments="{}", checkpoint=None):
        text = SPEC.format(factory=factory, arguments=arguments)
        if checkpoint is not None:
            text = text.replace("arguments =", f'checkpoint = "{checkpoint}"\narguments =')
        (tmp_path / "net.py").write_text(NETWORK)
        (tmp_path / "model.toml").write_text(text)
        return load_spec(tmp_path / "model.toml")

    return make


@pytest.fixture
def network():
    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), torch.nn.BatchNorm2d(4))


@pytest.mark.parametrize("form", ["safetensors", "state dict", "wrapped state dict", "float16"])
def test_checkpoint_is_loaded_whatever_its_form(spec, network, tmp_path, form):
    state = network.state_dict()
    if form in ("safetensors", "float16"):
        kept = {n: t.half() if form == "float16" else t for n, t in state.items()}
        save_file(kept, tmp_path / "x.safetensors")
    else:
        torch.save(
            {"state_dict": state} if form.startswith("wrapped") else state, tmp_path / "x.pt"
        )
    file = "x.safetensors" if form in ("safetensors", "float16") else "x.pt"
    loaded = load_network(spec(checkpoint=file))
    assert not loaded.training
    rounding = 1e-3 if form == "float16" else 0
    torch.testing.assert_close(loaded[0].weight, network[0].weight, rtol=rounding, atol=rounding)


def test_weights_without_a_checkpoint_come_from_the_seed(spec):
    first, second = load_network(spec()), load_network(spec())
    assert torch.equal(first[0].weight, second[0].weight)


def test_arguments_reach_the_factory(spec):
    assert load_network(spec(arguments="{ width = 7 }"))[0].out_channels == 7


def test_misfits_are_listed(network, tmp_path):
    state = dict(network.state_dict())
    state["0.weight"] = torch.zeros(5, 3, 1, 1)
    state["2.bias"] = state.pop("0.bias")
    save_file(state, tmp_path / "x.safetensors")
    with pytest.raises(DataError) as caught:
        load_weights(network, tmp_path / "x.safetensors")
    message = str(caught.value)
    assert "0.weight: [5, 3, 1, 1] in the file, [4, 3, 1, 1] needed" in message
    assert "0.bias: missing in the file" in message
    assert "2.bias: not in the network" in message


def test_count_of_batches_may_be_missing(network, tmp_path):
    state = {n: t for n, t in network.state_dict().items() if "num_batches" not in n}
    save_file(state, tmp_path / "x.safetensors")
    load_weights(network, tmp_path / "x.safetensors")


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("code from the checkpoint was run",))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.pt", pickle.dumps(Bomb(), protocol=2), "never run"),
        ("x.pt", b"PK\x03\x04 cut off", "not a whole checkpoint"),
        ("x.pt", b"", "x.pt: is empty; make it or copy it again"),
        ("x.safetensors", b"\x08\x00", "not a whole safetensors file"),
        ("x.safetensors", None, "no such file; correct the path"),
    ],
    ids=["code", "truncated", "empty", "truncated safetensors", "missing"],
)
def test_unusable_checkpoint(network, tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        load_weights(network, tmp_path / name)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_is_no_checkpoint(network, tmp_path):
    torch.jit.save(torch.jit.script(torch.nn.Linear(3, 2)), tmp_path / "x.pt")
    with pytest.raises(DataError, match=r"x\.pt: is TorchScript, .* give the network as Python"):
        load_weights(network, tmp_path / "x.pt")


def test_checkpoint_without_weights(network, tmp_path):
    torch.save([1, 2], tmp_path / "x.pt")
    with pytest.raises(DataError, match="holds no state dict"):
        load_weights(network, tmp_path / "x.pt")


@pytest.mark.parametrize(
    ("factory", "arguments", "message"),
    [
        ("build", "{ depth = 1 }", "unexpected keyword argument 'depth'"),
        ("broken", "{}", "raised TypeError"),
        ("nothing", "{}", "returned a int; return a torch.nn.Module"),
    ],
)
def test_factory_that_gives_no_network(spec, factory, arguments, message):
    with pytest.raises(SpecError, match=message):
        load_network(spec(factory, arguments))


def test_only_4d_tensors_are_laid_out_channels_last():
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Conv3d(4, 2, 3))
    network.register_buffer("anchor_grid", torch.rand(1, 3, 1, 1, 2))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    lay_out_channels_last(network)
    assert network[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert network[0].weight.requires_grad
    assert network[1].weight.is_contiguous()
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name])
