"""Reads the Android project as text: names of files, imports, and the arguments of calls."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path("android_demo")
# Folders and files that Gradle, the Android Gradle plugin and Android Studio make. A file of such a
# name stands where a folder must be (gradle/gradle#32778), or is taken for theirs and deleted.
MADE = {
    ".cxx", ".externalNativeBuild", ".gradle", ".idea", ".kotlin", ".navigation", "build",
    "captures", "gradle-wrapper.jar", "intermediates", "local.properties", "out", "outputs", "tmp",
}  # fmt: skip


def kotlin_sources(*folders):
    """List the Kotlin files below folders of android_demo."""
    return [path for folder in folders for path in sorted((PROJECT / folder).rglob("*.kt"))]


def imports(path):
    """List what a Kotlin file imports, without aliases."""
    return re.findall(r"^import ([\w.]+)", path.read_text(), re.MULTILINE)


def closing(text, start):
    """Give the index of the bracket that closes the one at `start`; strings are skipped."""
    depth = 0
    for match in re.finditer(r'"(?:\\.|[^"\\])*"|[(\[{]|[)\]}]', text[start:]):
        if match[0][0] == '"':
            continue
        depth += 1 if match[0] in "([{" else -1
        if depth == 0:
            return start + match.start()
    raise ValueError(f"nothing closes the bracket in {text[start : start + 40]!r}")


def split_arguments(text):
    """Split at the commas that are in no bracket and in no string."""
    parts, depth, start = [], 0, 0
    for match in re.finditer(r'"(?:\\.|[^"\\])*"|[(\[{]|[)\]}]|,', text):
        if match[0] == "," and depth == 0:
            parts.append(text[start : match.start()])
            start = match.end()
        elif match[0][0] != '"' and match[0] != ",":
            depth += 1 if match[0] in "([{" else -1
    return [part.strip() for part in [*parts, text[start:]] if part.strip()]


def calls(text, names):
    """Yield (name, line, arguments in brackets) of the calls of functions in a Kotlin text."""
    code = re.sub(r"//.*", "", text)
    # Android's own Canvas is written in Java, whose arguments have no names.
    for match in re.finditer(rf"(?<!fun )(?<!canvas\.)\b({'|'.join(sorted(names))})\(", code):
        end = closing(code, match.end() - 1)
        line = code[: match.start()].count("\n") + 1
        yield match[1], line, split_arguments(code[match.end() : end])
