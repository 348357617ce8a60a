"""Evaluation tallies as a table for people and as plain values for machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from unspin.evaluate import Miss, Tally, found_at, precision_at

_CURVE = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_HEAD = (
    "family", "docs", "undone", "precision", "recall", "F0.5", "harm/1k", "AUROC",
    "at 1% fp", "ECE", "P@0.9", "unseen", "no cand.", "misranked",
)  # fmt: skip


def table(tallies: Mapping[str, Tally], clean: Tally) -> str:
    """One line per family, one for all, and the clean text's."""
    rows = [list(_HEAD)]
    for name, tally in tallies.items():
        rows.append(_row(name, tally))
    if len(tallies) > 1:
        rows.append(_row("all", together(tallies.values(), clean)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    lines = ["  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    lines.append("")
    lines.append(
        f"clean text: {clean.clean_edits} edits in {clean.clean_words} words"
        f" ({_show(clean.clean_edits_per_10k, 2)} per 10,000)"
    )
    return "\n".join(lines)


def curve(tallies: Sequence[Tally]) -> str:
    """Precision and the share of phrases put right at rising confidence."""
    confidences = [c for tally in tallies for c in tally.confidences]
    phrases = sum(tally.phrases for tally in tallies)
    lines = ["min. confidence  precision  right edits per changed phrase"]
    for least in _CURVE:
        right = sum(r for c, r in confidences if c >= least)
        share = right / phrases if phrases else None
        lines.append(
            f"{least:15.2f}  {_show(precision_at(confidences, least)):>9}  {_show(share):>8}"
        )
    return "\n".join(lines)


def together(tallies: Any, clean: Tally) -> Tally:
    """The sum of several tallies, measured against the same clean text."""
    total = Tally()
    for tally in tallies:
        total.add(tally)
    total.clean_scores = clean.clean_scores
    return total


def samples(misses: Sequence[Miss], number: int) -> str:
    """Some of the phrases not restored, spread over the documents."""
    step = max(1, len(misses) // number) if number else 1
    lines = []
    for miss in misses[::step][:number]:
        lines.append(
            f"{miss.cause}: {miss.spun!r}, author: {miss.original!r}, we: {miss.restored!r}"
        )
        lines.append(f"    ...{miss.context}...")
    return "\n".join(lines)


def as_dict(tallies: Mapping[str, Tally], clean: Tally) -> dict[str, Any]:
    """Every measure as plain values; undefined ones are null."""
    return {
        "type": "evaluation",
        "families": {name: tally.to_dict() for name, tally in tallies.items()},
        "all": together(tallies.values(), clean).to_dict(),
        "clean": {
            "words": clean.clean_words,
            "edits": clean.clean_edits,
            "edits_per_10k": clean.clean_edits_per_10k,
        },
    }


def broken_floors(result: Mapping[str, Any], floors: Mapping[str, Any]) -> list[str]:
    """What falls below its floor (or, for ceilings, rises above it), as messages.

    ``floors`` maps a family (or ``all``, ``clean``) to measures with the least
    value, or the greatest for names that begin with ``max_``.
    """
    broken = []
    for family, measures in floors.items():
        found = result[family] if family in ("all", "clean") else result["families"].get(family)
        for name, bound in measures.items():
            measure = name.removeprefix("max_")
            value = found.get(measure) if found else None
            good = value is not None and (
                value <= bound if name.startswith("max_") else value >= bound
            )
            if not good:
                kind = "above its ceiling" if name.startswith("max_") else "below its floor"
                broken.append(f"{family} {measure}: {_show(value, 4)} is {kind} {bound}")
    return broken


def _row(name: str, tally: Tally) -> list[str]:
    found = found_at(tally.spun_scores, tally.clean_scores, 0.01)
    return [
        name, str(tally.documents), _show(tally.damage_undone), _show(tally.precision),
        _show(tally.recall), _show(tally.f_half), _show(tally.harm, 1), _show(tally.auroc, 4),
        _show(found, 2), _show(tally.calibration_error),
        _show(precision_at(tally.confidences, 0.9)),
        str(tally.undetected), str(tally.unreachable), str(tally.misranked),
    ]  # fmt: skip


def _show(value: float | None, digits: int = 3) -> str:
    return "n/a" if value is None else f"{value:.{digits}f}"
