"""The code that a Markdown page shows, and commands run as a reader would type them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from made_once import made_once

ROOT = Path(__file__).parents[2]
TUTORIAL = "docs/tutorial.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page):
    """List language and text of the blocks of a page of the repository."""
    return BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))


def named_files(page):
    """Blocks whose first line names the file that they are."""
    found = ((re.match(r"# (\S+\.(?:py|toml))\n", text), text) for _, text in blocks(page))
    return {name[1]: text for name, text in found if name}


def write_files(page, folder, *names):
    """Write files that a page shows, or all of them."""
    for name, text in named_files(page).items():
        if not names or name in names:
            (folder / name).write_text(text, encoding="utf-8")


def write_digits(folder):
    """Write the tutorial's files, and what its two scripts make, into a folder."""
    shutil.copytree(made_once("digits", _make_digits), folder, dirs_exist_ok=True)


def _make_digits(folder):
    write_files(TUTORIAL, folder)
    ended = run(folder, "python write_digits.py && python digits.py")
    assert ended.returncode == 0, ended.stderr


def run(folder, command):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euc", command],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
