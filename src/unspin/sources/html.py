"""HTML pages: only text between tags changes.

The tokenizer is the standard library's. A stretch counts as text only where the
raw page at the reported place equals what it reports, so a page that it
misreads is left alone there rather than damaged. Character references show as
their characters and stay as written.
"""

from __future__ import annotations

import codecs
import contextlib
import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from unspin.errors import InputError
from unspin.files import broken_bytes, decode_text, read_text
from unspin.sources.base import ReadOptions, Record
from unspin.sources.text import WholeFile, whole_record
from unspin.sources.views import View, ViewBuilder

# Tags that sentences run across; an unknown tag is one of them. All others end a block.
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite del dfn em font i img ins label mark q ruby rb rt rp s "
    "small span strike strong sub sup time u wbr code kbd samp var tt svg math".split()
)
_BLOCK = frozenset(
    "address article aside blockquote body button caption center dd details dialog dir div dl dt "
    "fieldset figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html "
    "iframe legend li link main menu meta nav noscript object ol optgroup option p pre script "
    "section select style summary table tbody td template textarea tfoot th thead title tr ul "
    "video audio canvas".split()
)
# What these hold is not prose. Inside the first kind an unclosed tag ends with its block.
_INLINE_CODE = frozenset("code kbd samp var tt svg math".split())
_CODE = frozenset("script style pre textarea template select iframe object canvas".split())
_SPACE = re.compile(r"[\t\n\r\f]")
_REFERENCE = re.compile(r"&(?:#[xX][0-9a-fA-F]+|#[0-9]+|[A-Za-z][A-Za-z0-9]*);?")
_CHARSET = re.compile(rb"""<meta[^>]{1,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.I)
_MARKER = re.compile(r"unspin:[ \t]*ignore(?:-start|-end)?(?![\w-])")
# Browsers look for the encoding in this many bytes.
_HEAD = 1024


def view(raw: str) -> View:
    """The prose of a page.

    >>> view("<p>It is <b>mature</b> &amp; fine").text
    'It is mature & fine'
    """
    parser = _Parser(raw)
    parser.feed(raw)
    parser.close()
    return parser.builder.build()


def read(path: Path, options: ReadOptions) -> WholeFile:
    """The article that the page at ``path`` is, in the encoding that it declares."""
    return _Page(path, "html", options.encoding)


class _Page(WholeFile):
    def records(self) -> Iterator[Record]:
        """The one article."""
        file = read_text(self._path, self._encoding)
        broken = self._encoding is None and not file.bom and broken_bytes(file)
        declared = _declared(self._path) if broken else None
        if declared is not None:
            with contextlib.suppress(InputError, OSError):
                file = decode_text(self._path.read_bytes(), self._path, declared)
        yield whole_record(file)


def _declared(path: Path) -> str | None:
    with path.open("rb") as stream:
        match = _CHARSET.search(stream.read(_HEAD))
    if match is None:
        return None
    name = match[1].decode("ascii")
    try:
        # Browsers read Latin-1 as Windows-1252; Python's codec lacks five bytes
        # of it, and a page that has one of them is read as broken UTF-8.
        found = codecs.lookup(name).name
        b" ".decode(found)
    except (LookupError, ValueError):
        return None
    return "cp1252" if found in ("iso8859-1", "ascii") else found


def _escape(text: str) -> str:
    return html.escape(text, quote=False)


class _Parser(HTMLParser):
    def __init__(self, raw: str) -> None:
        super().__init__(convert_charrefs=False)
        self.raw = raw
        self.builder = ViewBuilder(raw, _escape)
        self._lines = [0, *(m.end() for m in re.finditer("\n", raw))]
        self._open: list[str] = []  # tags whose content is not prose

    def _offset(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break(tag)
        if tag in _CODE or tag in _INLINE_CODE:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        self._break(tag)
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        start = self._offset()
        if self._open:
            return
        end = start + len(data)
        if self.raw[start:end] == data:
            self.builder.prose(start, end, _SPACE.sub(" ", data))
        else:
            self.builder.fixed(data)

    def handle_charref(self, name: str) -> None:
        self._reference(f"&#{name}")

    def handle_entityref(self, name: str) -> None:
        self._reference(f"&{name}")

    def _reference(self, written: str) -> None:
        if self._open:
            return
        start = self._offset()
        match = _REFERENCE.match(self.raw, start)
        self.builder.fixed(html.unescape(match[0] if match else written))

    def handle_comment(self, data: str) -> None:
        marker = _MARKER.search(data)
        if marker is None:
            return
        if "-" in marker[0]:  # ignore-start and ignore-end work from line to line
            self.builder.space("\n\n")
            self.builder.fixed(marker[0] + "\n\n")
        else:
            self.builder.fixed(f" {marker[0]} ")

    def _break(self, tag: str) -> None:
        if tag == "br":
            if not self._open:
                self.builder.space("\n")
        elif tag in _BLOCK:
            while self._open and self._open[-1] in _INLINE_CODE:
                self._open.pop()
            self.builder.space("\n\n")
        elif tag == "img":
            self.builder.fixed(" ")
