"""What `--json` prints: a model for each result, which a program in any language may rely on.

Each result of `decant.pipeline` makes its own with `document()`. `docs/reference/json.md` is made
from the models by `python -m decant.pipeline.documents`.
"""
