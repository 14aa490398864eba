"""Tables that name files or hold values: CSV, JSON Lines and Parquet."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pyarrow
import pytest
from pyarrow import parquet
from pydantic import ValidationError

from decant.datasets import check_disjoint, open_dataset
from decant.datasets.table import TableSource
from decant.errors import DataError, SpecError
from decant.inputs import ArraySection, ImageSection
from decant.tasks.classification import Classification
from decant.tasks.embedding import Embedding
from decant.tasks.multi_label import MultiLabel
from decant.tasks.regression import Regression

CLASSES = Classification(("cat", "dog"))
NUMBERS = Regression(("height", "width"))
PHOTO = {
    "photo": ImageSection(shape=(1, 3, 6, 8), mean=(0.0,) * 3, std=(1.0,) * 3, name="photo"),
}
VECTOR = {"x": ArraySection(kind="array", shape=(1, 3), name="x")}
BOTH = PHOTO | VECTOR


@pytest.fixture
def folder(tmp_path):
    for level, name in enumerate(["a.png", "b.png", "c.png"]):
        cv2.imwrite(str(tmp_path / name), np.full((6, 8, 3), level, np.uint8))
    return tmp_path


def opened(folder, task=CLASSES, inputs=PHOTO, path="set.csv", **keys):
    keys = {"input": "file", "truth": "kind"} | keys
    return open_dataset(TableSource(kind="table", path=path, **keys), task, folder, inputs=inputs)


def write(folder, text, name="set.csv"):
    (folder / name).write_text(text, encoding="utf-8")


def as_csv(folder, rows):
    lines = [",".join(rows[0])] + [",".join(map(str, row.values())) for row in rows]
    write(folder, "\n".join(lines) + "\n")
    return "set.csv"


def as_tsv(folder, rows):
    lines = ["\t".join(rows[0])] + ["\t".join(map(str, row.values())) for row in rows]
    # As a spreadsheet writes it.
    (folder / "set.tsv").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    return "set.tsv"


def as_json_lines(folder, rows):
    write(folder, "\n".join(map(json.dumps, rows)), "set.jsonl")
    return "set.jsonl"


def as_parquet(folder, rows):
    parquet.write_table(pyarrow.Table.from_pylist(rows), folder / "set.parquet")
    return "set.parquet"


FORMATS = pytest.mark.parametrize("write_as", [as_csv, as_tsv, as_json_lines, as_parquet])


@FORMATS
def test_rows_name_files_and_their_truth(folder, write_as):
    rows = [{"file": "b.png", "kind": "dog", "day": 1}, {"file": "a.png", "kind": "cat", "day": 2}]
    dataset = opened(folder, path=write_as(folder, rows), tags=None)
    assert [(each.id, each.truth) for each in dataset] == [("b.png", 1), ("a.png", 0)]
    assert dataset[0].image.max() == 1


@FORMATS
def test_columns_of_numbers_are_values(folder, write_as):
    rows = [{"u": 1.5, "v": -2, "w": 3, "h": 4, "b": 5.5}, {"u": 0, "v": 1, "w": 2, "h": 6, "b": 7}]
    keys = {"input": ["u", "v", "w"], "truth": {"target": ["h", "b"]}}
    dataset = opened(folder, NUMBERS, VECTOR, write_as(folder, rows), **keys)
    found = [(each.load()["x"].tolist(), each.truth.tolist()) for each in dataset]
    assert found == [([1.5, -2, 3], [4, 5.5]), ([0, 1, 2], [6, 7])]
    assert dataset[0].id.startswith("row_")


@pytest.mark.parametrize("write_as", [as_json_lines, as_parquet])
def test_lists_are_cells(folder, write_as):
    rows = [
        {"x": [1.0, 2.0, 3.0], "file": "a.png", "labels": ["dog"], "slices": ["dark", "old"]},
        {"x": [4.0, 5.0, 6.0], "file": "b.png", "labels": [], "slices": []},
    ]
    keys = {"input": {"x": "x", "photo": "file"}, "truth": "labels", "tags": "slices"}
    task = MultiLabel(CLASSES.labels)
    dataset = opened(folder, task, BOTH, write_as(folder, rows), **keys)
    assert [each.tags for each in dataset] == [{"dark", "old"}, frozenset()]
    assert [each.truth.tolist() for each in dataset] == [[False, True], [False, False]]
    values = dataset[1].load()
    assert values["x"].tolist() == [4, 5, 6]
    assert values["photo"].max() == 1


def test_lists_in_csv_are_json(folder):
    write(folder, 'file,kind,tags\na.png,"[""dog"", ""cat""]",old\nb.png,[],\n')
    dataset = opened(folder, MultiLabel(CLASSES.labels), tags="tags")
    assert [each.truth.tolist() for each in dataset] == [[True, True], [False, False]]
    assert [each.tags for each in dataset] == [{"old"}, frozenset()]


def test_partners_of_an_embedding_come_from_a_column(folder):
    rows = [{"file": "a.png", "who": 7, "with": ["b.png"]}, {"file": "b.png", "who": 8, "with": []}]
    keys = {"truth": {"identity": "who", "partners": "with"}}
    dataset = opened(folder, Embedding(), path=as_json_lines(folder, rows), **keys)
    assert dataset[0].truth.name == "7"
    assert dataset[0].truth.partners == (dataset[1].id,)


def test_files_lie_where_the_spec_says(folder):
    (folder / "pictures").mkdir()
    (folder / "a.png").rename(folder / "pictures" / "a.png")
    write(folder, "file,kind\na.png,cat\n")
    assert opened(folder, files="pictures")[0].image.max() == 0


def test_a_file_in_two_rows_has_two_ids(folder):
    write(folder, "file,kind\na.png,cat\nb.png,cat\na.png,dog\n")
    assert [each.id for each in opened(folder)] == ["a.png, row 2", "b.png", "a.png, row 4"]


def test_files_that_a_table_names_are_what_it_is_made_of(folder):
    write(folder, "file,kind\nb.png,cat\nz.png,cat\na.png,dog\n")
    source = TableSource(kind="table", path="set.csv", input="file", truth="kind")
    assert source.files_in("files", folder) == (folder / ".", ["a.png", "b.png"])


def test_equal_values_are_shared(folder):
    write(folder, "u,v,w,kind\n1,2,3,cat\n4,5,6,dog\n", "one.csv")
    write(folder, "u,v,w,kind\n1,2,4,cat\n", "two.csv")
    write(folder, "u,v,w,kind\n4.0,5,6,dog\n", "three.csv")
    sets = {
        name: opened(folder, inputs=VECTOR, path=f"{name}.csv", input=["u", "v", "w"])
        for name in ("one", "two", "three")
    }
    check_disjoint({name: sets[name] for name in ("one", "two")})
    with pytest.raises(DataError, match='share 1 samples, "row_00003" = "row_00002"'):
        check_disjoint(sets)


@pytest.mark.parametrize(
    ("text", "keys", "message"),
    [
        pytest.param("", {}, r"set\.csv: holds no rows", id="empty"),
        pytest.param("file,kind\n", {}, r"set\.csv: holds no rows; give", id="only a header"),
        pytest.param(
            "file,kid\na.png,cat", {}, 'no column "kind", .* did you mean "kid"', id="near"
        ),
        pytest.param("a,b\nc,d\n", {}, r'no column "file", only "a", "b"; correct', id="missing"),
        pytest.param(
            "file,kind\na.png,cat\nz.png,dog", {}, r'row 3: "z\.png" .* is not in', id="file"
        ),
        pytest.param(
            "file,kind\na.png,cat\nb.png,fox", {}, r"row 3: the label \"fox\"", id="label"
        ),
        pytest.param(
            f"file,kind\n{'a' * 5000},cat", {}, r'row 2: "a{499}…" of .* is not in', id="long cell"
        ),
        pytest.param(
            f"file,kind\n{'[' * 99999},cat", {}, r'row 2: "\[{499}…" of .* is not in', id="brackets"
        ),
        pytest.param(
            f"file,kind\n{'[' * 9999}{']' * 9999},cat", {}, r'row 2: "\[{499}…" of', id="deep list"
        ),
        pytest.param("file,kind\na\0.png,cat", {}, r'row 2: "a\\u0000\.png" of', id="NUL"),
        pytest.param(
            f"file,kind\na.png,{'x' * 9999}",
            {},
            r'row 2: the label "x{59}…" is not',
            id="long label",
        ),
        pytest.param("file,kind\na.png\n", {}, "row 2: has 1 cells, .* 2 columns", id="ragged"),
        pytest.param('file,kind\n"a.png,cat\n', {}, "row 2: unexpected end", id="quote"),
        pytest.param("kind,kind\na,b\n", {}, '"kind" occurs twice', id="twice"),
        pytest.param(
            "file,kind,t\na.png,cat,[3]", {"tags": "t"}, r"row 2: the tags \[3\]", id="tags"
        ),
    ],
)
def test_what_does_not_fit_is_refused(folder, text, keys, message):
    write(folder, text)
    with pytest.raises(DataError, match=message):
        opened(folder, **keys)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "x,y,z,h,b\n1,2,,3,4", "row 2: .*'1', '2', ''.* \"x, y, z\" is no finite", id="gap"
        ),
        pytest.param(
            "x,y,z,h,b\n1,2,3,3,4\n1,2,inf,3,4", "row 3: .* no finite number", id="infinite"
        ),
        pytest.param(
            "x,y,z,h,b\n1,2,3,tall,4", 'row 2: the target "height" is "tall"', id="target"
        ),
        pytest.param(
            f"x,y,z,h,b\n1,2,3,{10**400},4", 'row 2: the target "height" is "1000', id="huge target"
        ),
    ],
)
def test_bad_numbers_are_named_with_their_row(folder, text, message):
    write(folder, text)
    with pytest.raises(DataError, match=message):
        opened(folder, NUMBERS, VECTOR, input=["x", "y", "z"], truth={"target": ["h", "b"]})


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("set.csv", None, r"set\.csv: no such file", id="missing"),
        pytest.param("set.xlsx", b"", r"not a table by its name; give one of \.csv", id="kind"),
        pytest.param("set.csv", b"\xff\xfe1", "not UTF-8", id="encoding"),
        pytest.param("set.jsonl", b'{"file": "a.png"}\n{', "row 2: not JSON", id="json"),
        pytest.param("set.jsonl", b"\n[3]\n", "row 2: not an object", id="list"),
        pytest.param("set.parquet", b"PAR", "not a Parquet file that can be read", id="parquet"),
        pytest.param("set.parquet", None, r"set\.parquet: no such file", id="missing parquet"),
    ],
)
def test_what_is_no_table_is_refused(folder, name, content, message):
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        opened(folder, path=name)


def test_nested_column_of_parquet_is_refused(folder):
    path = as_parquet(folder, [{"file": "a.png", "kind": {"name": "cat", "number": 0}}])
    with pytest.raises(DataError, match=r'column "kind" is nested .*struct.* a column of its own'):
        opened(folder, path=path)
    assert (
        len(
            opened(
                folder, path=as_parquet(folder, [{"file": "a.png", "kind": "cat", "n": {"a": 1}}])
            )
        )
        == 1
    )


def test_parquet_without_pyarrow_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(DataError, match=r'pip install "decant\[parquet\]"'):
        opened(folder, path="set.parquet")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        pytest.param(
            {"input": {"foto": "file"}}, 'no input "foto"; did you mean "photo"', id="input"
        ),
        pytest.param({"truth": {"lable": "kind"}}, 'takes label; did you mean "label"', id="truth"),
    ],
)
def test_keys_that_do_not_fit_are_refused(folder, keys, message):
    write(folder, "file,kind\na.png,cat\n")
    with pytest.raises(SpecError, match=message):
        opened(folder, **keys)


def test_an_input_that_is_left_out_is_refused(folder):
    with pytest.raises(SpecError, match=r"data\.….input: x is missing; name its column"):
        opened(folder, inputs=BOTH, input={"photo": "file"})


@pytest.mark.parametrize("given", [3, [], ["a", 1], {"x": {"y": "z"}}, ""])
def test_what_names_no_column_is_refused(given):
    with pytest.raises(ValidationError, match="must be a column, a list of columns, or a table"):
        TableSource(kind="table", path="set.csv", input=given, truth="kind")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param(f'{{"x": {"[" * 99999}1{"]" * 99999}}}', "row 1: nested too deep", id="deep"),
        pytest.param(
            f'{{"x": {"[" * 500}1{"]" * 500}, "t": [1, 2]}}',
            r"row 1: \[+\.\.\.\]+ of",
            id="list",
        ),
        pytest.param(
            f'{{"x": [{10**400}, 2, 3], "t": [1, 2]}}', "row 1: .* no finite", id="integer"
        ),
        pytest.param(
            f'{{"x": [1, 2, 3], "t": [{10**400}, 2]}}',
            'row 1: the target "height" is 1000',
            id="target",
        ),
    ],
)
def test_what_is_too_large_or_too_deep_is_named_with_its_row(folder, line, message):
    write(folder, line, "set.jsonl")
    with pytest.raises(DataError, match=message) as caught:
        opened(folder, NUMBERS, VECTOR, path="set.jsonl", input="x", truth="t")
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("labels", "cell", "found"),
    [
        pytest.param(("cat", "dog"), "1", 1, id="number"),
        pytest.param(("1", "0"), "1", 0, id="name"),
        pytest.param(("cat", "dog"), "2", "2 is out of range", id="too large"),
        pytest.param(("1", "2"), "0", '"0" is not in task.labels', id="labels are numbers"),
    ],
)
def test_a_label_may_be_a_number_where_no_label_is(folder, labels, cell, found):
    write(folder, f"file,kind\na.png,{cell}\n")
    if isinstance(found, str):
        with pytest.raises(DataError, match=f"row 2: the label {found}"):
            opened(folder, Classification(labels))
    else:
        assert opened(folder, Classification(labels))[0].truth == found
