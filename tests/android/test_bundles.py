"""The core takes what `decant bundle` wrote, whoever zipped it, and refuses anything else."""

import random
import shutil
import stat
import subprocess
import zipfile

import pytest

from decant.artifacts import sha256
from decant.bundle import open_bundle

DAMAGED = 400


@pytest.fixture(scope="module")
def release(bundle, tmp_path_factory):
    """Write the bundle as `decant bundle` does."""
    folder = tmp_path_factory.mktemp("release") / "detector"
    open_bundle(bundle / "model.json").copy_to(folder)
    return folder


@pytest.fixture
def take(jvm, tmp_path):
    """Give a function that takes zips; whatever was refused must have left nothing behind."""
    root = tmp_path / "bundles"
    with jvm.start("dev.decant.host.samples.TakeBundlesKt", root) as lines:

        def ask(path):
            lines.ask(str(path))
            answer = lines.answer()
            held = sorted(path.name for path in root.glob("*"))
            assert held == ([answer["id"]] if "id" in answer else [])
            shutil.rmtree(root, ignore_errors=True)
            return answer

        yield ask
        lines.finish()


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def zipped(folder, path, packing=zipfile.ZIP_DEFLATED, inside=""):
    with zipfile.ZipFile(path, "w", packing) as archive:
        for file in files(folder):
            archive.write(file, inside + file.relative_to(folder).as_posix())
    return path


def by_zip(folder, path):
    subprocess.run(["zip", "-q", "-r", path, folder.name], cwd=folder.parent, check=True)
    return path


WRITERS = {
    "zip -r, the folder": by_zip,
    "Python, deflated": zipped,
    "Python, stored": lambda folder, path: zipped(folder, path, zipfile.ZIP_STORED),
    "shutil": lambda folder, path: shutil.make_archive(path.with_suffix(""), "zip", folder),
    "a folder in a folder's place": lambda folder, path: zipped(folder, path, inside="any name/"),
}


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_a_zip_of_the_bundle_is_taken(writer, release, take, tmp_path):
    if writer is by_zip and not shutil.which("zip"):
        pytest.skip("zip is not installed")
    answer = take(writer(release, tmp_path / "release.zip"))
    assert answer == {"id": sha256(release / "model.json"), "model": "detector"}


def link(archive):
    info = zipfile.ZipInfo("golden/link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, "/etc/passwd")


HOSTILE = {
    "a symbolic link": link,
    "leads out of the folder": lambda archive: archive.writestr("golden/../../x", "x"),
    "absolute path": lambda archive: archive.writestr("/tmp/x", "x"),
    "as zip bombs do": lambda archive: archive.writestr("golden/x", bytes(10_000_000)),
    "is not named in model.json": lambda archive: archive.writestr("golden/x", "x"),
    "occurs twice": lambda archive: archive.writestr("model.json", "{}"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("words", HOSTILE)
def test_a_hostile_zip_is_refused_whole(words, release, take, tmp_path):
    path = zipped(release, tmp_path / "release.zip")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        HOSTILE[words](archive)
    assert words in take(path)["refused"]


@pytest.mark.parametrize("name", ["model.json", "model.tflite", "golden"])
def test_a_bundle_without_a_file_is_refused(name, release, take, tmp_path):
    folder = shutil.copytree(release, tmp_path / "detector")
    gone = next(path for path in files(folder) if name in path.as_posix())
    gone.unlink()
    said = take(zipped(folder, tmp_path / "release.zip"))["refused"]
    assert gone.name in said


def test_a_zip_with_damaged_bytes_is_refused_or_the_same_bundle(release, take, tmp_path):
    """Whatever byte is another, what is taken has the right hashes."""
    source = random.Random(8)
    whole = zipped(release, tmp_path / "release.zip").read_bytes()
    right = {"id": sha256(release / "model.json"), "model": "detector"}
    directory = whole.rindex(b"PK\x05\x06")
    starts = [index for index in range(len(whole)) if whole.startswith(b"PK", index)]
    taken = 0
    for number in range(DAMAGED):
        damaged = bytearray(whole)
        # Half of them near a header, where a byte means most.
        near = source.choice([*starts, directory]) + source.randrange(50)
        at = near if number % 2 else source.randrange(len(whole))
        damaged[min(at, len(whole) - 1)] ^= 1 << source.randrange(8)
        path = tmp_path / "damaged.zip"
        path.write_bytes(damaged)
        answer = take(path)
        taken += answer == right
        assert answer == right or "refused" in answer, answer
    # What is left out of account: times, versions, and what the local header repeats.
    assert taken < DAMAGED / 2
