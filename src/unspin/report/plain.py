"""Findings, verdicts and diffs as plain lines."""

from __future__ import annotations

from unspin.files import STDIN_NAME
from unspin.records import Edit, EditKind, Finding, Restoration, unified_diff
from unspin.report.positions import Positions, quoted, shortened, visible


def verdict(restoration: Restoration) -> str:
    """Whether the text is spun, how much, by whom, and what is proposed.

    The family is named only where the text is spun.
    """
    word = "spun" if restoration.is_spun else "clean"
    parts = [f"{word} {restoration.spin_score:.2f}"]
    if restoration.is_spun:
        parts.append(f"{restoration.spin_rate * 100:.0f} % of words")
        parts.append(
            f"family {restoration.spinner}" if restoration.spinner is not None else "family unknown"
        )
    parts.append(_count(len(restoration.edits), "edit"))
    if restoration.suggestions:
        parts.append(_count(len(restoration.suggestions), "suggestion"))
    if restoration.findings:
        parts.append(_count(len(restoration.findings), "finding"))
    return ", ".join(parts)


def verdict_line(name: str, restoration: Restoration) -> str:
    """The verdict with the name of the file in front."""
    return f"{visible(name)}: {verdict(restoration)}"


def finding_lines(name: str, restoration: Restoration) -> list[str]:
    """One line for every edit, suggestion and finding, in the order of the text."""
    positions = Positions(restoration.source)
    lines = []
    for item, applied in reported(restoration):
        line, column = positions.line_column(item.start)
        lines.append(f"{visible(name)}:{line}:{column}: {describe(item, applied)}")
    return lines


def reported(restoration: Restoration) -> list[tuple[Edit | Finding, bool]]:
    """Edits, suggestions and findings in the order of the text; true marks an applied edit."""
    items: list[tuple[Edit | Finding, bool]] = [(edit, True) for edit in restoration.edits]
    items += [(edit, False) for edit in restoration.suggestions]
    items += [(finding, False) for finding in restoration.findings]
    return sorted(items, key=lambda item: (item[0].start, item[0].end, not item[1]))


def describe(item: Edit | Finding, applied: bool) -> str:
    """What is found, what it would become and how sure that is."""
    if isinstance(item, Finding):
        text = f"{item.kind}: {quoted(shortened(item.text))}"
        if item.alternatives:
            text += f" (perhaps {quoted(item.alternatives[0].text)})"
        elif item.kind is EditKind.BOILERPLATE:
            text += " looks like leftover boilerplate"
        return f"{text} ({item.probability:.2f})"
    change = f"{quoted(shortened(item.before))} -> {quoted(shortened(item.after))}"
    maybe = "" if applied else ", not applied"
    return f"{item.kind}: {change} ({item.confidence:.2f}{maybe})"


def file_diff(name: str, restoration: Restoration, mark: str = "") -> str:
    """The unified diff of a file, empty if nothing changes.

    ``mark`` is the byte order mark of the file, which patch must see. A tab ends
    the name for patch, so that both sides name the file itself.
    """
    shown = visible("-" if name == STDIN_NAME else name)
    before, after = mark + restoration.source, mark + restoration.text
    return unified_diff(before, after, f"{shown}\tspun", f"{shown}\trestored")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
