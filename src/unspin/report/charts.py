"""Charts as inline SVG. Colours come from the page's style sheet, by class."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_BINS = 20
_WIDTH = 420
_COLOURS = 8  # classes f0 to f7


def histogram(scores: Sequence[float]) -> str:
    """How many of the scores, from 0 to 1, lie in each twentieth."""
    counts = [0] * _BINS
    for score in scores:
        counts[min(_BINS - 1, int(score * _BINS))] += 1
    most = max([*counts, 1])
    step = _WIDTH / _BINS
    parts = []
    for number, count in enumerate(counts):
        if not count:
            continue
        height = max(2.0, 105 * count / most)
        colour = "bar spun" if number >= _BINS // 2 else "bar"
        x = number * step + 1
        parts.append(
            f'<rect class="{colour}" x="{x:.1f}" y="{120 - height:.1f}" width="{step - 2:.1f}" '
            f'height="{height:.1f}" rx="2"/><text class="value" x="{x + step / 2 - 1:.1f}" '
            f'y="{114 - height:.1f}">{count:,}</text>'
        )
    parts.append(f'<line class="axis" x1="0" x2="{_WIDTH}" y1="120.5" y2="120.5"/>')
    for tick, place in ((0.0, ""), (0.5, " middle"), (1.0, " end")):
        parts.append(f'<text class="tick{place}" x="{tick * _WIDTH:.0f}" y="138">{tick:.1f}</text>')
    told = ", ".join(f"{c} from {n / _BINS:.2f}" for n, c in enumerate(counts) if c)
    return _svg(_WIDTH, 150, "".join(parts), f"Articles by spin score: {told or 'none'}")


def bars(rows: Sequence[tuple[str, float, str]]) -> str:
    """Horizontal bars: names, values from 0 to 1, and what stands behind each."""
    parts = []
    for number, (name, value, told) in enumerate(rows):
        y = number * 26
        parts.append(
            f'<text class="name" x="0" y="{y + 17}">{escape(_short(name))}</text>'
            f'<rect class="track" x="250" y="{y + 6}" width="300" height="14" rx="3"/>'
            f'<rect class="bar spun" x="250" y="{y + 6}" width="{300 * value:.1f}" height="14" '
            f'rx="3"/><text x="562" y="{y + 17}">{escape(told)}</text>'
        )
    told = "; ".join(f"{name}: {about}" for name, _, about in rows)
    return _svg(760, max(26, 26 * len(rows)), "".join(parts), told or "nothing")


def stacked(columns: Sequence[tuple[str, Sequence[float], int]], names: Sequence[str]) -> str:
    """Columns of shares that add up to 1 at most: label, share per name, and count."""
    width = 760
    step = width / max(len(columns), 4)
    parts = ['<line class="grid" x1="0" x2="760" y1="10" y2="10"/>']
    for number, (label, shares, total) in enumerate(columns):
        x, y = number * step + step * 0.12, 150.0
        for colour, share in enumerate(shares):
            height = 140 * share
            y -= height
            parts.append(
                f'<rect class="f{colour % _COLOURS}" x="{x:.1f}" y="{y:.1f}" '
                f'width="{step * 0.76:.1f}" height="{height:.2f}"/>'
            )
        if len(columns) <= 16 or number % (len(columns) // 12) == 0:
            middle = x + step * 0.38
            parts.append(
                f'<text class="value" x="{middle:.1f}" y="168">{escape(label)}</text>'
                f'<text class="value" x="{middle:.1f}" y="182">{total:,}</text>'
            )
    parts.append('<line class="axis" x1="0" x2="760" y1="150.5" y2="150.5"/>')
    told = "; ".join(
        f"{label}: "
        + ", ".join(f"{n} {share:.0%}" for n, share in zip(names, shares, strict=True) if share)
        for label, shares, _ in columns
    )
    keys = "".join(
        f'<span class="swatch"><svg viewBox="0 0 10 10" aria-hidden="true"><rect '
        f'class="f{number % _COLOURS}" width="10" height="10" rx="2"/></svg> {escape(name)}</span>'
        for number, name in enumerate(names)
    )
    return _svg(width, 188, "".join(parts), told or "nothing") + f'<p class="keys">{keys}</p>'


def _svg(width: int, height: int, content: str, told: str) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {width} {height}" role="img">'
        f"<title>{escape(told)}</title>{content}</svg>"
    )


def _short(name: str, most: int = 36) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"
