"""The recipe of the page on training trains and distils the tutorial's digits as it says."""

import json
import re

import pytest
from documented import ROOT, blocks, named_files, run, write_digits, write_files
from processes import run_here

from decant.training import Recipe

PAGE = "docs/how-to/train-and-distil.md"


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """The README's digits with the page's recipe, for a fifth of its steps."""
    folder = tmp_path_factory.mktemp("digits")
    write_digits(folder)
    write_files(PAGE, folder)
    recipe = folder / "recipe.py"
    recipe.write_text(recipe.read_text().replace("steps=120", "steps=24"))
    section = next(text for _, text in blocks(PAGE) if text.startswith("[training]\n"))
    with (folder / "model.toml").open("a") as spec:
        spec.write(section)
    return folder


def commands():
    return next(text for _, text in blocks(PAGE) if "decant distill" in text).splitlines()


def test_the_page_names_the_methods_of_a_recipe():
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    table = re.findall(r"^\| `(\w+)\(.*?\)` \|", text, re.MULTILINE)
    methods = {name for name in vars(Recipe) if not name.startswith("_")}
    assert methods <= {*table}


def test_every_command_of_the_page_works(digits):
    for command in commands():
        ended = run(digits, command + (" --steps 8" if "--compare" in command else ""))
        assert ended.returncode == 0, ended.stderr
    log = json.loads((digits / "build/digits/training/student.json").read_text())
    kinds = {*log["history"][-1]} - {"step"}
    assert kinds == {"entropy", "logit_kd", "loss", "top1"}
    assert log["history"][-1]["top1"] > 0.5


def test_the_checkpoint_works_where_the_command_says_to_name_it(digits):
    ended = run(digits, commands()[0])
    said = re.search(r'write (checkpoint = ".*?") under \[model\]', ended.stdout)[1]
    spec = (digits / "model.toml").read_text().replace('checkpoint = "digits.pt"', said)
    (digits / "trained.toml").write_text(spec)
    loaded = "from decant.network import *; from decant.spec import *; "
    loaded += "load_network(load_spec('trained.toml'))"
    assert run(digits, f'python -c "{loaded}"').returncode == 0


def test_temperature_and_alpha_of_the_page_are_keys_of_a_spec(digits):
    section = next(text for _, text in blocks(PAGE) if "[training.distillation]" in text)
    spec = (digits / "model.toml").read_text()
    (digits / "softer.toml").write_text(f"{spec}\n{section}")
    run_here(digits, "distill", "model.toml", "-o", "plain")
    run_here(digits, "distill", "softer.toml", "-o", "softer")
    logs = [
        json.loads((digits / out / "training/student.json").read_text())["history"][0]
        for out in ("plain", "softer")
    ]
    assert logs[0]["logit_kd"] != logs[1]["logit_kd"]


def test_the_recipe_is_the_only_file_of_the_page():
    assert named_files(PAGE).keys() == {"recipe.py"}
