"""Markdown: prose changes; code, link targets, front matter and markup do not.

This is no full CommonMark parser. Where it errs it takes prose for markup and
leaves it alone; markup that it does not know is text to the restorer, as in a
plain text file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from unspin.sources.base import ReadOptions
from unspin.sources.text import WholeFile
from unspin.sources.views import View, ViewBuilder

_FRONT = re.compile(
    r"\A(?:---[ \t]*\r?\n.*?^(?:---|\.\.\.)|\+\+\+[ \t]*\r?\n.*?^\+\+\+)[ \t]*(?:\r?\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
_FENCE = re.compile(r"(?:[ \t]++|>|[-*+][ ]++|\d{1,9}+[.)][ ]++)*+(`{3,}|~{3,})")
_INDENTED = re.compile(r"(?: {4}|\t)\s*\S")
_LIST = re.compile(r"[ ]{0,3}(?:[-*+]|\d{1,9}[.)])[ \t]")
_DEFINITION = re.compile(r"[ ]{0,3}\[[^\]\n]{1,200}\]:\s")
_MATH = re.compile(r"[ ]{0,3}\$\$")
_RULE = re.compile(r"[ ]{0,3}(?:[-=*_|:+][ \t]*+){3,}+\r?\n?\Z")
# What opens a line: quotation, list, task and heading marks, table bars.
_OPENING = re.compile(
    r"[ \t]*(?:>[ ]?)*(?:[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?)?(?:\#{1,6}[ \t]+)?"
    r"(?:\|[ \t]*)?"
)
# Repeats are bounded, so that cost stays linear on hostile input.
_INLINE = re.compile(
    r"""
    (?P<code>(?P<ticks>`{1,20})(?!`)[^\n]{0,1000}?(?<!`)(?P=ticks)(?!`))
  | (?P<comment><!--)                                  # whole in _COMMENT
  | (?P<tag></?[A-Za-z][^<>\n]{0,500}>)
  # ](url "title") and ][reference]
  | (?P<target>\](?:\((?:[^()\n]|\([^()\n]{0,200}\)){0,2000}\)|\[[^\[\]\n]{0,200}\]))
  | (?P<note>\[\^[^\]\n]{1,100}\])
  | (?P<template>\{\{.{0,300}?\}\}|\{%.{0,300}?%\}|\$[^\s$][^$\n]{0,300}\$)
  | (?P<attribute>\{[.\#:][^}\n]{0,200}\})
  | (?P<escape>\\[!-/:-@\[-`{-~]|&(?:\#\w+|\w+);)
  | (?P<open>!?\[)
  | (?P<strong>\*{1,3}|~~|(?<!\w)_{1,3}(?=\w)|(?<=\S)_{1,3}(?!\w))
  | (?P<bar>\|)
    """,
    re.VERBOSE,
)
_COMMENT = re.compile(r"(?P<tag><!--.{0,2000}?-->)")
_MAX_COMMENT = 2007
_MARKER = re.compile(r"unspin:[ \t]*ignore(?:-start|-end)?(?![\w-])")


def view(raw: str) -> View:
    """The prose of a Markdown document.

    >>> view("It is **mature** in [this](http://x.org/mature).").text
    'It is mature in this.'
    """
    builder = ViewBuilder(raw)
    front = _FRONT.match(raw)
    position = front.end() if front else 0
    code = _CodeLines()
    prose_start = position
    for line in raw[position:].splitlines(keepends=True):
        end = position + len(line)
        if code.holds(line):
            _prose(builder, raw, prose_start, position)
            builder.space("\n\n")
            prose_start = end
        position = end
    _prose(builder, raw, prose_start, position)
    return builder.build()


def read(path: Path, options: ReadOptions) -> WholeFile:
    """The article that the Markdown file at ``path`` is."""
    return WholeFile(path, "markdown", options.encoding)


class _CodeLines:
    """Tells, line by line, what is code, a definition or another line without prose."""

    def __init__(self) -> None:
        self._fence = ""
        self._blank = True
        self._list = False
        self._indented = False

    def holds(self, line: str) -> bool:
        """Whether the next line has no prose."""
        fence = _FENCE.match(line)
        if self._fence:
            if self._fence == "$$":
                closes = "$$" in line
            else:
                closes = bool(fence) and line.strip(" \t>\r\n").startswith(self._fence)
            if closes:
                self._fence = ""
            return True
        if fence:
            self._fence = fence[1]
            self._blank = False
            self._list = self._list and line[0].isspace()
            return True
        math = _MATH.match(line)
        if math:
            if "$$" not in line[math.end() :]:
                self._fence = "$$"
            return True
        return self._single(line)

    def _single(self, line: str) -> bool:
        blank = not line.strip()
        indented = bool(_INDENTED.match(line))
        if blank:
            self._blank = True
            return False
        if indented and not self._list and (self._blank or self._indented):
            self._indented, self._blank = True, False
            return True
        self._indented = False
        if _LIST.match(line):
            self._list = True
        elif self._blank and not line[0].isspace():
            self._list = False
        self._blank = False
        return bool(_DEFINITION.match(line) or _RULE.fullmatch(line))


def _prose(builder: ViewBuilder, raw: str, start: int, end: int) -> None:
    """Show lines of prose without their markup."""
    marks = _marks(raw, start, end)
    found = next(marks, None)
    covered = start  # the end of the last mark, which may run over lines
    for line_start, line_end in _lines(raw, start, end):
        position = max(line_start, covered)
        if position == line_start:
            opening = _OPENING.match(raw, line_start, line_end)
            assert opening is not None
            if opening[0].strip(" \t>"):
                builder.space("\n")
            position = opening.end()
        while found is not None and found.start() < line_end:
            if found.start() >= position:
                builder.prose(position, found.start())
                _mark(builder, found)
                position = covered = found.end()
            found = next(marks, None)
        builder.prose(position, max(position, line_end))
        if raw[line_start:line_end].lstrip().startswith("#"):
            builder.space("\n\n")


def _marks(raw: str, start: int, end: int) -> Iterator[re.Match[str]]:
    """The markup inside of lines, in order."""
    close = 0
    while found := _INLINE.search(raw, start, end):
        start = found.end()
        if found.lastgroup == "comment":
            if close < start:  # looked for once, however many are never closed
                close = (raw.find("-->", start, end) + 1 or len(raw) + _MAX_COMMENT) - 1
            comment = None
            if close + 3 <= found.start() + _MAX_COMMENT:
                comment = _COMMENT.match(raw, found.start(), end)
            if comment is None:
                continue
            found, start = comment, comment.end()
        yield found


def _mark(builder: ViewBuilder, found: re.Match[str]) -> None:
    kind = found.lastgroup
    if kind in ("code", "ticks", "template", "escape"):
        builder.fixed(found[0])
    elif kind == "bar":
        builder.fixed("\n\n")
    elif kind == "tag" and (marker := _MARKER.search(found[0])):
        builder.fixed(f" {marker[0]} ")


def _lines(raw: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        stop = raw.find("\n", start, end) + 1 or end
        yield start, stop
        start = stop
