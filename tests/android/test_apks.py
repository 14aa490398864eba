"""What is held of every APK: its permissions, and how its native libraries lie in it.

The APKs are made here by aapt2, the libraries by gcc's linker.
"""

import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest

FRAMEWORK = Path("/usr/share/android-framework-res/framework-res.apk")
PAGE = 16 * 1024
LISTED = (
    "android.permission.CAMERA",
    "dev.decant.demo.play.DYNAMIC_RECEIVER_NOT_EXPORTED_PERMISSION",
)


def run(*command):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


def write_apk(folder, permissions):
    """Make an APK that asks for permissions and holds nothing."""
    asked = "".join(f'<uses-permission android:name="{name}"/>' for name in permissions)
    manifest = folder / "AndroidManifest.xml"
    manifest.write_text(
        '<manifest xmlns:android="http://schemas.android.com/apk/res/android" '
        f'package="dev.decant.demo.play">{asked}<application/></manifest>'
    )
    apk = folder / "app.apk"
    linked = run("aapt2", "link", "-I", FRAMEWORK, "--manifest", manifest, "-o", apk)
    assert linked.returncode == 0, linked.stderr
    return apk


def test_listed_permissions_pass(tmp_path):
    ended = run("android_demo/check-permissions", write_apk(tmp_path, LISTED))
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    ("permissions", "fault"),
    [
        ((*LISTED, "android.permission.INTERNET"), "asks for android.permission.INTERNET;"),
        (LISTED[1:], "does not ask for android.permission.CAMERA,"),
        (
            ("android.permission.CAMERA", "other.DYNAMIC_RECEIVER_NOT_EXPORTED_PERMISSION"),
            "asks for other.DYNAMIC_RECEIVER_NOT_EXPORTED_PERMISSION;",
        ),
    ],
    ids=["one more", "one fewer", "of another package"],
)
def test_another_permission_is_named(tmp_path, permissions, fault):
    ended = run("android_demo/check-permissions", write_apk(tmp_path, permissions))
    assert ended.returncode == 1
    assert fault in ended.stderr


def test_what_is_no_apk_is_refused(tmp_path):
    apk = tmp_path / "app.apk"
    apk.write_text("no APK")
    ended = run("android_demo/check-permissions", apk)
    assert ended.returncode == 1
    assert f"{apk}: aapt2 cannot read it" in ended.stderr


def library(folder, page):
    """Link a shared library whose segments are aligned to a page size."""
    source, built = folder / "library.c", folder / f"{page}.so"
    source.write_text("static int seven = 7; int *address(void) { return &seven; }\n")
    flags = [f"-Wl,-z,max-page-size={page}", f"-Wl,-z,common-page-size={page}"]
    compiler = shutil.which("gcc")
    assert compiler, "gcc is missing; apt-get install gcc libc6-dev"
    linked = run(compiler, "-shared", "-fPIC", "-nostdlib", *flags, source, "-o", built)
    assert linked.returncode == 0, linked.stderr
    return built.read_bytes()


def moved(elf):
    """Let the last loaded segment's place in the file differ from its address modulo a page."""
    (table,) = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    places = [table + i * size for i in range(count)]
    last = max(place for place in places if struct.unpack_from("<I", elf, place) == (1,))
    (offset,) = struct.unpack_from("<Q", elf, last + 8)
    return elf[: last + 8] + struct.pack("<Q", offset + 0x1000) + elf[last + 16 :]


def write_libraries(apk, content, *, packed=False, shift=0, abis=("arm64-v8a", "x86_64")):
    """Zip a library for each processor; it starts `shift` bytes after a multiple of 16 KB."""
    kind = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(apk, "w") as archive:
        for abi in abis:
            entry = zipfile.ZipInfo(f"lib/{abi}/liba.so")
            entry.compress_type = kind
            start = archive.fp.tell() + 30 + len(entry.filename)
            padding = (shift - start) % PAGE
            # An extra field: a number that nobody has, its length, and that many bytes.
            padding += PAGE if padding < 4 else 0
            entry.extra = struct.pack("<HH", 0xD935, padding - 4) + bytes(padding - 4)
            archive.writestr(entry, content)
    return apk


def test_a_library_for_16_kb_passes(tmp_path):
    apk = write_libraries(tmp_path / "app.apk", library(tmp_path, PAGE))
    ended = run("android_demo/check-alignment", apk)
    assert (ended.returncode, ended.stderr) == (0, "")


FAULTS = {
    "linked for 4 KB": (lambda folder: library(folder, 4096), {}, "aligned to 0x1000, not 0x4000"),
    "segment elsewhere in the file": (
        lambda folder: moved(library(folder, PAGE)), {}, "unlike modulo 0x4000",
    ),
    "no library": (lambda _: b"text", {}, "is no 64-bit little-endian ELF file"),
    "not at a page in the APK": (
        lambda folder: library(folder, PAGE), {"shift": 4096}, "no multiple of 0x4000",
    ),
    "packed": (lambda folder: library(folder, PAGE), {"packed": True}, "is packed"),
    "one processor only": (
        lambda folder: library(folder, PAGE), {"abis": ("x86_64",)},
        "has no libraries for arm64-v8a",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_a_library_that_does_not_fit_is_named(tmp_path, case):
    content, zipped, fault = FAULTS[case]
    apk = write_libraries(tmp_path / "app.apk", content(tmp_path), **zipped)
    ended = run("android_demo/check-alignment", apk)
    assert ended.returncode == 1
    assert fault in ended.stderr
    assert "Traceback" not in ended.stderr
