"""Every link between the pages leads somewhere, and so does every page that code names."""

import itertools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FOLDERS = ("docs", "android_demo", "zoo")
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in itertools.chain(
        ROOT.glob("*.md"), *((ROOT / folder).rglob("*.md") for folder in FOLDERS)
    )
)
OWN = [page for page in PAGES if page.startswith("docs/")]
CODE = sorted(
    path
    for folder in (
        "android_demo",
        "bench",
        "convert",
        "decant",
        "distill",
        "quantize",
        "zoo",
        ".ci",
    )
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {"", ".html", ".j2", ".js", ".kt", ".kts", ".py", ".toml", ".xml"}
    and path.is_file()
)
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED = re.compile(r"\b(?:docs|android_demo)/[\w./-]+\.(?:md|json)\b")
HEADING_NAMED = re.compile(r'"([^"\n]+)" in (docs/[\w./-]+\.md)')
LARGEST_IMAGE = 150_000


def prose(page):
    return FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))


def headings(page):
    return re.findall(r"^#+ +(.+?) *$", prose(page), re.MULTILINE)


def anchor(heading):
    """Give a heading's anchor as GitHub makes it, and mkdocs.yml asks of the site's generator."""
    text = LINK.sub("]", heading)
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def links(page):
    text = re.sub(r"`[^`\n]*`", "", prose(page))
    return [link for link in LINK.findall(text) if not re.match(r"https?:|mailto:", link)]


def faults(page):
    """List the links of a page that lead nowhere."""
    found = []
    for link in links(page):
        path, _, fragment = link.partition("#")
        target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        if not target.exists():
            found.append(f"{link}: no such file")
        elif fragment and fragment not in map(anchor, headings(target)):
            found.append(f"{link}: no such heading")
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    assert faults(page) == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("[a](missing.md)", "missing.md: no such file"),
        ("![a](images/missing.png)", "images/missing.png: no such file"),
        ("[a](#other-heading)", "#other-heading: no such heading"),
        ("[a](page.md#other)", "page.md#other: no such heading"),
        ("[a](page.md#one-heading-of-it)", None),
        ("`[a](missing.md)`", None),
    ],
)
def test_a_dead_link_is_seen(tmp_path, line, fault):
    page = tmp_path / "page.md"
    page.write_text(f"# One `heading` of it\n\n{line}\n")
    assert faults(page) == ([fault] if fault else [])


@pytest.mark.parametrize("page", OWN)
def test_pages_of_the_site_link_to_pages_of_the_site(page):
    """The site holds nothing else; the repository's other files are named as code."""
    targets = [((ROOT / page).parent / link.partition("#")[0]).resolve() for link in links(page)]
    assert [target for target in targets if not target.is_relative_to(DOCS)] == []


@pytest.mark.parametrize("index", ["README.md", "docs/index.md"])
def test_every_page_is_linked(index):
    linked = {((ROOT / index).parent / link).resolve() for link in links(index)}
    missing = {ROOT / page for page in OWN} - {DOCS / "index.md"} - linked
    assert sorted(map(str, missing)) == []


def test_every_page_is_in_the_menu_of_the_site():
    menu = re.findall(r"[\w./-]+\.md$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert sorted(menu) == sorted(page.removeprefix("docs/") for page in OWN)


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_as_code_is_there(page):
    named = re.findall(r"`((?:docs|tests|zoo|android_demo|\.ci)/[\w./-]+)`", prose(page))
    missing = [name for name in named if not (ROOT / name).exists()]
    # A stand-in for any name, and what `make demo` writes.
    assert [name for name in missing if not re.search("NAME|src/main/assets", name)] == []


def test_every_page_that_code_names_is_there():
    named = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in CODE
        for name in NAMED.findall(path.read_text(encoding="utf-8", errors="ignore"))
    }
    assert len(named) >= 8
    assert [pair for pair in sorted(named) if not (ROOT / pair[1]).exists()] == []


def test_every_heading_that_code_names_is_there():
    named = [
        pair
        for path in CODE
        for pair in HEADING_NAMED.findall(path.read_text(encoding="utf-8", errors="ignore"))
    ]
    assert ("What a spec cannot say", "docs/reference/model.toml.md") in named
    assert [pair for pair in named if pair[0] not in headings(pair[1])] == []


@pytest.mark.parametrize("image", sorted((DOCS / "images").iterdir()), ids=lambda path: path.name)
def test_images_are_shown_and_small(image):
    assert image.stat().st_size < LARGEST_IMAGE
    assert any(image.name in link for page in PAGES for link in links(page))
