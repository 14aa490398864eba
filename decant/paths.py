"""What a caller may give where a path is meant."""

from __future__ import annotations

import os
from typing import TypeAlias

AnyPath: TypeAlias = "str | os.PathLike[str]"
