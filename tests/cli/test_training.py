"""`decant train` and `decant distill` carry out the spec's recipe, once."""

import json
import re
from pathlib import Path

import pytest
import torch
import training_cases
from processes import run_decant, start_decant
from safetensors.torch import load_file, save_file

from decant.network import load_network
from decant.spec import load_spec

RECIPE = """
from training_cases import QuadrantRecipe


def recipe(folder):
    return QuadrantRecipe()
"""

# Sends itself Ctrl-C in its seventh step while there is a file called stop.
STOPPED = """
import os
import signal
from pathlib import Path


class Stopped(QuadrantRecipe):
    def __init__(self, folder):
        self.steps = 0

    def loss(self, outputs, batch):
        self.steps += 1
        if self.steps == 7 and Path("stop").exists():
            os.kill(os.getpid(), signal.SIGINT)
        return super().loss(outputs, batch)
"""

# The project's own classifier, on noise whose mean says which label it has.
CLASSIFIER = """
import torch
from net import Net
from training_cases import SETTINGS, QuadrantRecipe


class BrightRecipe(QuadrantRecipe):
    def __init__(self, folder):
        (folder / "made").mkdir(parents=True, exist_ok=True)

    def model(self, role):
        return Net(4 if role == "student" else 12)

    def batch(self, settings, step):
        random = torch.Generator().manual_seed(settings.seed * 1000 + step)
        labels = torch.randint(2, (8,), generator=random)
        noise = torch.randn(8, 3, 32, 48, generator=random)
        return 0.1 * noise + labels.view(-1, 1, 1, 1) * 0.6 - 0.3, labels

    def inputs(self, batch):
        return batch[0]

    def loss(self, outputs, batch):
        return {"entropy": torch.nn.functional.cross_entropy(outputs, batch[1])}

    def evaluate(self, model):
        return {}

    def responses(self):
        return ()
"""


# The same with nothing but the six methods of a recipe.
PLAIN = CLASSIFIER.replace("class BrightRecipe(QuadrantRecipe):", "class BrightRecipe:").replace(
    """    def responses(self):
        return ()
""",
    """    def settings(self, role):
        return SETTINGS
""",
)


@pytest.fixture
def trainable(project):
    (project / "recipe.py").write_text(RECIPE)
    with (project / "model.toml").open("a") as spec:
        spec.write('\n[training]\nrecipe = "recipe.py:recipe"\n')
    return project


@pytest.fixture
def comparable(trainable):
    (trainable / "recipe.py").write_text(CLASSIFIER)
    spec = trainable / "model.toml"
    spec.write_text(spec.read_text().replace("recipe.py:recipe", "recipe.py:BrightRecipe"))
    return trainable


@pytest.mark.parametrize("role", ["student", "teacher"])
def test_train_leaves_checkpoint_and_log(decant, trainable, role):
    ended = decant("train", "model.toml", "--role", role)
    assert ended.code == 0, ended.err
    assert f"{role}.safetensors" in ended.out
    folder = trainable / "build/bright/training"
    assert load_file(folder / f"{role}.safetensors")
    assert (folder / f"{role}.json").is_file()


def test_second_training_does_nothing(decant, trainable):
    decant("train", "model.toml")
    ended = decant("train", "model.toml")
    assert ended.code == 0
    assert "nothing has changed" in ended.err


@pytest.mark.parametrize(
    ("role", "header", "key"),
    [("student", "[model]", "checkpoint"), ("teacher", "[training]", "teacher")],
    ids=["student", "teacher"],
)
def test_a_checkpoint_that_the_spec_names_is_not_to_be_written_into_it(
    decant, trainable, role, header, key
):
    advised = decant("train", "model.toml", "--role", role).out.splitlines()[-1]
    assert advised.startswith("To use it, write ")
    path = f"build/bright/training/{role}.safetensors"
    spec = trainable / "model.toml"
    text = re.sub(r"^checkpoint = .*\n", "", spec.read_text(), flags=re.MULTILINE)
    spec.write_text(text.replace(f"{header}\n", f'{header}\n{key} = "{path}"\n'))
    told = decant("train", "model.toml", "--role", role).out.splitlines()[-1]
    assert told == f'The spec names it already, as {key} = "{path}" under {header}.'


def test_distill_says_that_it_takes_the_trained_student_s_place(decant, trainable):
    decant("train", "model.toml")
    held = "held other weights until now; `decant train` and `decant distill` both write it"
    assert held in decant("distill", "model.toml").err
    assert held not in decant("distill", "model.toml").err


def test_distill_trains_the_teacher_that_the_spec_does_not_ship(decant, trainable):
    ended = decant("distill", "model.toml")
    assert ended.code == 0, ended.err
    lines = ended.err.splitlines()
    assert lines.index("train-teacher …") < lines.index("train-distill …")
    assert (trainable / "build/bright/training/student.safetensors").is_file()


def test_a_plain_recipe_of_a_classifier_is_distilled_by_its_logits(decant, comparable):
    (comparable / "recipe.py").write_text(PLAIN)
    ended = decant("distill", "model.toml")
    assert ended.code == 0, ended.err
    log = json.loads((comparable / "build/bright/training/student.json").read_text())
    assert log["history"][-1].keys() == {"step", "entropy", "logit_kd", "loss"}
    assert log["history"][-1]["logit_kd"] < log["history"][0]["logit_kd"]
    assert not re.search("corner|score|feature|regression", ended.err + ended.out)


DENSE = (
    PLAIN.replace("cross_entropy(outputs, batch[1])", "mse_loss(*[outputs] * 2)")
    .replace("return Net(", "return torch.nn.Conv2d(3, ")
    .replace(" else 12)", " else 12, 1)")
)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (DENSE, "BrightRecipe does not say what a student takes over from its teacher, and the "),
        (PLAIN.replace("def loss", "def losses"), "a BrightRecipe has no loss, as a recipe must"),
        (
            PLAIN.replace('{"entropy": ', "").replace("[1])}", "[1])"),
            "returned a Tensor; return its",
        ),
        (
            PLAIN.replace("return SETTINGS", "return 3"),
            "returned an int; return a decant.training.S",
        ),
        (PLAIN.replace("return Net(", "return str("), "returned a str; return a torch.nn.Module"),
        (
            PLAIN.replace("return batch[0]", "return batch[0][:, :1]"),
            "what its inputs() gives, raised RuntimeError",
        ),
        (
            PLAIN.replace("Net(4 if", "Net(role['x'] if"),
            'model("student") of the recipe raised Type',
        ),
        (PLAIN.replace("[1])}", "[1]) / 0}"), '"entropy" is inf; lower learning_rate in its'),
        (
            PLAIN + "    def responses(self):\n        return (('a', 'b'),)\n",
            "names 'a', which is no",
        ),
        (PLAIN + "    def feature_pairs(self):\n        return (('a', 'b'),)\n", "no module 'a'"),
    ],
    ids=[
        *(
            "no classifier",
            "no loss",
            "bare loss",
            "settings",
            "model",
            "inputs",
            "role",
            "infinite",
        ),
        *("response", "feature pair"),
    ],
)
@pytest.mark.parametrize("options", [(), ("--compare", "2")], ids=["distill", "compare"])
def test_what_cannot_be_distilled_is_said_before_anything_trains(
    decant, comparable, recipe, message, options
):
    assert recipe != PLAIN
    (comparable / "recipe.py").write_text(recipe)
    ended = decant("distill", "model.toml", *options)
    assert ended.code == 2, ended.err
    assert message in ended.err
    assert ended.err.count("error:") == 1
    assert "step " not in ended.err
    assert not list(comparable.rglob("*.safetensors"))


def test_distillation_in_spec_and_recipe_is_one_too_many(decant, comparable):
    with (comparable / "model.toml").open("a") as spec:
        spec.write("distillation = { alpha = 0.7 }\n")
    ended = decant("distill", "model.toml")
    assert ended.code == 2
    assert "training.distillation: is about a classifier's logits, but the recipe has" in ended.err


def test_other_distillation_settings_train_again(decant, comparable):
    (comparable / "recipe.py").write_text(PLAIN)
    assert decant("distill", "model.toml").code == 0
    with (comparable / "model.toml").open("a") as spec:
        spec.write("distillation = { alpha = 0.7 }\n")
    again = decant("distill", "model.toml")
    assert "train-teacher: nothing has changed" in again.err
    assert "train-distill: nothing has changed" not in again.err


def test_distill_takes_the_teacher_given(decant, trainable):
    ended = decant("distill", "model.toml", "--teacher", "net.py")
    assert ended.code == 5
    assert "net.py" in ended.err


def test_the_spec_s_seed_is_the_training_s(decant, trainable):
    weights = []
    for seed in (0, 5):
        spec = trainable / "model.toml"
        spec.write_text(f"seed = {seed}\n" + spec.read_text().removeprefix("seed = 0\n"))
        assert decant("train", "model.toml").code == 0
        log = json.loads((trainable / "build/bright/training/student.json").read_text())
        assert log["settings"]["seed"] == seed
        weights.append(load_file(trainable / "build/bright/training/student.safetensors"))
    assert not torch.equal(weights[0]["score.weight"], weights[1]["score.weight"])


def test_compare_says_what_the_teacher_adds_and_keeps_every_run(decant, comparable):
    ended = decant("distill", "model.toml", "--compare", "2", "--steps", "10")
    assert ended.code == 0, ended.err
    assert re.search(r"top1: [\d.]+ undistilled, [\d.]+ distilled, gain .* \(95 % ", ended.out)
    document = json.loads((comparable / "build/bright/training/comparison.json").read_text())
    assert {(run["variant"], run["seed"], run["steps"]) for run in document["runs"]} == {
        (variant, seed, 10) for variant in ("undistilled", "distilled") for seed in (0, 1)
    }
    assert document["difference"].keys() == {"top1", "macro_f1"}
    assert (comparable / "build/bright/data/made").is_dir()


def test_finished_runs_are_kept_until_what_they_depend_on_changes(decant, comparable):
    def again(*options):
        ended = decant("distill", "model.toml", "--compare", "2", *options)
        assert ended.code == 0, ended.err
        return {line.split(":")[0] for line in ended.err.splitlines() if "nothing has" in line}

    everything = {f"compare-{v}-{s}" for v in ("undistilled", "distilled") for s in (0, 1)}
    assert not again("--steps", "8")
    assert everything <= again("--steps", "8")
    assert not everything & again("--steps", "9")
    teacher = next(comparable.glob("build/bright/.cache/train-teacher-*/teacher.safetensors"))
    weights = {name: 2 * value for name, value in load_file(teacher).items()}
    save_file(weights, comparable / "other.safetensors")
    kept = again("--steps", "8", "--teacher", "other.safetensors")
    assert kept == {"compare-undistilled-0", "compare-undistilled-1"}


def test_steps_without_a_comparison_are_refused(decant, trainable):
    ended = decant("distill", "model.toml", "--steps", "10")
    assert ended.code == 2
    assert "--steps is for --compare" in ended.err


def test_a_recipe_that_takes_no_folder_is_named(decant, trainable):
    (trainable / "recipe.py").write_text(RECIPE.replace("(folder)", "()"))
    ended = decant("train", "model.toml")
    assert ended.code == 2
    assert "recipe.py:recipe" in ended.err
    assert "called with one folder" in ended.err


def test_interrupted_training_goes_on_to_the_same_weights(trainable, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(training_cases.__file__).parent))
    (trainable / "recipe.py").write_text(RECIPE + STOPPED)
    (trainable / "stop").touch()
    spec = trainable / "model.toml"
    spec.write_text(spec.read_text().replace("recipe.py:recipe", "recipe.py:Stopped"))
    ended = start_decant(trainable, "train", "model.toml")
    _, said = ended.communicate()
    assert ended.returncode == 130, said
    assert "step 7 of 40 is kept" in said
    assert not (trainable / "build/bright/training").exists()
    (trainable / "stop").unlink()
    assert run_decant(trainable, "train", "model.toml").returncode == 0
    resumed = load_file(trainable / "build/bright/training/student.safetensors")
    whole = run_decant(trainable, "train", "model.toml", "-o", "whole")
    assert whole.returncode == 0, whole.stderr
    expected = load_file(trainable / "whole/training/student.safetensors")
    assert all(torch.equal(expected[name], resumed[name]) for name in expected)


def test_model_without_a_recipe(decant, project):
    ended = decant("train", "model.toml")
    assert ended.code == 2
    assert "the spec has no [training]" in ended.err


# The project's network with GELUs, and its classifier's recipe with a figure.
SMOOTH = PLAIN.replace('Net(4 if role == "student" else 12)', "Net()").replace(
    "        return {}\n",
    """        images, labels = self.batch(SETTINGS, 9999)
        with torch.no_grad():
            return {"top1": float((model(images).argmax(1) == labels).float().mean())}
""",
)
SWAP = """
[model.swap]
"features.*" = "hard_swish"
"""


@pytest.fixture
def swappable(comparable):
    net = comparable / "net.py"
    net.write_text(net.read_text().replace("ReLU", "GELU"))
    (comparable / "recipe.py").write_text(SMOOTH)
    with (comparable / "model.toml").open("a") as spec:
        spec.write(SWAP)
    return comparable


def test_a_swapped_network_learns_from_its_original_and_says_what_it_cost(decant, swappable):
    ended = decant("distill", "model.toml", "--json")
    assert ended.code == 0, ended.err
    trained = json.loads(ended.out)["result"]
    assert trained["swap"]["modules"] == {
        "features.1": "GELU → hard_swish",
        "features.3": "GELU → hard_swish",
    }
    assert list(trained["swap"]["figures"]) == ["original", "swapped", "retrained"]
    told = decant("distill", "model.toml").out
    assert "swapped GELU → hard_swish: features.1, features.3" in told
    assert re.search(r"top1: \d\.\d{4} of the original, \d\.\d{4} swapped, \d\.\d{4} retr", told)


def test_a_swap_that_fits_nothing_is_refused_before_anything_trains(decant, swappable):
    ended = decant("distill", "model.toml", "--set", 'model.swap={"act*"="batch_norm"}')
    assert ended.code == 2, ended.err
    assert "model.swap: no module that batch_norm stands in for (LayerNorm) is called" in ended.err
    assert not list(swappable.rglob("*.safetensors"))


def test_the_swapped_checkpoint_is_the_network_of_the_spec(decant, swappable):
    decant("distill", "model.toml")
    spec = swappable / "model.toml"
    named = 'factory = "net.py:build"\ncheckpoint = "build/bright/training/student.safetensors"'
    spec.write_text(spec.read_text().replace('factory = "net.py:build"', named))
    network = load_network(load_spec(spec))
    assert isinstance(network.features[1], torch.nn.Hardswish)
