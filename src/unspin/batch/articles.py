"""Between records and outcomes: what is sent together, what changes, what is noted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from unspin.batch.worker import Outcome
from unspin.edits import apply_edits
from unspin.sources import Change, Record

# Articles that go to a worker together: enough that sending costs little.
_MOST_ARTICLES = 64
_MOST_CHARACTERS = 200_000


def note_of(outcome: Outcome | None) -> dict[str, Any]:
    """What is added to an article that is annotated; empty where there is nothing to say."""
    if outcome is None or outcome.error is not None:
        return {}
    edits = [
        {
            "field": name,
            "start": e.start,
            "end": e.end,
            "before": e.before,
            "after": e.after,
            "confidence": e.confidence,
            "kind": str(e.kind),
        }
        for name, found in outcome.edits.items()
        for e in found
    ]
    return {
        "spin_score": outcome.spin_score,
        "is_spun": outcome.is_spun,
        "spinner": outcome.spinner,
        "edits": edits,
    }


def is_live(record: Record) -> bool:
    """Whether the record is an article to restore."""
    return record.skip is None and record.broken is None and not record.silent


def changes_of(record: Record, outcome: Outcome) -> dict[str, Change]:
    """The fields that change.

    Raises:
        InputError: if the edits do not fit.
    """
    return {
        name: Change(apply_edits(record.texts[name], edits), edits)
        for name, edits in outcome.edits.items()
        if edits
    }


def stretches(records: Iterator[Record]) -> Iterator[tuple[Record, ...]]:
    """The records in stretches that are the same in every run."""
    stretch: list[Record] = []
    size = 0
    for record in records:
        stretch.append(record)
        size += sum(map(len, record.texts.values()))
        if len(stretch) >= _MOST_ARTICLES or size >= _MOST_CHARACTERS:
            yield tuple(stretch)
            stretch, size = [], 0
    if stretch:
        yield tuple(stretch)
