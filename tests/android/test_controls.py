"""The comparison with Python notices a core that is broken in one of four places."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from kotlin_jvm import LIBRARIES

SOURCES = Path("android_demo/core/src/main/kotlin/dev/decant/core")
PHOTOS = 24
BREAKS = {
    "mean": ("Preprocessor.kt", {"rule.mean[channel]": "rule.mean[0]"}),
    "rotation": (
        "Orientation.kt",
        {
            "ROTATED_90(6, true, false, true)": "ROTATED_90(6, true, true, false)",
            "ROTATED_270(8, true, true, false)": "ROTATED_270(8, true, false, true)",
        },
    ),
    "channel order": (
        "Preprocessor.kt",
        {"Colour.RGB -> {": "Colour.BGR -> {", "Colour.BGR -> {": "Colour.RGB -> {"},
    ),
    # The boxes around the quads stay the same.
    "corner order": ("QuadGridDecoder.kt", {"into[i] =": "into[(i + 2) % 8] ="}),
}


# Each with a case of test_decoders.py that has to fail.
BROKEN_DECODERS = {
    "order of equals": (
        "Suppression.kt",
        {
            "or place.toLong()": "or (0x7FFFFFFFL - place)",
            "(rank and 0xFFFFFFFFL)": "(0x7FFFFFFFL - (rank and 0xFFFFFFFFL))",
        },
        "yolo",
    ),
    "overlap": ("Suppression.kt", {"shared > iou": "shared > 0.9f * iou"}, "yolo, fractions"),
    "edges of the photo": (
        "BoxDecoder.kt",
        {"coerceIn(0f, edge.toFloat())": "coerceAtLeast(0f)"},
        "yolo",
    ),
    "unit": ("BoxDecoder.kt", {"BoxUnit.FRACTION": "BoxUnit.PIXELS"}, "yolo, fractions"),
    "background": (
        "BoxReader.kt",
        {"index != layout.background": "index != layout.background?.let { 0 }"},
        "background in the middle",
    ),
    "stretch": (
        "BoxReader.kt",
        {"exp(minOf(offset, LARGEST_STRETCH).toDouble()).toFloat()": "(1 + offset)"},
        "ssd",
    ),
    "cells of a map": ("MaskDecoder.kt", {"- 0.5).coerceIn": "- 0.4).coerceIn"}, "maps"),
    "equal maps": ("MaskDecoder.kt", {"value > best[x]": "value >= best[x]"}, "maps"),
    "repeated characters": (
        "TextDecoder.kt",
        {"path[place] == path[place - 1]": "false"},
        "ctc, repeated",
    ),
    "ways to write a text": (
        "BeamSearch.kt",
        {"if (each == last) ending else ending + open": "ending + open"},
        "beam, long",
    ),
    "rounded class": (
        "BoxReader.kt",
        {"Math.rint(rows[row, 5].toDouble())": "rows[row, 5].toDouble()"},
        "end to end",
    ),
}


def broken(folder, jars, file, changes):
    """Compile a changed copy of one file of the core."""
    text = (SOURCES / file).read_text()
    counts = {old: text.count(old) for old in changes}
    assert set(counts.values()) == {1}, f"{file} no longer has what is to be broken: {counts}"
    pattern = "|".join(map(re.escape, changes))
    copy, jar, core = folder / file, folder / "core.jar", jars / "core.jar"
    copy.write_text(re.sub(pattern, lambda found: changes[found[0]], text))
    classpath = f"{core}:{LIBRARIES / 'gson.jar'}"
    command = ["android_demo/compile", jar, classpath, f"-Xfriend-paths={core}", copy]
    subprocess.run(command, check=True)
    return jar


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_core_fails_the_comparison(name, jvm, bundle, tmp_path, say):
    jar = broken(tmp_path, jvm.jars, *BREAKS[name])
    command = [sys.executable, "-m", "pytest", "tests/android/test_agreement.py", "--tb=line"]
    options = ["--bundle", bundle, "--jars", jvm.jars, "--broken", jar, "--photos", str(PHOTOS)]
    ended = subprocess.run([*command, *options], capture_output=True, text=True)
    failed = [line for line in ended.stdout.splitlines() if line.startswith("FAILED")]
    assert (ended.returncode, len(failed)) == (1, 2), ended.stdout
    figures = [line for line in ended.stdout.splitlines() if " photos, " in line]
    assert len(figures) == 2, ended.stdout
    corners = [re.search(r"corner \S+ px", line)[0] for line in figures]
    counts = [line.split(";")[0] for line in figures]
    seen = "; ".join(
        f"{count}, {apart} apart" for count, apart in zip(counts, corners, strict=True)
    )
    say(f"control, broken {name}: the comparison fails, as it must: {seen}")


@pytest.mark.parametrize("name", BROKEN_DECODERS)
def test_a_broken_decoder_fails_the_comparison(name, jvm, tmp_path, say):
    *changes, case = BROKEN_DECODERS[name]
    jar = broken(tmp_path, jvm.jars, *changes)
    command = [sys.executable, "-m", "pytest", "tests/android/test_decoders.py", "--tb=line"]
    options = ["--jars", jvm.jars, "--broken", jar]
    ended = subprocess.run([*command, *options], capture_output=True, text=True)
    # What follows the name may have brackets of its own: where CI is set, pytest does not cut it.
    failed = re.findall(r"^FAILED \S+::\w+\[(.+?)\](?: - |$)", ended.stdout, re.MULTILINE)
    assert case in failed, ended.stdout
    say(f"control, broken {name}: {len(failed)} cases of decoding fail, as they must")
