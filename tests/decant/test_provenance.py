"""What a result was made from is named fully, briefly and in the words of the spec."""

import json

import pytest
import squares_project
from watched import Watched

from decant.errors import DataError
from decant.progress import watched_by
from decant.provenance import (
    CODE,
    Provenance,
    changes,
    check_current,
    check_digests,
    collect,
    digests,
    provenance_of,
)
from decant.provenance.origins import DRAWING
from decant.spec import load_spec

THEN = Provenance(
    settings={
        "model": {"checkpoint": "net.pt", "arguments": {"width": 8, "table": "t.txt"}},
        "input": {"mean": [0.5], "std": [1.0]},
        "task": {"labels": ["a", "b"]},
        "requirements": {"latency": [{"max_ms": 5.0, "device": "host", "threads": 1}]},
        "licences": {},
        "seed": 0,
    },
    files={"model.checkpoint": "1" * 64, "model.arguments.table": "2" * 64},
    code={"net.py": "3" * 64, "decant": "4" * 64, "decant.zoo.detector: model.py": "5" * 64},
    libraries={"torch": "2.13.0"},
)


def now(**parts):
    """Give THEN with some keys of some parts changed; None takes a key away."""
    document = THEN.model_dump()
    for part, values in parts.items():
        for key, value in values.items():
            *above, last = key.split("/")
            place = document[part]
            for name in above:
                place = place[name]
            if value is None:
                del place[last]
            else:
                place[last] = value
    return Provenance.model_validate(document)


MANY = [f"label {index}" for index in range(40)]


@pytest.mark.parametrize(
    ("parts", "lines"),
    [
        ({}, []),
        ({"settings": {"input/mean": [0.4]}}, ["[input] mean: was [0.5], is [0.4]"]),
        ({"settings": {"seed": 7}}, ["seed: was 0, is 7"]),
        ({"settings": {"input/dtype": "uint8"}}, ['[input] dtype: was not given, is "uint8"']),
        ({"settings": {"input/std": None}}, ["[input] std: was [1.0], is not given"]),
        (
            {"settings": {"requirements/latency": [{"max_ms": 4, "device": "x", "threads": 1}]}},
            [
                "[requirements] latency[0].max_ms: was 5.0, is 4",
                '[requirements] latency[0].device: was "host", is "x"',
            ],
        ),
        ({"settings": {"task/labels": MANY}}, ["[task] labels: had 2 entries, has 40"]),
        ({"settings": {"task/decode": {"strides": [8]}}}, ["[task] decode: has changed"]),
        (
            {"files": {"model.checkpoint": "9" * 64}},
            ['model.checkpoint = "net.pt": its content has changed'],
        ),
        (
            {"settings": {"model/checkpoint": "new.pt"}, "files": {"model.checkpoint": "9" * 64}},
            [
                '[model] checkpoint: was "net.pt", is "new.pt"',
                'model.checkpoint = "new.pt": its content has changed',
            ],
        ),
        (
            {"settings": {"model/checkpoint": None}, "files": {"model.checkpoint": None}},
            ['[model] checkpoint: was "net.pt", is not given'],
        ),
        ({"files": {"model.arguments.table": None}}, ["model.arguments.table: is gone"]),
        ({"code": {"net.py": "9" * 64}}, ["net.py: the code has changed"]),
        ({"code": {"more.py": "9" * 64}}, ["more.py: the code is new"]),
        ({"code": {"net.py": None}}, ["net.py: the code is gone, or imported no more"]),
        (
            {"code": {"decant": "9" * 64, "net.py": "9" * 64}},
            ["net.py: the code has changed", "decant: decant's own code has changed"],
        ),
        ({"code": {"decant": "9" * 64}}, ["decant: decant's own code has changed"]),
        ({"libraries": {"torch": "2.14.0"}}, ["library torch: was 2.13.0, is 2.14.0"]),
        (
            {"libraries": {"torch": None, "numpy": "2.4"}},
            ["library numpy: was none, is 2.4", "library torch: was 2.13.0, is none"],
        ),
    ],
)
def test_change_is_named_with_old_and_new_value(parts, lines):
    assert changes(THEN, now(**parts)) == lines


def test_entries_of_a_long_list_are_named_one_by_one_and_not_all_of_them():
    before = now(settings={"task/labels": MANY})
    other = [f"other {index}" if index > 9 else name for index, name in enumerate(MANY)]
    lines = changes(before, now(settings={"task/labels": other}))
    assert lines[0] == '[task] labels[10]: was "label 10", is "other 10"'
    assert lines[-1] == "[task]: 25 more"
    assert len(lines) == 6


@pytest.mark.parametrize(
    ("part", "line"),
    [("code", "net0.py: the code is new"), ("libraries", "library net0.py: was none, is 1")],
)
def test_many_changes_of_code_are_shortened(part, line):
    lines = changes(THEN, now(**{part: {f"net{index}.py": "1" for index in range(300)}}))
    assert lines[0] == line
    assert lines[-1] == f"{part}: 295 more"
    assert len(lines) == 6


def test_provenance_survives_json():
    assert Provenance.model_validate_json(json.dumps(THEN.model_dump(mode="json"))) == THEN


@pytest.mark.parametrize(
    ("parts", "sections"),
    [
        ({}, set()),
        ({"settings": {"input/mean": [0.4]}}, {"input"}),
        ({"files": {"model.checkpoint": "9" * 64}}, {"model"}),
        ({"code": {"net.py": "9" * 64}}, {"code"}),
        ({"libraries": {"torch": "2.14.0"}}, {"code"}),
    ],
)
def test_digest_is_of_a_section_with_the_files_that_it_names(parts, sections):
    before, after = digests(THEN), digests(now(**parts))
    assert before.keys() == {*THEN.settings, "code"}
    assert {name for name in before if before[name] != after[name]} == sections


def test_stale_result_is_refused_with_every_change_and_the_command(tmp_path):
    after = now(settings={"seed": 7}, code={"net.py": "9" * 64})
    with pytest.raises(DataError) as caught:
        check_current(tmp_path / "report.json", THEN, after, "decant tflite net.toml")
    assert str(caught.value) == (
        f"{tmp_path}/report.json: was made from something else than there is now:\n"
        "  seed: was 0, is 7\n"
        "  net.py: the code has changed\n"
        "Make it anew with: decant tflite net.toml"
    )
    check_current(tmp_path / "report.json", THEN, now(), "decant tflite net.toml")


def test_stale_sidecar_is_refused_by_section(tmp_path):
    after = now(settings={"input/mean": [0.4]})
    with pytest.raises(DataError, match=r"\n  \[input\]: what it says, or a file that it names\n"):
        check_digests(tmp_path / "model.json", digests(THEN), after, "decant tflite net.toml")
    check_digests(tmp_path / "model.json", digests(THEN), now(), "decant tflite net.toml")


@pytest.fixture
def squares(tmp_path):
    return load_spec(squares_project.write_project(tmp_path))


def test_everything_that_a_spec_names_is_in_the_provenance(squares):
    found = provenance_of(squares)
    assert set(found.files) == {
        *("model.checkpoint", "model.arguments.note", "model.operators[0]"),
        *("data.validation.annotations", "data.validation.images"),
        *("data.test.annotations", "data.test.images", "data.test.checksums"),
    }
    assert {"net.py", "layers.py", "operators/scale.py", "drawing/photos.py"} <= found.code.keys()
    assert {"decant", "decant.bench", "decant.convert", "decant.quantize"} <= found.code.keys()
    assert {"torch", "numpy", "onnxscript", "litert-quantizer"} <= found.libraries.keys()
    assert "training" not in found.settings
    assert "gate" not in found.settings


@pytest.mark.parametrize(
    ("text", "counts"),
    [("weights", True), ("drawing", False), ("", False), (".", False), ("x" * 999, False)],
    ids=[
        "folder of weights",
        "folder of code",
        "empty",
        "folder of the spec",
        "too long for a name",
    ],
)
def test_folder_that_an_argument_names_counts_where_it_holds_what_is_read(squares, text, counts):
    (squares.folder / "weights").mkdir()
    (squares.folder / "weights" / "config.json").write_text("{}")
    model = squares.model.model_copy(update={"arguments": {"pretrained": text}})
    named = squares.model_copy(update={"model": model})
    before = provenance_of(named)
    assert ("model.arguments.pretrained" in before.files) == counts
    (squares.folder / "weights" / "config.json").write_text('{"width": 8}')
    line = 'model.arguments.pretrained = "weights": its content has changed'
    assert changes(before, provenance_of(named)) == [line] * counts


def test_weights_beside_code_count_and_what_python_makes_of_the_code_does_not(squares):
    """As a model of a hub lies: its code and its weights in one folder."""
    hub = squares.folder / "hub"
    hub.mkdir()
    (hub / "modeling.py").write_text("WIDTH = 4")
    (hub / "model.safetensors").write_bytes(b"weights")
    model = squares.model.model_copy(update={"arguments": {"pretrained": "hub"}})
    named = squares.model_copy(update={"model": model})
    before = provenance_of(named)
    (hub / "__pycache__").mkdir()
    (hub / "__pycache__" / "modeling.cpython-311.pyc").write_bytes(b"made")
    assert changes(before, provenance_of(named)) == []
    (hub / "modeling.py").write_text("WIDTH = 8")
    assert changes(before, provenance_of(named)) == ["hub/modeling.py: the code has changed"]
    (hub / "modeling.py").write_text("WIDTH = 4")
    (hub / "model.safetensors").write_bytes(b"others")
    assert changes(before, provenance_of(named)) == [
        'model.arguments.pretrained = "hub": its content has changed'
    ]


def test_nothing_of_it_depends_on_the_place(squares):
    text = json.dumps(provenance_of(squares).model_dump(mode="json"))
    assert str(squares.folder) not in text


def test_missing_file_is_named_by_its_key(squares):
    squares.path("net.pt").unlink()
    with pytest.raises(DataError, match=r'model.checkpoint = "net.pt": there is no .*restore it'):
        provenance_of(squares)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        pytest.param("annotations", ".", "is a folder; name a file", id="."),
        pytest.param("images", "test.json", "is a file; name a folder", id="file"),
        pytest.param("images", "a" * 5000, 'a{57}…": there is no ', id="long"),
        pytest.param("images", "a\0", r"a\\u0000\": there is no ", id="NUL"),
    ],
)
def test_paths_of_data_that_cannot_be_are_named_by_their_key(squares, key, value, message):
    source = squares.data.test.model_copy(update={key: value})
    data = squares.data.model_copy(update={"test": source})
    with pytest.raises(DataError, match=rf"data\.test\.{key} = .*{message}"):
        provenance_of(squares.model_copy(update={"data": data}))


def test_a_folder_for_a_file_is_named_by_its_key(squares):
    squares.path("net.pt").unlink()
    squares.path("net.pt").mkdir()
    with pytest.raises(
        DataError, match=r'checkpoint = "net.pt": .*net.pt is a folder; name a file'
    ):
        provenance_of(squares)


@pytest.mark.parametrize("content", ["", "[]", '{"images": 3}', '{"images": ["000.png"]}'])
def test_broken_annotations_are_left_to_the_data_set_to_refuse(squares, content):
    squares.path("test.json").write_text(content)
    assert collect(squares).data["test"].files.keys() >= {"data.test.images"}


def test_pictures_that_are_hashed_are_counted_for_whoever_watches(squares):
    watched = Watched()
    with watched_by(watched):
        provenance_of(squares)
    pictures = [*squares.path("validation").iterdir(), *squares.path("test").iterdir()]
    assert watched.steps == {"checking pictures": len(pictures)}


def test_missing_picture_changes_the_data_and_is_left_to_the_data_set_to_refuse(squares):
    before = provenance_of(squares)
    squares.path("test/003.png").unlink()
    assert changes(before, provenance_of(squares)) == [
        'data.test.images = "test": its content has changed'
    ]


def test_stages_take_part_with_code_that_there_is(squares):
    code = provenance_of(squares).code
    assert {name for names in CODE.values() for name in names} - {DRAWING} <= code.keys()
