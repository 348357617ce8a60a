"""Offsets to lines and columns, and text made safe to print."""

from __future__ import annotations

import re
from bisect import bisect_right

_LINE_END = re.compile(r"\r\n|\n|\r")
# Control characters of a scraped text must not reach a terminal, where they
# could move the cursor or recolour what follows; nor may the characters that
# turn the direction of the text around them.
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


class Positions:
    r"""The lines of a text; they end at LF, CR LF or a lone CR.

    >>> Positions("ab\r\ncd").line_column(4)
    (2, 1)
    """

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def line_column(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1, the column in code points."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


def visible(text: str) -> str:
    r"""The text on one line, with control characters as escapes.

    >>> visible("two\nlines \x1b[31mred")
    'two\\nlines \\x1b[31mred'
    """
    return _CONTROL.sub(_escape, text)


def quoted(text: str) -> str:
    """The text on one line in double quotes.

    >>> quoted("mature")
    '"mature"'
    """
    return '"' + visible(text) + '"'


def shortened(text: str, width: int = 60) -> str:
    """The text, its middle left out where it is longer than ``width``."""
    if len(text) <= width:
        return text
    half = (width - 1) // 2
    return f"{text[:half]}…{text[-half:]}"


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
