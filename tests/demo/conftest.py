"""What runs in Node and Chromium is collected only where it was asked for: `make web-test`."""

import os

if not os.environ.get("DECANT_WEB_TESTS"):
    collect_ignore = ["test_javascript.py", "test_page.py"]
