"""Views: the prose of a document with a map back to the text as it was read.

A restorer reads the view. Its edits are carried back to the raw text piece by
piece; what a piece does not cover (markup, entities, code) cannot be touched::

    raw   <p>It is <b>mature</b> &amp; fine
    view  It is mature & fine
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from unspin.records import Edit


class Piece(NamedTuple):
    """``view[start:end]`` stands at ``origin`` of the raw text, character by character."""

    start: int
    end: int
    origin: int


def _as_it_is(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class View:
    """What a restorer sees of ``raw``, and which stretches of it may change.

    ``escape`` makes new text safe to put into the markup.
    """

    raw: str
    text: str
    pieces: tuple[Piece, ...]
    escape: Callable[[str], str] = _as_it_is

    def back(self, edits: Iterable[Edit]) -> tuple[Edit, ...]:
        """The edits with the raw text's offsets.

        One that crosses markup is split at its words where old and new have
        equally many, and left out where they have not.
        """
        starts = [piece.start for piece in self.pieces]
        found: list[Edit] = []
        for edit in edits:
            whole = self._carry(edit, starts)
            if whole is not None:
                found.append(whole)
                continue
            parts = [self._carry(part, starts) for part in _words(edit)]
            if all(part is not None for part in parts):
                found.extend(part for part in parts if part is not None)
        return tuple(found)

    def place(self, start: int, end: int) -> tuple[int, int] | None:
        """Where ``text[start:end]`` stands in ``raw``, with the markup between its ends.

        Ends that no piece covers are left out; ``None`` where nothing is left.
        """
        first = bisect_right(self.pieces, start, key=lambda piece: piece.end)
        last = bisect_left(self.pieces, end, key=lambda piece: piece.start) - 1
        if first > last:
            return None
        begin, stop = self.pieces[first], self.pieces[last]
        return (
            begin.origin + max(start - begin.start, 0),
            stop.origin + min(end, stop.end) - stop.start,
        )

    def _carry(self, edit: Edit, starts: list[int]) -> Edit | None:
        number = bisect_right(starts, edit.start) - 1
        if number < 0 or edit.end > self.pieces[number].end:
            return None
        piece = self.pieces[number]
        start = piece.origin + edit.start - piece.start
        end = start + edit.end - edit.start
        return replace(
            edit, start=start, end=end, before=self.raw[start:end], after=self.escape(edit.after)
        )


class ViewBuilder:
    """Collects the pieces of a view in order."""

    def __init__(self, raw: str, escape: Callable[[str], str] = _as_it_is) -> None:
        self._raw = raw
        self._escape = escape
        self._parts: list[str] = []
        self._pieces: list[Piece] = []
        self._length = 0

    def prose(self, start: int, end: int, shown: str | None = None) -> None:
        """Show ``raw[start:end]``, open to edits; ``shown`` is as long and stands for it."""
        text = self._raw[start:end] if shown is None else shown
        if not text:
            return
        last = self._pieces[-1] if self._pieces else None
        begin = self._length
        if last and last.end == begin and last.origin + last.end - last.start == start:
            self._pieces[-1] = Piece(last.start, begin + len(text), last.origin)
        else:
            self._pieces.append(Piece(begin, begin + len(text), start))
        self._append(text)

    def fixed(self, text: str) -> None:
        """Show text that no edit may touch."""
        self._append(text)

    def space(self, breaks: str) -> None:
        """Make the view end in these line breaks, unless it is empty or does already."""
        tail = "".join(self._parts[-3:])[-len(breaks) :]
        if self._length and tail != breaks:
            self._append(breaks)

    def build(self) -> View:
        """The view of what was collected."""
        return View(self._raw, "".join(self._parts), tuple(self._pieces), self._escape)

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)


def _words(edit: Edit) -> list[Edit]:
    """The edit word by word without those that stay; one part where it cannot be split."""
    before, after = edit.before.split(" "), edit.after.split(" ")
    if len(before) != len(after) or len(before) == 1:
        return [edit]
    parts = []
    position = edit.start
    for old, new in zip(before, after, strict=True):
        if old != new:
            end = position + len(old)
            parts.append(replace(edit, start=position, end=end, before=old, after=new))
        position += len(old) + 1
    return parts
