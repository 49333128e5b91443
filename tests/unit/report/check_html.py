"""Checks that a report page is well-formed and self-contained: every tag closed in its turn, ids unique,
references inside the page alone, no script and no event handler. Prints the first fault and exits 1."""

import sys
from html.parser import HTMLParser

VOID = {"meta", "br", "img", "hr", "link", "input"}
FORBIDDEN = {"script", "img", "iframe", "object", "embed", "link", "form", "base"}


class Checker(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.ids, self.references = [], set(), set()

    def fail(self, what):
        sys.exit(f"line {self.getpos()[0]}: {what}")

    def attributes(self, tag, attributes):
        if tag in FORBIDDEN:
            self.fail(f"<{tag}> has no place in a report")
        for name, value in attributes:
            if name.startswith("on"):
                self.fail(f"event handler {name}")
            if name == "id":
                if value in self.ids:
                    self.fail(f"id {value} twice")
                self.ids.add(value)
            if name in ("href", "xlink:href", "src"):
                if not value.startswith("#"):
                    self.fail(f"{name} leaves the page: {value}")
                self.references.add(value[1:])

    def handle_starttag(self, tag, attributes):
        self.attributes(tag, attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.attributes(tag, attributes)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.fail(f"</{tag}> closes nothing")


checker = Checker()
with open(sys.argv[1], encoding="utf-8") as page:
    checker.feed(page.read())
checker.close()
if checker.open:
    sys.exit(f"never closed: {checker.open}")
if checker.references - checker.ids:
    sys.exit(f"refers to nothing: {sorted(checker.references - checker.ids)[:3]}")
