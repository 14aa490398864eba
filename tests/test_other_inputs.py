"""The classifier of sounds of the page on other inputs goes the whole way."""

from documented import named_files, run, write_files

from decant.bench import load_report
from decant.contract.rules import AudioRule
from decant.contract.sidecar import read_sidecar

PAGE = "docs/how-to/other-inputs.md"


def test_sounds_of_the_page_go_the_whole_way(tmp_path):
    write_files(PAGE, tmp_path)
    assert {*named_files(PAGE)} == {"tones.py", "tones.toml"}
    ended = run(tmp_path, "python tones.py && decant tflite tones.toml")
    assert ended.returncode == 0, ended.stderr
    report = load_report(tmp_path / "build/tones/report.json")
    assert report.chosen.accuracy["top1"].value > 0.95
    sidecar = read_sidecar(tmp_path / "build/tones/model.json")
    assert sidecar.sounds == {"sound": AudioRule(rate=8000, pad="end", cut="start")}
    page = (tmp_path / "build/tones/report.html").read_text()
    assert "images" not in page.split("</style>")[-1]
