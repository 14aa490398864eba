"""Recipes are data that survive a round trip and mean something to the library."""

import json

import pytest
from bright_project import write_project
from pydantic import ValidationError

from decant import pipeline
from decant.errors import DataError, InternalError, SpecError, UsageError
from decant.quantization import Group, Plan
from decant.quantize import RECIPES, STATIC_INT8, load_recipes, spec_recipes
from decant.quantize.recipes import check_recipes, recipes_document
from decant.quantize.transform import transform
from decant.spec import load_spec


@pytest.fixture
def write(tmp_path):
    def write(document):
        path = tmp_path / "recipe.json"
        path.write_text(json.dumps(document))
        return path

    return write


def document(**change):
    """A recipe file with a change to its first recipe."""
    whole = recipes_document(list(RECIPES.values()))
    whole["recipes"][0].update(change)
    return whole


def test_a_file_keeps_everything(write):
    ranges = {"a": (-0.1, 3.0000001)}
    full = [
        recipe.model_copy(
            update={"keep_float": ("head/.*",), "ranges": ranges if recipe.ranged else {}}
        )
        for recipe in RECIPES.values()
    ]
    assert list(load_recipes(write(recipes_document(full)))) == full


def test_a_recipe_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        STATIC_INT8.name = "other"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bits": 4}, r"recipes\.0\.bits: Extra inputs are not permitted"),
        ({"form": "int4"}, r"recipes\.0\.form: Input should be 'static_int8'"),
        ({"keep_float": ["("]}, r"'\(' is not a regular expression"),
        ({"ranges": {"a": [0]}}, r"recipes\.0\.ranges\.a"),
        ({"ranges": {"a": [1, 0]}}, r"'a' has \[1\.0, 0\.0\], which is no range"),
        ({"ranges": {"a": [0, float("inf")]}}, r"'a' has \[0\.0, inf\], which is no range"),
        ({"file": "../model.tflite"}, r"recipes\.0\.file"),
        ({"file": "recipe.json"}, r"recipes\.0\.file"),
        ({"name": "float16"}, r"two quantization recipes have name = 'float16'"),
        ({"calibrator": "median"}, r"recipes\.0\.calibrator: Input should be 'auto', 'minmax'"),
        ({"form": "float16", "ranges": {"a": [0, 1]}}, "'static_int8': there are ranges, but"),
        (
            {"form": "float16", "corrections": ["bias"]},
            r"there are corrections \(bias\), but of float16 no weight is an integer",
        ),
        ({"corrections_sha256": "ab"}, "there is corrections_sha256, but no corrections"),
    ],
    ids=[
        "unknown-key", "unknown-form", "bad-pattern", "half-a-range", "backwards", "endless",
        "other-folder", "no-model", "twice", "calibrator", "idle-ranges", "idle-corrections",
        "no-corrections",
    ],
)  # fmt: skip
def test_a_bad_recipe_is_named(write, change, message):
    with pytest.raises(SpecError, match=message):
        load_recipes(write(document(**change)))


def test_a_missing_key_is_named(write):
    whole = document()
    del whole["recipes"][0]["kinds"]
    with pytest.raises(SpecError, match=r"recipe\.json: recipes\.0\.kinds: Field required"):
        load_recipes(write(whole))


@pytest.mark.parametrize("whole", [[], {"recipes": []}], ids=["no-object", "no-recipe"])
def test_a_file_that_is_no_recipe_file_is_named(write, whole):
    with pytest.raises(SpecError, match=r"recipe\.json.*give a recipe\.json that"):
        load_recipes(write(whole))


def test_a_file_that_is_not_json_is_named(tmp_path):
    (tmp_path / "recipe.json").write_text("{")
    with pytest.raises(DataError, match=r"recipe\.json: not a JSON file"):
        load_recipes(tmp_path / "recipe.json")


def test_another_version_of_the_library_is_told(write, caplog):
    load_recipes(write({**document(), "quantizer": "ai-edge-quantizer 0.10.0"}))
    assert "was written with ai-edge-quantizer 0.10.0, this is litert-quantizer" in caplog.text


def spec_with(tmp_path, section):
    write_project(tmp_path)
    path = tmp_path / "model.toml"
    path.write_text(f"{path.read_text()}\n[quantization]\n{section}\n")
    return load_spec(path)


def test_a_spec_names_recipes_in_its_own_order(tmp_path):
    spec = spec_with(tmp_path, 'recipes = ["float16", "static_int8"]')
    assert [recipe.name for recipe in spec_recipes(spec)] == ["float16", "static_int8"]


def test_a_spec_names_a_recipe_file_beside_it(tmp_path, write):
    write(document(keep_float=["head"]))
    spec = spec_with(tmp_path, 'recipe = "recipe.json"')
    assert spec_recipes(spec)[0].keep_float == ("head",)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ('recipe = "recipe.json"\nrecipes = ["float16"]', "give either recipes or recipe"),
        ("recipes = []", r"quantization\.recipes = \[\]: .*at least 1 item"),
    ],
    ids=["both", "none"],
)
def test_a_spec_says_in_one_way_what_to_make(tmp_path, section, message):
    with pytest.raises(SpecError, match=message):
        spec_with(tmp_path, section)


def test_an_operator_the_library_does_not_know_is_refused(float_path):
    recipe = STATIC_INT8.model_copy(update={"kinds": ("CONV_2D", "MINIMUM")})
    with pytest.raises(SpecError, match=r"'static_int8': litert-quantizer .*MINIMUM"):
        transform(float_path.read_bytes(), recipe)


def test_a_recipe_file_and_a_search_contradict_each_other(float_path, write, tmp_path):
    path = write(document())
    message = "--recipe makes the files that it describes, and none are searched for; leave"
    with pytest.raises(UsageError, match=message):
        pipeline.quantize(float_path, tmp_path / "out", recipe=path, plan=Plan(budget="1s"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("scheme", "kind"),
    [("dynamic_int8", "ADD"), ("float16", "LOGISTIC"), ("weight_only_int8", "MEAN")],
)
def test_a_group_of_a_scheme_that_its_kinds_do_not_take_is_named(float_path, scheme, kind):
    group = Group(scheme=scheme, kinds=("CONV_2D", kind))
    recipe = STATIC_INT8.model_copy(update={"groups": (group,)})
    with pytest.raises(SpecError, match=f"makes no {scheme} {kind}; leave {kind} out .*CONV_2D"):
        transform(float_path.read_bytes(), recipe)


def test_what_the_library_cannot_do_is_reported(float_path):
    # A static recipe without ranges.
    with pytest.raises(InternalError, match=r"cannot make 'static_int8': RuntimeError"):
        transform(float_path.read_bytes(), STATIC_INT8)


def test_no_recipe_overwrites_the_float_file():
    recipe = RECIPES["static_int8"].model_copy(update={"file": "model_fp32.tflite"})

    with pytest.raises(SpecError, match=r"'static_int8' has file = 'model_fp32.tflite', which is"):
        check_recipes([recipe])
