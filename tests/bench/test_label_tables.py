"""The report says how right the chosen file is on each label, and what it takes for what."""

import shutil

import pytest
from bench_reports import entry, estimate
from measured import measured, project

from decant.bench import load_report, render
from decant.bench.drawing.label_tables import MOST_COLUMNS, MOST_LABELS, confusion_table, label_rows
from decant.bench.gallery import load_gallery
from decant.bench.schema import Label, MetricInfo, PyTorch, Quality
from decant.errors import DataError


@pytest.fixture
def folder(tmp_path):
    for name in ("report.json", "gallery.json"):
        shutil.copy(measured() / name, tmp_path)
    return tmp_path


def classifier(folder, confusion):
    """Make the measured report one of a classifier that confuses labels so."""
    labels = tuple(
        Label(
            name=name,
            count=sum(row.values()),
            figures={"recall": row.get(name, 0) / sum(row.values()), "precision": None},
        )
        for name, row in confusion.items()
    )
    parts = {"labels": labels, "confusion": confusion, "chosen": True}
    accuracy = {"accuracy": {"top1": estimate(0.9)}, "drop": {"top1": estimate(0.0)}}
    quality = Quality(labels=labels, confusion=confusion, **accuracy)
    report = load_report(folder / "report.json").model_copy(
        update={
            "metric": "top1",
            "display_threshold": None,
            "pytorch": PyTorch(test=quality, validation=quality),
            "reference": entry("float").model_copy(update=parts | accuracy),
            "candidates": (),
            "verdict": (),
        }
    )
    report.save(folder / "report.json")
    return report


def diagonal(count):
    return {f"label {index:02}": {f"label {index:02}": 3} for index in range(count)}


def test_measured_labels_add_up(folder):
    report = load_report(folder / "report.json")
    for each in report.entries:
        assert tuple(label.name for label in each.labels) == project().task.labels
        average = sum(label.figures["ap50"] for label in each.labels) / len(each.labels)
        assert average == pytest.approx(each.accuracy["ap50"].value)
        assert each.confusion == {}
    assert report.pytorch.validation.labels == ()


def test_page_shows_average_precision_of_each_label(folder):
    report = load_report(folder / "report.json")
    text = render(folder).read_text()
    for label in report.chosen.labels:
        assert f"<tr><td>{label.name}</td><td>{label.count:,}</td>" in text
        for figure in ("ap", "ap50", "quad_ap50", "recall", "precision"):
            assert f"<td>{label.figures[figure]:.4f}<br>" in text


def test_photos_and_figures_have_the_threshold_of_the_app(folder):
    threshold = project().task.decode.display_threshold
    gallery = load_gallery(folder / "gallery.json")
    marks = [mark for each in gallery.pictures for said in each.answers.values() for mark in said]
    assert gallery.shown_score == threshold
    assert marks
    assert min(mark.score for mark in marks) >= threshold
    assert load_report(folder / "report.json").display_threshold == threshold
    text = render(folder).read_text()
    assert f"a score from {threshold}, the display_threshold of the spec" in text
    assert f"detections from a score of {threshold}, as the app shows them" in text


def test_weakest_label_comes_first_and_undefined_last(folder):
    report = classifier(folder, {"a": {"a": 3}, "b": {"a": 2, "b": 2}, "c": {"c": 3, "a": 1}})
    none = Label(name="none", count=0, figures={"recall": None, "precision": None})
    labels = (none, *report.reference.labels)
    quality = report.pytorch.test.model_copy(update={"labels": labels})
    report = report.model_copy(
        update={
            "reference": report.reference.model_copy(update={"labels": labels}),
            "pytorch": PyTorch(test=quality, validation=quality),
        }
    )
    assert [row.chosen.name for row in label_rows(report)] == ["b", "c", "a", "none"]


def test_confusion_matrix_is_drawn(folder):
    report = classifier(folder, {"cat": {"cat": 3, "<dog>": 1}, "<dog>": {"<dog>": 1200}})
    table = confusion_table(report)
    assert [(cell.count, cell.share, cell.right) for cell in table.matrix["cat"]] == [
        (3, 0.75, True),
        (1, 0.25, False),
    ]
    text = render(folder).read_text()
    assert (
        '<tr><th>cat</th><td class="right" style="--share: 0.750">3</td>'
        '<td class="wrong" style="--share: 0.250">1</td></tr>'
    ) in text
    assert '<td class="wrong" style="--share: 0.000">·</td>' in text
    assert "1,200" in text
    assert "<th><span>&lt;dog&gt;</span></th>" in text


def test_many_labels_get_their_commonest_confusions(folder):
    confusion = diagonal(MOST_COLUMNS + 15)
    confusion["label 03"] = {"label 03": 1, "label 04": 7, "label 05": 2}
    classifier(folder, confusion)
    text = render(folder).read_text()
    first = text.index("<tr><td>label 03</td><td>label 04</td><td>7</td></tr>")
    assert first < text.index("<tr><td>label 03</td><td>label 05</td><td>2</td></tr>")
    assert 'class="confusion"' not in text
    assert f"The {MOST_LABELS} weakest of {MOST_COLUMNS + 15} labels" in text
    assert text.count("<td>1.0000<br>") == MOST_LABELS - 1


def test_no_mistake_of_many_labels_is_told(folder):
    classifier(folder, diagonal(MOST_COLUMNS + 1))
    assert "float names all objects of the test set right" in render(folder).read_text()


def test_confusions_of_other_images_are_refused(folder):
    report = classifier(folder, {"a": {"a": 3}, "b": {"b": 2}})
    changed = report.reference.model_copy(update={"confusion": {"a": {"a": 4}, "b": {"b": 2}}})
    report.model_copy(update={"reference": changed}).save(folder / "report.json")
    with pytest.raises(DataError, match="float: confusion of a is not about its images"):
        load_report(folder / "report.json")


@pytest.mark.parametrize(("better", "first"), [("lower", "b"), ("higher", "a")])
def test_weakest_label_is_first_whichever_way_the_metric_gets_better(folder, better, first):
    report = classifier(folder, {"a": {"a": 1}, "b": {"b": 2}})
    labels = [
        Label(name=name, count=1, figures={"mae": value}) for name, value in (("a", 1), ("b", 2))
    ]
    quality = Quality(labels=labels)
    metric = MetricInfo(wording="error", unit="", better=better)
    report = report.model_copy(
        update={
            "metric": "mae",
            "metrics": {"mae": metric},
            "pytorch": PyTorch(test=quality, validation=quality),
            "reference": report.reference.model_copy(update={"labels": labels}),
        }
    )
    assert label_rows(report)[0].chosen.name == first
