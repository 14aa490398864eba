"""What is in the build folder belongs together, whichever command put it there last."""

from pathlib import Path

import pytest
from processes import everything_in

from decant.artifacts import read_json
from decant.pipeline.publication import link


@pytest.fixture
def release(built):
    return Path(built, "build", "bright")


def timed(release):
    return read_json(release / "report.json")["reference"]["latency_ms"]


def test_bench_measures_again_and_keeps_that(decant, built, release):
    before = timed(release)
    ended = decant("bench", built / "model.toml", "--threads", "3")
    assert ended.code == 0, ended.err
    after = timed(release)
    assert after["threads_1"] != before["threads_1"]
    assert "threads_3" in after
    command = ["decant", "bench", "model.toml", "--threads", "3"]
    assert read_json(release / "manifest.json")["command"] == command
    ended = decant("tflite", "model.toml")
    assert ended.code == 0
    assert "nothing to do" in ended.err
    assert timed(release) == after
    assert read_json(release / "manifest.json")["command"] == command


def test_interrupted_bench_keeps_the_last_measurement(decant, release, monkeypatch):
    before = everything_in(release)

    def interrupt(*_args, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("decant.bench.measure", interrupt)
        assert decant("bench", "model.toml").code == 130
    ended = decant("tflite", "model.toml")
    assert "nothing to do" in ended.err
    assert everything_in(release) == before


def test_answer_of_the_gate_goes_with_the_report_it_was_about(decant, release):
    decant("gate", "model.toml")
    (release / "model.json").unlink()
    decant("tflite", "model.toml")
    # The same report was published once more.
    assert (release / "gate.xml").is_file()
    decant("bench", "model.toml")
    assert not (release / "gate.xml").exists()
    assert not (release / "gate.md").exists()


def test_single_step_without_a_folder_leaves_the_release_alone(decant, release):
    before = everything_in(release)
    ended = decant("convert", release / "model.onnx")
    assert ended.code == 0, ended.err
    assert Path("build/model/convert/model_fp32.tflite").is_file()
    assert everything_in(release) == before


def test_file_behind_a_link_in_a_restored_cache_is_published_itself(tmp_path):
    (tmp_path / "store").write_text("model")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "model").symlink_to("../store")
    target = tmp_path / "deep" / "below" / "model"
    target.parent.mkdir(parents=True)
    link(tmp_path / "cache" / "model", target)
    assert not target.is_symlink()
    assert target.read_text() == "model"


def test_a_line_that_is_marked_todo_is_told(decant, built):
    spec = built / "model.toml"
    spec.write_text(f"# TODO: name it\n{spec.read_text()}")
    ended = decant("tflite", "model.toml")
    assert ended.code == 0, ended.err
    assert "nothing to do" in ended.err
    assert "warning: the spec is still marked TODO in line 1; say there what is so" in ended.err
