"""Findings, verdicts and diffs in colour, for terminals of any width.

Lines are never cut or wrapped here: the terminal wraps them, so a copied line
stays one line. What is spun is red, what it becomes green; inside a changed
line of a diff only the changed words are bright, since a line is often a whole
paragraph.
"""

from __future__ import annotations

import io
import re
from bisect import bisect_right
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from unspin.records import Edit, Finding, Restoration
from unspin.report import plain
from unspin.report.positions import Positions, quoted, shortened, visible

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_SPUN, _RESTORED = "red", "green"
_SPUN_WORD, _RESTORED_WORD = "bold red reverse", "bold green reverse"


def to_ansi(text: Text) -> str:
    """The text with ANSI colour codes, ready for a terminal.

    The caller decides whether the terminal wants colours; here they are forced,
    so that what is written does not depend on the process's own streams.
    """
    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=True, color_system="standard", highlight=False, no_color=False
    )
    console.print(text, end="", soft_wrap=True)
    return stream.getvalue()


def verdict(name: str, restoration: Restoration) -> Text:
    """The verdict line of a file."""
    style = "bold red" if restoration.is_spun else "bold green"
    return Text.assemble((visible(name), "bold"), ": ", (plain.verdict(restoration), style), "\n")


def findings(name: str, restoration: Restoration) -> Text:
    """One line for every edit, suggestion and finding, in the order of the text."""
    positions = Positions(restoration.source)
    text = Text()
    for item, applied in plain.reported(restoration):
        line, column = positions.line_column(item.start)
        text.append(f"{visible(name)}:{line}:{column}: ", "dim")
        if isinstance(item, Finding):
            text.append(plain.describe(item, applied), "yellow")
        else:
            _append_change(text, item, applied)
        text.append("\n")
    return text


def coloured_diff(name: str, restoration: Restoration) -> Text:
    """The unified diff with the changed words of each line marked."""
    deleted, inserted = _spans(restoration.edits)
    old_starts, new_starts = _line_starts(restoration.source), _line_starts(restoration.text)
    text = Text()
    old = new = 0
    for number, line in enumerate(plain.file_diff(name, restoration).split("\n")[:-1]):
        line = line.removesuffix("\r")
        hunk = _HUNK.match(line)
        if number < 2:
            text.append(line, "bold")
        elif hunk:
            old, new = int(hunk[1]) - 1, int(hunk[2]) - 1
            text.append(line, "cyan")
        elif line.startswith("-"):
            _append_line(text, line, old_starts[old], deleted, _SPUN, _SPUN_WORD)
            old += 1
        elif line.startswith("+"):
            _append_line(text, line, new_starts[new], inserted, _RESTORED, _RESTORED_WORD)
            new += 1
        else:
            text.append(_safe(line), "dim" if line.startswith("\\") else "")
            if line.startswith(" "):  # not "\\ No newline at end of file"
                old, new = old + 1, new + 1
        text.append("\n")
    return text


def _append_change(text: Text, edit: Edit, applied: bool) -> None:
    text.append(f"{edit.kind}: ")
    text.append(quoted(shortened(edit.before)), _SPUN)
    text.append(" -> ")
    text.append(quoted(shortened(edit.after)), _RESTORED)
    maybe = "" if applied else ", not applied"
    text.append(f" ({edit.confidence:.2f}{maybe})", "dim")


def _spans(edits: Sequence[Edit]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Where the edits stand in the text before and in the text after."""
    deleted, inserted = [], []
    shift = 0
    for edit in edits:
        deleted.append((edit.start, edit.end))
        start = edit.start + shift
        inserted.append((start, start + len(edit.after)))
        shift += len(edit.after) - (edit.end - edit.start)
    return deleted, inserted


def _line_starts(text: str) -> list[int]:
    """Where lines begin; as in the diff itself, only LF ends one."""
    return [0, *(index + 1 for index, character in enumerate(text) if character == "\n")]


def _append_line(
    text: Text,
    line: str,
    start: int,
    spans: Sequence[tuple[int, int]],
    style: str,
    word_style: str,
) -> None:
    text.append(line[0], style)
    body = line[1:]
    position = 0
    first = max(bisect_right(spans, (start, start)) - 1, 0)
    for begin, end in spans[first:]:
        begin, end = max(begin - start, position), min(end - start, len(body))
        if begin >= len(body):
            break
        if end <= begin:
            continue
        text.append(_safe(body[position:begin]), style)
        text.append(_safe(body[begin:end]), word_style)
        position = end
    text.append(_safe(body[position:]), style)


def _safe(text: str) -> str:
    """The text with control characters as escapes, tabs excepted."""
    return "\t".join(map(visible, text.split("\t")))
