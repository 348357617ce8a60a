"""HTML pages: only text between tags changes.

Tags, comments and raw text end where browsers end them (WHATWG HTML, section
13.2.5); what is never closed runs to the end of the page and is left alone. The
standard library's parser takes quadratic time on such pages, gives up on some
references and takes the rest of the page, tags included, for text, and differs
from version to version. Character references show as their characters and stay
as written.
"""

from __future__ import annotations

import codecs
import contextlib
import html
import re
from collections import Counter
from pathlib import Path

from unspin.errors import InputError
from unspin.files import TextFile, broken_bytes, decode_text, read_text
from unspin.sources.base import ReadOptions
from unspin.sources.text import WholeFile
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
_INLINE_CODE = frozenset("code kbd samp var tt".split())
_CODE = frozenset(
    "script style pre textarea template select iframe object canvas xmp noembed noframes "
    "svg math".split()
)
_SPACE = re.compile(r"[\t\n\r\f]")
# Where text ends. A "<" or "&" before anything else is text.
_MARK = re.compile(
    r"""
    <(?P<open>[A-Za-z][^\t\n\r\f\ />]*+)
  | </(?P<close>[A-Za-z][^\t\n\r\f\ />]*+)
  | (?P<comment><!--)
  | (?P<cdata><!\[CDATA\[)
  | (?P<bogus><[!?/])
  | (?P<reference>&(?:\#[xX][0-9a-fA-F]++|\#[0-9]++|[A-Za-z][A-Za-z0-9]*+);?)
    """,
    re.VERBOSE,
)
# A tag from behind its name to ">", which quotation marks hide in values only.
_ATTRIBUTES = re.compile(
    r"""
    (?:
        [\t\n\r\f\ /]++
      | (?:(?<=[\t\n\r\f\ /"'])=|[^\t\n\r\f\ />=])[^\t\n\r\f\ />=]*+
        (?:
            [\t\n\r\f\ ]*+=[\t\n\r\f\ ]*+
            (?:"[^"]*+"|'[^']*+'|[^"'\t\n\r\f\ >][^\t\n\r\f\ >]*+|(?=>))
        )?+
    )*+>
    """,
    re.VERBOSE,
)
_COMMENT_END = re.compile(r"--!?>")
# Their content is text to the end tag, whatever it looks like.
_RAW_TEXT = frozenset("script style textarea xmp iframe noembed noframes".split())
_CHARSET = re.compile(rb"""<meta[^>]{1,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.I)
_MARKER = re.compile(r"unspin:[ \t]*ignore(?:-start|-end)?(?![\w-])")
# Browsers look for the encoding in this many bytes.
_HEAD = 1024


def view(raw: str) -> View:
    """The prose of a page.

    >>> view("<p>It is <b>mature</b> &amp; fine").text
    'It is mature & fine'
    """
    return _Page(raw).build()


def read(path: Path, options: ReadOptions) -> WholeFile:
    """The article that the page at ``path`` is, in the encoding that it declares."""
    return _HtmlFile(path, "html", options.encoding)


class _HtmlFile(WholeFile):
    def read(self) -> TextFile:
        """The page as text, in the encoding that it declares.

        Raises:
            InputError: if it cannot be read as text.
        """
        file = read_text(self._path, self._encoding)
        broken = self._encoding is None and not file.bom and broken_bytes(file)
        declared = _declared(self._path) if broken else None
        if declared is not None:
            with contextlib.suppress(InputError, OSError):
                file = decode_text(self._path.read_bytes(), self._path, declared)
        return file


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


class _Page:
    """What a page shows, collected tag by tag."""

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self.builder = ViewBuilder(raw, _escape)
        self._open: list[str] = []  # tags whose content is not prose
        self._depth: Counter[str] = Counter()  # how often each stands there
        self._last_cdata = raw.rfind("]]>")

    def build(self) -> View:
        """The view of the whole page."""
        raw = self.raw
        position, size = 0, len(raw)
        while position < size:
            mark = _MARK.search(raw, position)
            start = mark.start() if mark else size
            self._text(position, start)
            if mark is None:
                break
            position = self._markup(mark)
        return self.builder.build()

    def _markup(self, mark: re.Match[str]) -> int:
        """Take the markup that begins at ``mark``; where the page goes on after it."""
        raw, start = self.raw, mark.start()
        kind = mark.lastgroup
        if kind == "reference":
            if not self._open:
                self.builder.fixed(html.unescape(mark[0]))
            return mark.end()
        if kind == "open":
            end = _ATTRIBUTES.match(raw, mark.end())
            if end is None:
                return len(raw)
            return self._starts(mark["open"].lower(), raw.endswith("/>", 0, end.end()), end.end())
        if kind == "close":
            self._ends(mark["close"].lower())
            end = _ATTRIBUTES.match(raw, mark.end())
            return end.end() if end else len(raw)
        if kind == "comment":
            # The shortest comments end before they have begun: <!--> and <!--->.
            end = _COMMENT_END.search(raw, start + 2)
            self._comment(raw[start : end.end() if end else len(raw)])
            return end.end() if end else len(raw)
        if kind == "cdata" and start < self._last_cdata:
            return raw.find("]]>", start) + 3
        return raw.find(">", start) + 1 or len(raw)

    def _starts(self, tag: str, closed: bool, end: int) -> int:
        self._break(tag)
        if closed:
            return end
        if tag in _CODE or tag in _INLINE_CODE:
            self._open.append(tag)
            self._depth[tag] += 1
        if tag not in _RAW_TEXT:
            return end
        close = re.compile(rf"</{tag}(?=[\s/>])", re.IGNORECASE).search(self.raw, end)
        return close.start() if close else len(self.raw)

    def _ends(self, tag: str) -> None:
        self._break(tag)
        if self._depth[tag]:
            while self._pop() != tag:
                pass

    def _pop(self) -> str:
        tag = self._open.pop()
        self._depth[tag] -= 1
        return tag

    def _text(self, start: int, end: int) -> None:
        if not self._open:
            self.builder.prose(start, end, _SPACE.sub(" ", self.raw[start:end]))

    def _comment(self, text: str) -> None:
        marker = _MARKER.search(text)
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
                self._pop()
            self.builder.space("\n\n")
        elif tag == "img":
            self.builder.fixed(" ")
