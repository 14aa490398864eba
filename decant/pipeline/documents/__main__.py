"""Writes what `docs/reference/json.md` says of the objects anew.

python -m decant.pipeline.documents docs/reference/json.md
"""

import sys
from pathlib import Path

from ...artifacts import write_text
from .reference import renewed

page = Path(sys.argv[1])
write_text(page, renewed(page.read_text(encoding="utf-8")))
