"""A spec says all that is wrong with it at once, and what to do about it."""

import re

import pytest

from decant.datasets.coco import CocoSource
from decant.datasets.generated import GeneratedSource
from decant.errors import DataError, SpecError
from decant.spec import load_spec

SPEC = """
[model]
name = "digits"
factory = "net.py:build"

[input]
shape = [1, 3, 32, 48]
mean = [0, 0, 0]
std = [1, 1, 1]

[task]
kind = "classification"
labels = ["0", "1"]

[data]
calibration = { kind = "folder", path = "calibration" }
validation = { kind = "generated", factory = "net.py:pages", split = "validation", count = 4 }
test = { kind = "folder", path = "test" }
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "model.toml"
        path.write_text(text)
        return path

    return write


def test_defaults_are_those_of_the_contract(write):
    spec = load_spec(write(SPEC))
    assert spec.input.name == "image"
    assert (spec.image.rule.height, spec.image.rule.width) == (32, 48)
    assert spec.image.rule.shrink == "area"
    assert isinstance(spec.data.validation, GeneratedSource)
    assert spec.quantization.recipes == ("static_int8", "dynamic_int8", "float16")
    assert spec.requirements.max_drop == 0.01


def test_paths_start_at_the_spec(write, tmp_path):
    assert load_spec(write(SPEC)).path("net.py") == tmp_path / "net.py"


def test_committed_spec_of_the_detector_is_usable():
    from decant.source import zoo_models

    spec = load_spec(zoo_models()["detector"])
    assert spec.input.shape == (1, 3, 320, 320)
    assert spec.requirements.max_size_bytes == 2_000_000
    assert isinstance(spec.data.test, CocoSource)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("factory =", "factry =", r'model.factry: unknown key; did you mean "factory"\?'),
        ("[input]", "[inptu]", r'inptu: unknown key; did you mean "input"\?'),
        ('labels = ["0", "1"]', "", "task.labels: missing; add it"),
        ('name = "digits"', "name = 3", "model.name = 3: Input should be a valid string"),
        ('"digits"', '"a/b"', 'model.name = "a/b": must be letters, digits'),
        ('"net.py:build"', '"net.py"', 'model.factory = "net.py": must be "file.py:function"'),
        ("[1, 3, 32, 48]", "[1, 3, 32]", r"input.shape = \[1, 3, 32\]: The list should have at"),
        ("[1, 3, 32, 48]", "[1, 3, 0, 48]", "input: shape = .* has a size below 1"),
        ("[1, 3, 32, 48]", "[1, 3, -32, 48]", "input: shape = .* has a size below 1"),
        ("[1, 3, 32, 48]", "[1, 3, 32000, 48000]", "input: shape = .* is over a gigabyte"),
        (
            "[1, 3, 32, 48]",
            "[4, 3, 32, 48]",
            r"input: shape = \[4, 3, 32, 48\] takes 4 photos at a time, .*; write shape = "
            r"\[1, 3, 32, 48\], .*decant convert",
        ),
        ("[1, 3, 32, 48]", "[1, 1, 32, 48]", 'input: shape has 1 channels, but colour = "rgb"'),
        ("[input]", '[input]\nname = ""', 'input.name = "": String should have at least 1 char'),
        ("mean = [0, 0, 0]", "mean = [0]", r"input: mean = \[0\.0\] needs 3 numbers"),
        ("mean = [0, 0, 0]", "mean = 0.5", "input.mean = 0.5: must be a list, in square brackets"),
        ("mean = [0, 0, 0]", "mean = [0, nan, 0]", "input.mean.1 = nan: Input should be a finite"),
        ("mean = [0, 0, 0]", "mean = [0, 124, 0]", "not on the 0…1 scale; divide mean and std by"),
        (
            "std = [1, 1, 1]",
            "std = [1, 0, 1]",
            r"input: std = \[1\.0, 0\.0, 1\.0\] must be above 0",
        ),
        ('["0", "1"]', "[]", r"task.labels = \[\]: The list should have at least 1 item"),
        ('["0", "1"]', '["0", "0"]', r'labels = \["0", "0"\]: "0" occurs twice; make each'),
        ('["0", "1"]', '["0", ""]', 'task.labels.1 = "": String should have at least 1 character'),
        ('["0", "1"]', '["0", "1"]\nmetric = "top5"', 'metric = "top5" is always 1 with 2 labels'),
        ('kind = "classification"', "", "task: kind is missing; add it"),
        (
            '"classification"',
            '"clasification"',
            "task.kind = \"clasification\": must be one of 'classification', ",
        ),
        (
            '"classification"',
            '"pose_tracking"',
            'for another task, decant convert, .* "What a spec cannot say" in docs/reference/',
        ),
        ("count = 4", "count = 0", "data.validation.count = 0: .*greater than or equal to 1"),
        ("count = 4", 'count = "4"', 'data.validation.count = "4": .*valid integer'),
        ("[data]", "[data]\ntest = 3\n[dat]", "data.test = 3: must be a table"),
        ("[model]", "seed = -1\n[model]", "seed = -1: Input should be greater than or equal to 0"),
        ("[data]", '[data]\ntset = ""', r'data.tset: unknown key; did you mean "test"\?'),
    ],
)
def test_each_fault_is_named_with_what_to_do(write, old, new, message):
    assert old in SPEC
    with pytest.raises(SpecError, match=message):
        load_spec(write(SPEC.replace(old, new)))


FACTORY_LINE = 'factory = "net.py:build"'
FILE_LINE = 'file = "net.onnx"'


@pytest.mark.parametrize(
    ("source", "signature", "message"),
    [
        (FACTORY_LINE, "", r'model: signatures.a: a method is traced with an .*inputs = "a.npz"'),
        (
            FACTORY_LINE,
            'inputs = "a.npz"\nshapes = { x = [1] }',
            "signatures.a: shapes are of a file",
        ),
        (FILE_LINE, 'method = "encode"', 'signatures.a: method = "encode" is of a factory'),
        (FILE_LINE, "shape = [1]", r'model.signatures.a.shape: unknown key; did you mean "shapes"'),
        (FILE_LINE, "[model.signatures.1st]", 'signatures: "1st" is not letters, digits and _'),
    ],
    ids=["no example", "shapes of a module", "method of a file", "typo", "name"],
)
def test_a_signature_that_does_not_fit_the_model_is_refused(write, source, signature, message):
    text = SPEC.replace(FACTORY_LINE, f"{source}\n[model.signatures.a]\n{signature}")
    assert text != SPEC
    with pytest.raises(SpecError, match=message):
        load_spec(write(text))


def test_signatures_are_read(write):
    text = SPEC.replace(
        FACTORY_LINE, f'{FILE_LINE}\n[model.signatures.large]\nshapes = {{ x = [1, "?", 64] }}'
    )
    signature = load_spec(write(text)).model.signatures["large"]
    assert (signature.shapes, signature.method) == ({"x": (1, "?", 64)}, "forward")


def test_a_key_that_is_called_as_its_kind_is_named(write):
    wrong = 'test = { kind = "masks", images = "photos", mask = "labels" }'
    text = re.sub("(?m)^test = .*$", wrong, SPEC)
    said = r"data.test.masks: missing; add it\n  data.test.mask: .*did you mean \"masks\""
    with pytest.raises(SpecError, match=said):
        load_spec(write(text))


def test_lines_that_are_still_open_are_counted(write):
    spec = load_spec(write(f"# TODO of the head\n{SPEC}".replace("[data]", "[data] # TODO")))
    line = 2 + SPEC[: SPEC.index("[data]")].count("\n")
    assert spec.open_lines == (1, line)
    assert load_spec(write(SPEC)).open_lines == ()


def test_each_refusal_says_where_the_keys_are_explained(write):
    with pytest.raises(
        SpecError, match=r"Correct the file; docs/reference/model\.toml\.md .* every key\.$"
    ):
        load_spec(write(SPEC.replace('name = "digits"', "name = 3")))


DETECTION = """
kind = "quad_detection"
labels = ["formula"]
decode = { kind = "quad_grid", strides = [8, 16] }
"""


@pytest.mark.parametrize(
    ("strides", "message"),
    [
        ("[]", r"task.decode.strides = \[\]: The list should have at least 1 item"),
        ("[0]", "task.decode.strides.0 = 0: Input should be greater than or equal to 1"),
        ("[8, 8]", r"task.decode: strides = \[8, 8\] names a level twice"),
        ("[8, 7]", r"task.decode.strides: 7 does not divide an input of 32×48"),
    ],
)
def test_strides_that_make_no_grid(write, strides, message):
    text = SPEC.replace('kind = "classification"\nlabels = ["0", "1"]\n', DETECTION)
    assert load_spec(write(text)).task.decode.strides == (8, 16)
    with pytest.raises(SpecError, match=message):
        load_spec(write(text.replace("[8, 16]", strides)))


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("latency = [{ threads = 2 }]", "requirements.latency.0: limits nothing; add max_ms or"),
        (
            'latency = [{ max_ms = 2, device = "pixel-8", isa = "avx2" }]',
            'latency.0: isa = "avx2" is of the host, but device = "pixel-8"',
        ),
        ('latency = [{ max_ms = 2, isa = "sse9" }]', "latency.0.isa = \"sse9\": .*'avx512_vnni'"),
        ("latency = { max_ms = 2 }", "requirements.latency: must be a list, in square brackets"),
        ("latency = [{ max_ms = -2 }]", "latency.0.max_ms = -2: Input should be greater than 0"),
        ("latency = [{ max_ms = 2, threads = 999 }]", "latency.0.threads = 999: .* less than or"),
        ("max_drop = nan", "requirements.max_drop = nan: Input should be"),
        ("max_drop = 1.5", "requirements.max_drop = 1.5: top1 is a fraction; write one"),
        ('serving = "phone"', "requirements.serving = \"phone\": Input should be 'on-device' or"),
    ],
)
def test_requirements_that_require_nothing_sensible(write, section, message):
    with pytest.raises(SpecError, match=message):
        load_spec(write(f"{SPEC}[requirements]\n{section}\n"))


@pytest.mark.parametrize(
    ("recipes", "message"),
    [
        ("[]", "quantization.recipes = .*at least 1 item"),
        ('["int8"]', "quantization.recipes.0 = \"int8\": Input should be 'static_int8', "),
        ('["float16", "float16"]', '"float16" occurs twice'),
    ],
)
def test_recipes_that_make_no_candidates(write, recipes, message):
    with pytest.raises(SpecError, match=message):
        load_spec(write(f"{SPEC}[quantization]\nrecipes = {recipes}\n"))


GROUPS = """[quantization]
recipes = ["static_int8", "int16x8"]
keep_float = ["^boxes"]
[[quantization.groups.static_int8]]
scheme = "dynamic_int8"
kinds = ["CONV_2D"]
modules = ["^head"]
"""


def test_onnx_forms_are_asked_for_beside_a_recipe_file_too(write):
    text = f'{SPEC}[quantization]\nqdq = true\nrecipe = "recipe.json"\n'
    section = load_spec(write(text)).quantization
    assert (section.qdq, section.recipe) == (True, "recipe.json")


def test_groups_of_schemes(write):
    section = load_spec(write(f"{SPEC}{GROUPS}")).quantization
    (group,) = section.groups["static_int8"]
    assert (group.scheme, group.kinds, group.modules) == ("dynamic_int8", ("CONV_2D",), ("^head",))
    assert (section.keep_float, section.granularity, section.symmetric) == (
        ("^boxes",),
        "channel",
        False,
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("groups.static_int8", "groups.float16", "groups.float16 is of no recipe in recipes"),
        ("dynamic_int8", "int4", r"groups.static_int8.0.scheme = \"int4\": Input should be"),
        ('kinds = ["CONV_2D"]\nmodules = ["^head"]\n', "", "give kinds, tensors or modules"),
        ('"^head"', '"("', r"'\(' is not a regular expression"),
        ('"^boxes"', '"["', r"'\[' is not a regular expression"),
        ("keep_float", 'recipe = "a"\nkeep_float', "give either groups or recipe"),
        ("groups.static_int8", "groups.plan", "groups.plan: a plan finds its groups itself"),
        ("keep_float", 'calibrator = "median"\nkeep_float', 'calibrator = "median": Input should'),
    ],
    ids=["idle", "scheme", "everything", "module", "tensor", "both", "plan", "calibrator"],
)
def test_groups_that_mean_nothing(write, old, new, message):
    with pytest.raises(SpecError, match=message):
        load_spec(write(f"{SPEC}{GROUPS.replace(old, new)}"))


def test_file_that_the_spec_names_but_nobody_has(write):
    spec = load_spec(write(SPEC))
    with pytest.raises(
        DataError,
        match=r'gate.baseline = "gone.json": there is no .*gone.json; correct the spec, or restore',
    ):
        spec.file("gate.baseline", "gone.json")
    assert spec.file("gate.baseline", "model.toml") == spec.path("model.toml")


def test_list_of_refused_items_is_not_called_short_as_well(write):
    with pytest.raises(SpecError) as caught:
        load_spec(write(SPEC.replace('["0", "1"]', "[0, 1]")))
    assert "task.labels.0 = 0: Input should be a valid string" in str(caught.value)
    assert "at least 2 items" not in str(caught.value)


def test_all_faults_are_listed_at_once(write):
    broken = SPEC.replace("name =", "nam =").replace(
        'kind = "folder", path', 'kind = "folder", pth'
    )
    with pytest.raises(SpecError) as caught:
        load_spec(write(broken))
    for line in (
        'model.nam: unknown key; did you mean "name"?',
        "model.name: missing",
        "data.test.pth",
    ):
        assert line in str(caught.value)


@pytest.mark.parametrize("text", ["[model", "\udcff"], ids=["half a table", "not UTF-8"])
def test_file_that_is_not_toml(tmp_path, text):
    path = tmp_path / "model.toml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(SpecError, match=r"model.toml: not a TOML file"):
        load_spec(path)


def test_missing_file(tmp_path):
    with pytest.raises(SpecError, match=r"absent.toml: no such file; correct the path"):
        load_spec(tmp_path / "absent.toml")


def test_toml_of_something_else(write):
    with pytest.raises(
        SpecError, match=r"none of the sections of a spec; .* docs/reference/model.toml.md"
    ):
        load_spec(write('[project]\nname = "x"\n'))


def test_folder_stands_for_the_spec_in_it(write):
    assert load_spec(write(SPEC).parent).model.name == "digits"


def test_byte_order_mark_is_no_fault(write):
    assert load_spec(write("\ufeff" + SPEC)).model.name == "digits"
