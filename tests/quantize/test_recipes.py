"""Recipes are data that survive a round trip and mean something to the library."""

import json

import pytest
from pydantic import ValidationError

from decant.errors import InternalError, SpecError
from decant.quantize import RECIPES, STATIC_INT8, Recipe
from decant.quantize.transform import library_recipe, transform


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_json_round_trip_keeps_everything(recipe):
    full = recipe.model_copy(
        update={"keep_float": ("head/.*",), "ranges": {"a": (-0.1, 3.0000001)}}
    )
    assert Recipe.from_json(json.loads(json.dumps(full.to_json()))) == full


def test_a_recipe_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        STATIC_INT8.name = "other"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bits": 4}, r"quantization recipe: bits: Extra inputs are not permitted"),
        ({"form": "int4"}, r"quantization recipe: form: Input should be 'float16'"),
        ({"keep_float": ["("]}, r"'\(' is not a regular expression"),
        ({"ranges": {"a": [0]}}, r"quantization recipe: ranges\.a"),
    ],
    ids=["unknown-key", "unknown-form", "bad-pattern", "half-a-range"],
)
def test_a_bad_recipe_is_named(change, message):
    with pytest.raises(SpecError, match=message):
        Recipe.from_json({**STATIC_INT8.to_json(), **change})


def test_a_missing_key_is_named():
    document = STATIC_INT8.to_json()
    del document["kinds"]
    with pytest.raises(SpecError, match="kinds: Field required"):
        Recipe.from_json(document)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_the_library_takes_every_operator_of_a_recipe(recipe):
    from ai_edge_quantizer import algorithm_manager, qtyping, recipe_manager

    manager = recipe_manager.RecipeManager()
    manager.load_quantization_recipe(library_recipe(recipe))
    for entry in library_recipe(recipe):
        key, _ = manager.get_quantization_configs(
            qtyping.TFLOperationName(entry["operation"]), "any"
        )
        assert key != algorithm_manager.AlgorithmName.NO_QUANTIZE, entry["operation"]


def test_an_operator_the_library_does_not_know_is_refused(float_path):
    recipe = STATIC_INT8.model_copy(update={"kinds": ("CONV_2D", "MINIMUM")})
    with pytest.raises(SpecError, match=r"'static_int8': ai-edge-quantizer .*MINIMUM"):
        transform(float_path.read_bytes(), recipe)


def test_what_the_library_cannot_do_is_reported(float_path):
    # A static recipe without ranges.
    with pytest.raises(InternalError, match=r"cannot make 'static_int8': RuntimeError"):
        transform(float_path.read_bytes(), STATIC_INT8)
