"""The code that a Markdown page shows, and commands run as a reader would type them."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
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


def run(folder, command):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euc", command],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
