"""Reads a page as a browser would: tags, links and text."""

from html.parser import HTMLParser

VOID = {"meta", "br", "wbr"}
LINKS = {"href", "src", "srcset", "xlink:href", "action", "data", "poster"}


class Page(HTMLParser):
    """Collects tags, links and text, and checks that tags close."""

    def __init__(self):
        super().__init__()
        self.tags, self.links, self.open, self.text = [], [], [], ""

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for key, value in attributes if key in LINKS]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for key, value in attributes if key in LINKS]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += data
