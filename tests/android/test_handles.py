"""Handles lie on the corners of boxes, on phones whose text runs from the right, too."""

from pathlib import Path

DEMO = Path("android_demo/app/src/main/kotlin/dev/decant/demo")


def test_boxes_lie_where_the_photo_has_them_wherever_text_begins():
    """An offset from the start, and a start on the right, would put handles on the other side."""
    for source in DEMO.glob("*.kt"):
        assert "foundation.layout.offset\n" not in source.read_text(), source.name
    assert "contentAlignment = AbsoluteAlignment.TopLeft" in (DEMO / "EditedPhoto.kt").read_text()
