"""The lattice of a sentence as an SVG drawing.

The words run along the bottom; above them stands every candidate as a box over
the words that it would replace, darker the likelier it is. Boxes on the best
path have a frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from unspin.records import Arc, Decoding, Lattice
from unspin.report.positions import visible

# Pixels; the width of a letter is that of the widest common fonts.
_LETTER, _GAP, _ROW, _BOX = 8.4, 14, 34, 28
_MOST_PER_SPAN = 4
_LEAST = 0.005  # candidates less likely than this are left out, save the best two of a span
_STYLE = (
    "text{font:14px system-ui,sans-serif;fill:#1e2126;text-anchor:middle}"
    ".w{font-weight:600}.p{font-size:11px;fill:#4a4f58}"
    ".k{font-size:12px;fill:#4a4f58;text-anchor:start}"
)


def lattice_svg(text: str, lattice: Lattice, decoding: Decoding) -> str:
    """The drawing, self-contained, ending in a line feed."""
    tokens = lattice.sentence.tokens
    numbers = _shown(lattice, decoding)
    arcs = [lattice.arcs[number] for number in numbers]
    edges = _edges([token.surface for token in tokens], arcs)
    levels = _levels(arcs)
    rows = max(levels, default=-1) + 1
    floor = rows * _ROW + 12
    width, height = edges[-1] + 12, floor + 84
    start, end = tokens[0].start, tokens[-1].end
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img">',
        f"<title>Lattice of: {escape(visible(text[start:end]))}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#fbfaf7"/>',
    ]
    for number, arc, level in zip(numbers, arcs, levels, strict=True):
        left, right = edges[arc.start] + 3, edges[arc.end] - 3
        taken = number in decoding.path
        parts += _box(arc, decoding.posterior[number], taken, left, right, floor - level * _ROW)
    for number, token in enumerate(tokens):
        middle = (edges[number] + edges[number + 1]) / 2
        parts.append(
            f'<text class="w" x="{middle:.1f}" y="{floor + 26}">{escape(visible(token.surface))}'
            "</text>"
        )
    for edge in edges:
        parts.append(f'<circle cx="{edge:.1f}" cy="{floor + 6}" r="3" fill="#8a909a"/>')
    parts.append(f'<path d="M{edges[0]:.1f} {floor + 6}H{edges[-1]:.1f}" stroke="#8a909a"/>')
    parts.append(
        f'<text class="k" x="12" y="{floor + 62}">Each box would replace the words below it; '
        "the number is its probability, a frame marks the best path. Every word may also stay."
        "</text></svg>\n"
    )
    return "\n".join(parts)


def _shown(lattice: Lattice, decoding: Decoding) -> list[int]:
    """The candidates worth drawing: those of the path, and the likeliest of each span."""
    spans: dict[tuple[int, int], list[int]] = {}
    for number, arc in enumerate(lattice.arcs):
        spans.setdefault((arc.start, arc.end), []).append(number)
    chosen = set(decoding.path)
    for numbers in spans.values():
        numbers.sort(key=lambda n: -decoding.posterior[n])
        chosen.update(n for n in numbers[:_MOST_PER_SPAN] if decoding.posterior[n] >= _LEAST)
    return sorted(chosen, key=lambda n: (_length(lattice.arcs[n]), -decoding.posterior[n], n))


def _length(arc: Arc) -> int:
    return arc.end - arc.start


def _edges(words: Sequence[str], arcs: Sequence[Arc]) -> list[float]:
    """Where each word begins and the last ends, wide enough for all boxes above."""
    widths = [len(word) * _LETTER + _GAP for word in words]
    for arc in arcs:
        needed = (len(arc.rule.original) or 1) * _LETTER + 52
        missing = needed - sum(widths[arc.start : arc.end])
        if missing > 0:
            for token in range(arc.start, arc.end):
                widths[token] += missing / _length(arc)
    edges = [12.0]
    for width in widths:
        edges.append(edges[-1] + width)
    return edges


def _levels(arcs: Sequence[Arc]) -> list[int]:
    """The lowest row for each box in which nothing stands over the same words."""
    rows: list[list[Arc]] = []
    levels = []
    for arc in arcs:
        free = (
            level
            for level, row in enumerate(rows)
            if all(other.end <= arc.start or arc.end <= other.start for other in row)
        )
        level = next(free, len(rows))
        if level == len(rows):
            rows.append([])
        rows[level].append(arc)
        levels.append(level)
    return levels


def _box(
    arc: Arc, probability: float, taken: bool, left: float, right: float, bottom: float
) -> list[str]:
    frame = ' stroke="#1b6b3f" stroke-width="2.5"' if taken else ' stroke="#d8b98c"'
    y, middle = bottom - _BOX, (left + right) / 2
    shown = escape(visible(arc.rule.original)) or "(nothing)"
    return [
        f'<rect x="{left:.1f}" y="{y:.1f}" width="{right - left:.1f}" height="{_BOX}" rx="5" '
        f'fill="#f0911e" fill-opacity="{0.06 + 0.5 * probability:.2f}"{frame}/>',
        f'<text x="{middle:.1f}" y="{y + 19:.1f}">{shown} <tspan class="p">{probability:.2f}'
        "</tspan></text>",
    ]
