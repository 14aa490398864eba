"""A stage runs again if, and only if, something that it depends on has changed."""

import multiprocessing
import os
import shutil
import signal
from dataclasses import replace

import pytest

from decant.artifacts import read_json
from decant.cache import KEPT_PER_STAGE, RECORD, Cache, Stage

STAGE = Stage(
    "convert", {"checkpoint": "1" * 64}, {"seed": 0}, ("decant.contract.rules",), ("numpy",)
)


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path)


def write_one(folder):
    (folder / "model").write_text("1")


def refuse(_folder):
    raise AssertionError("the stage must not run")


def test_second_run_does_nothing(cache):
    first = cache.run(STAGE, write_one)
    second = cache.run(STAGE, refuse)
    assert first.fresh
    assert not second.fresh
    assert second.files == first.files
    assert (second.folder / "model").read_text() == "1"


@pytest.mark.parametrize(
    "changed",
    [
        replace(STAGE, inputs={"checkpoint": "2" * 64}),
        replace(STAGE, settings={"seed": 1}),
        replace(STAGE, packages=("decant.spec",)),
        replace(STAGE, libraries=("rich",)),
        replace(STAGE, name="quantize"),
    ],
    ids=["input", "setting", "code", "library", "name"],
)
def test_any_change_runs_the_stage_again(cache, changed):
    cache.run(STAGE, write_one)
    assert cache.run(changed, write_one).fresh


def test_damaged_result_is_made_again(cache):
    result = cache.run(STAGE, write_one)
    (result.folder / "model").write_text("damaged")
    again = cache.run(STAGE, write_one)
    assert again.fresh
    assert (again.folder / "model").read_text() == "1"


@pytest.mark.parametrize(
    "record",
    ["", "{", "[]", "{}", '{"files": []}', '{"made_from": {}, "files": {"model": 1}}'],
    ids=["empty", "cut off", "list", "without files", "files of another kind", "no digest"],
)
def test_record_that_was_half_restored_is_made_again(cache, record):
    result = cache.run(STAGE, write_one)
    (result.folder / RECORD).write_text(record)
    assert cache.run(STAGE, write_one).fresh


def test_file_that_was_not_restored_is_made_again(cache):
    result = cache.run(STAGE, write_one)
    (result.folder / "model").unlink()
    assert cache.run(STAGE, write_one).fresh


def test_result_of_another_stage_in_its_place_is_made_again(cache):
    wanted = cache.run(STAGE, write_one).folder
    other = cache.run(replace(STAGE, settings={"seed": 1}), write_one).folder
    shutil.rmtree(wanted)
    shutil.move(other, wanted)
    assert cache.run(STAGE, write_one).fresh


def test_restored_result_counts_whatever_its_times_and_place(cache, tmp_path_factory):
    cache.run(STAGE, write_one)
    restored = tmp_path_factory.mktemp("elsewhere") / "cache"
    shutil.copytree(cache.root, restored, copy_function=shutil.copyfile)
    for path in restored.rglob("*"):
        os.utime(path, (0, 0))
    assert not Cache(restored).run(STAGE, refuse).fresh


def test_restored_result_behind_links_counts(cache):
    folder = cache.run(STAGE, write_one).folder
    (folder / "model").rename(cache.root / "elsewhere")
    (folder / "model").symlink_to("../elsewhere")
    assert not cache.run(STAGE, refuse).fresh


def test_newest_result_stays_where_restored_ones_are_of_the_future(cache):
    stages = [replace(STAGE, settings={"seed": seed}) for seed in range(KEPT_PER_STAGE + 1)]
    for stage in stages[:-1]:
        folder = cache.run(stage, write_one).folder
        os.utime(folder, (2**32, 2**32))
    result = cache.run(stages[-1], write_one)
    assert (result.folder / "model").read_text() == "1"
    assert len(list(cache.root.iterdir())) == KEPT_PER_STAGE


def test_failed_stage_leaves_nothing(cache):
    def fail(folder):
        write_one(folder)
        raise KeyError

    with pytest.raises(KeyError):
        cache.run(STAGE, fail)
    assert list(cache.root.iterdir()) == []


def test_what_a_killed_run_began_is_cleared_up(cache):
    """SIGKILL, or no more power: each time a whole SavedModel would stay in the cache."""
    killed = multiprocessing.get_context("fork").Process(
        target=cache.run, args=(STAGE, lambda _: os.kill(os.getpid(), signal.SIGKILL))
    )
    killed.start()
    killed.join()
    assert list(cache.root.glob(".*"))
    result = cache.run(STAGE, write_one)
    assert list(cache.root.iterdir()) == [result.folder]


def test_resumable_stage_finds_what_it_left_behind(cache):
    def stop_halfway(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "state").write_text("half")
        raise KeyboardInterrupt

    def go_on(folder):
        assert (folder / "state").read_text() == "half"
        (folder / "state").unlink()
        write_one(folder)

    with pytest.raises(KeyboardInterrupt):
        cache.run(STAGE, stop_halfway, resumable=True)
    assert cache.find(STAGE) is None
    assert set(cache.run(STAGE, go_on, resumable=True).files) == {"model"}


def test_record_says_what_the_result_was_made_from(cache):
    result = cache.run(STAGE, write_one)
    made_from = read_json(result.folder / "stage.json")["made_from"]
    assert made_from["inputs"] == {"checkpoint": "1" * 64}
    assert set(made_from["code"]) == {"decant", "decant.contract.rules"}
    # Numpy as asked for, pydantic since the rules import it.
    assert {"numpy", "pydantic"} <= set(made_from["libraries"])


def test_old_results_are_forgotten(cache):
    for seed in range(KEPT_PER_STAGE + 2):
        cache.run(replace(STAGE, settings={"seed": seed}), write_one)
    assert len(list(cache.root.iterdir())) == KEPT_PER_STAGE


def test_work_done_again_takes_the_place_of_the_kept_result(cache):
    cache.run(STAGE, write_one)
    again = cache.run(STAGE, lambda folder: (folder / "model").write_text("2"), again=True)
    assert again.fresh
    assert (again.folder / "model").read_text() == "2"
    assert cache.find(STAGE).files == again.files


def test_kept_result_survives_work_that_fails(cache):
    kept = cache.run(STAGE, write_one)

    def fail(folder):
        write_one(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.run(STAGE, fail, again=True)
    assert cache.find(STAGE).files == kept.files
