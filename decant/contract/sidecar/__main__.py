"""Prints the JSON Schema of `model.json`.

python -m decant.contract.sidecar > docs/reference/model.schema.json
"""

import json
import sys

from . import json_schema

sys.stdout.write(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n")
