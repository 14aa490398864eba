"""The page is one file that needs nothing else, and shows what the report says."""

import base64
import re
import shutil
import subprocess

import cv2
import numpy as np
import pytest
from bench_reports import entry, unfit
from drawn_page import Page
from measured import measured, model_file

from decant.artifacts import write_json
from decant.bench import load_report, measure_file, render
from decant.bench.drawing import plots, svg
from decant.bench.gallery import load_gallery
from decant.bench.schema import Choice, Swapped
from decant.errors import DataError
from decant.tasks import Mark


def read(path):
    page = Page()
    page.feed(path.read_text())
    assert page.open == []
    return page


@pytest.fixture
def folder(tmp_path):
    for name in ("report.json", "gallery.json"):
        shutil.copy(measured() / name, tmp_path)
    return tmp_path


def test_page_is_well_formed_and_links_nowhere(folder):
    page = read(render(folder))
    assert page.links
    assert all(link.startswith(("data:image/jpeg;base64,", "#")) for link in page.links)
    assert not {"script", "link", "iframe", "object", "img"} & set(page.tags)
    text = (folder / "report.html").read_text()
    assert re.findall(r"https?://|url\(|@import|//[a-z]", re.sub(r"base64,[^\"]+", "", text)) == []
    assert "default-src 'none'" in text


def test_references_in_the_page_exist(folder):
    text = render(folder).read_text()
    wanted = set(re.findall(r'href="#([^"]+)"', text))
    assert wanted
    assert wanted <= set(re.findall(r'id="([^"]+)"', text))


def test_page_shows_the_reports_figures(folder):
    report = load_report(folder / "report.json")
    text = " ".join(read(render(folder)).text.split())
    for each in report.entries:
        assert each.file in text
        assert each.sha256 in text
        assert f"{each.accuracy['ap50'].value:.4f}" in text
        assert f"{each.latency_ms['threads_1'].ratio_to_reference:.3f}" in text
    for row in report.verdict:
        assert row.requirement in text
    assert "Fit for release" in text
    assert "HARD_SWISH" in text
    assert "even · 20 samples" in text


def test_page_shows_what_was_swapped_and_what_it_cost(folder):
    report = load_report(folder / "report.json")
    figures = {"original": {"top1": 0.9}, "swapped": {"top1": 0.25}, "retrained": {"top1": 0.875}}
    for given, shown in (
        (figures, ["network top1", "swapped 0.2500", "retrained 0.8750"]),
        ({}, []),
    ):
        swapped = Swapped(modules={"blocks.0.act": "GELU → hard_swish"}, figures=given)
        report.model_copy(update={"swapped": swapped}).save(folder / "report.json")
        text = " ".join(read(render(folder)).text.split())
        assert "PyTorch runs the network with modules swapped" in text
        assert "blocks.0.act GELU → hard_swish" in text
        assert all(each.replace(" ", "") in text.replace(" ", "") for each in shown)
        assert ("retrained" in text) == bool(given)


def test_pictures_are_embedded_and_open(folder):
    gallery = load_gallery(folder / "gallery.json")
    text = render(folder).read_text()
    pictures = re.findall(r"base64,([^\"]+)\"", text)
    assert len(pictures) == len(gallery.pictures) == 12
    encoded = np.frombuffer(base64.b64decode(pictures[0]), np.uint8)
    assert cv2.imdecode(encoded, cv2.IMREAD_COLOR).shape == (64, 64, 3)
    drawn = text.count("<polygon")
    boxes = sum(
        2 * len(each.truth) + sum(map(len, each.answers.values())) for each in gallery.pictures
    )
    assert drawn == boxes


def test_parity_names_the_furthest_output_of_each_hop(folder):
    report = load_report(folder / "report.json")
    page = render(folder).read_text()
    for each in report.entries:
        hop = f"pytorch → {each.name}"
        errors = [row.max_relative for row in each.parity if row.hop == hop]
        assert page.count(f"<td>{hop.replace('pytorch', 'PyTorch')}</td>") == 1
        assert f"<td>{max(errors):.2e}</td>" in page


def test_equal_reports_give_equal_pages(folder):
    first = render(folder).read_bytes()
    assert render(folder).read_bytes() == first


def test_what_the_report_was_made_from_is_told(folder):
    made_from = load_report(folder / "report.json").made_from
    text = " ".join(read(render(folder)).text.split())
    digest = made_from.files["data.test.images"]
    assert f"data.test.images {digest}" in text


def test_names_are_escaped(folder):
    path = folder / "report.json"
    path.write_text(path.read_text().replace('"model": "squares"', '"model": "<b>&squares"'))
    text = render(folder).read_text()
    assert "<b>&squares" not in text
    assert "&lt;b&gt;&amp;squares" in text


def test_kept_float_is_told_with_its_reason(folder):
    report = load_report(folder / "report.json")
    entries = [each.model_copy(update={"chosen": each.name == "float"}) for each in report.entries]
    row = report.verdict[0].model_copy(update={"status": "broken"})
    report.model_copy(
        update={
            "reference": entries[0],
            "candidates": tuple(entries[1:]),
            "verdict": (row, *report.verdict[1:]),
            "choice": Choice(name="float", reason="none fits", passed_over=("int8: too <large>",)),
        }
    ).save(folder / "report.json")
    page = read(render(folder))
    text = " ".join(page.text.split())
    assert "none fits. int8: too <large>" in text
    assert "li" in page.tags
    assert "Not fit for release" in text
    assert "model_fp32.tflite does not meet max_drop" in text


@pytest.mark.parametrize(("share", "told"), [(0.4, True), (0.01, False)])
def test_busy_machine_is_told_first(folder, share, told):
    report = load_report(folder / "report.json")
    entries = [entry("float"), entry("int8", ratio=0.5).model_copy(update={"chosen": True})]
    for index, each in enumerate(entries):
        times = {
            setting: time.model_copy(update={"other_work": share})
            for setting, time in each.latency_ms.items()
        }
        entries[index] = each.model_copy(update={"latency_ms": times})
    update = {"reference": entries[0], "candidates": (entries[1],), "verdict": ()}
    report.model_copy(update=update).save(folder / "report.json")
    (folder / "gallery.json").unlink()
    text = " ".join(read(render(folder)).text.split())
    said = text.find("The machine was busy (other work took 40 % of its CPU time")
    assert (0 < said < text.find("File size")) is told


def test_what_a_file_has_lost_is_shown_with_its_figure(folder):
    report = load_report(folder / "report.json")
    lost = next(each for each in report.candidates if not each.chosen)
    others = [unfit(each) if each is lost else each for each in report.candidates]
    report.model_copy(update={"candidates": tuple(others)}).save(folder / "report.json")
    text = " ".join(read(render(folder)).text.split())
    assert (
        "Good from 20 dB, broken below 10 dB or with 4 values or fewer left of many, doubtful"
        " between."
    ) in text
    assert "-0.1 dB, broken[:, 4:7, :]1 distinct value, float 5,120" in text
    assert f"{lost.name} (unfit)" in text


def test_bare_file_has_a_page(tmp_path):
    report = measure_file(model_file("float").path, threads=(1,))
    report.save(tmp_path / "report.json")
    text = read(render(tmp_path)).text
    assert "model_fp32" in text
    assert "Verdict" not in text
    assert "×" not in text


WIDE = """<script>document.title = [...document.querySelectorAll(".scroll")]
  .map((each) => each.scrollWidth - each.clientWidth).join(" ")</script></body>"""


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium")
@pytest.mark.parametrize("width", [1000, 800])
def test_no_table_is_cut(folder, width):
    """With four files, as a detector has, of the names and requirements that decant gives."""
    report = load_report(folder / "report.json")
    float16 = report.candidates[-1].model_copy(update={"name": "static_int8_blocks"})
    ratio = report.verdict[0].model_copy(
        update={"requirement": "latency[0].max_ratio_to_float", "unit": "ratio", "limit": 0.6}
    )
    renamed = (*report.candidates[:-1], float16)
    verdict = [
        row.model_copy(
            update={
                "candidates": {
                    each.name: row.candidates[old.name]
                    for each, old in zip((report.reference, *renamed), report.entries, strict=True)
                }
            }
        )
        for row in (*report.verdict, ratio)
    ]
    report = report.model_copy(update={"candidates": renamed, "verdict": tuple(verdict)})
    report.save(folder / "report.json")
    page = render(folder)
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text())
    page.write_text(text.replace("</body>", WIDE))
    options = ("--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},2000")
    found = subprocess.run(
        ["chromium", *options, f"--user-data-dir={folder / 'profile'}", "--dump-dom", page],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    hidden = re.search("<title>(.*?)</title>", found.stdout)[1].split()
    assert len(hidden) >= 4
    assert set(hidden) == {"0"}


def test_missing_report_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"report\.json: no such file"):
        render(tmp_path)


def test_damaged_gallery_is_refused(folder):
    (folder / "gallery.json").write_text('{"pictures": 3}')
    with pytest.raises(DataError, match="not a gallery"):
        render(folder)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.81, 0.93, [0.825, 0.85, 0.875, 0.9, 0.925]),
        (0.0, 47.0, [0.0, 10.0, 20.0, 30.0, 40.0]),
    ],
)
def test_ticks_are_round(low, high, expected):
    assert svg.ticks(low, high) == expected


def positions(svg, pattern):
    return [tuple(map(float, found)) for found in re.findall(pattern, svg)]


def test_faster_is_left_more_accurate_is_up_larger_is_larger():
    entries = [entry("float"), entry("int8", ratio=0.5, size=0.25, drop=0.02)]
    svg = plots.tradeoff(entries, {"float": "float", "int8": "shown"}, "ap50", "threads_1")
    (x0, y0, r0), (x1, y1, r1) = positions(
        svg, r'cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)" class="bubble'
    )
    assert x1 < x0
    assert y1 > y0
    assert r1 == pytest.approx(r0 / 2)


def test_far_floor_does_not_squeeze_the_plot():
    entries = [entry("float")]
    svg = plots.tradeoff(entries, {"float": "float"}, "ap50", "threads_1", (None, 0.1))
    assert "lowest allowed" not in svg
    near = plots.tradeoff(entries, {"float": "float"}, "ap50", "threads_1", (None, 0.88))
    assert "lowest allowed" in near


def test_bars_are_as_long_as_their_values():
    figures = entry("float").accuracy
    series = [plots.Series("float", "float", {"tilted": figures["ap50"]})]
    svg = plots.slices([("tilted", 7)], series, "ap50")
    ((width,),) = [re.search(r'<rect [^>]*width="([\d.]+)"', svg).groups()]
    ends = [float(x) for x in re.findall(r'<line x1="([\d.]+)" y1="22.0"', svg)]
    assert float(width) == pytest.approx(0.9 * (ends[2] - ends[0]), abs=0.1)
    assert "tilted · 7 samples" in svg


def test_drops_lie_beside_the_zero_line_with_their_intervals():
    worse, better = (entry("int8", drop=drop) for drop in (0.02, -0.02))
    series = [
        plots.Series(name, name, {"tilted": each.accuracy["ap50"]}, {"tilted": each.drop["ap50"]})
        for name, each in (("worse", worse), ("better", better))
    ]
    svg = plots.slices([("tilted", 7)], series, "ap50")
    zero = float(re.search(r'<line x1="([\d.]+)" [^>]*class="zero"', svg)[1])
    right, left = map(float, re.findall(r'<circle cx="([\d.]+)"', svg))
    assert left < zero < right
    assert right - zero == pytest.approx(zero - left, abs=0.2)
    assert "worse: +0.0200 (+0.0100 … +0.0300)" in svg


def test_axis_of_a_fraction_ends_at_one():
    svg = plots.tradeoff([entry("float", drop=-0.1)], {"float": "float"}, "ap50", "threads_1")
    labels = [float(text) for text in re.findall(r'text-anchor="end">([\d.]+)<', svg)]
    assert max(labels) == 1


def test_lines_of_both_models_share_a_scale_below_the_photo(folder):
    gallery = load_gallery(folder / "gallery.json")
    answers = {gallery.before: (Mark(curve=(0.0, 1.0)),), gallery.after: (Mark(curve=(0.5, 0.5)),)}
    picture = gallery.pictures[0].model_copy(update={"truth": (), "answers": answers})
    write_json(
        folder / "gallery.json",
        gallery.model_copy(update={"pictures": (picture,)}).model_dump(mode="json"),
    )
    text = render(folder).read_text()
    (drawn,) = re.findall(r'<svg class="curves".*?</svg>', text, re.DOTALL)
    # From 95 % to 5 % of the height of 60.
    points = {*re.findall(r'points="([^"]+)"', drawn)}
    assert points == {"0.0,57.0 240.0,3.0", "0.0,30.0 240.0,30.0"}
    assert text.count("<polyline") == 2
    read(folder / "report.html")


@pytest.mark.parametrize(("better", "way"), [("lower", "down"), ("higher", "up")])
def test_page_says_which_way_the_metric_gets_better_and_its_unit(folder, better, way):
    report = load_report(folder / "report.json")
    changed = report.metrics[report.metric].model_copy(update={"better": better, "unit": "px"})
    metrics = {**report.metrics, report.metric: changed}
    report.model_copy(update={"metrics": metrics}).save(folder / "report.json")
    text = render(folder).read_text()
    assert f"size; {way} and to the left is better" in text
    assert f"<b>{report.metric}</b> (px): " in text
    assert text.count("; lower is better") == (better == "lower")
