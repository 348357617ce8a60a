"""What the adapters share: one restorer a process, and one article in, its outcome out."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from unspin.batch.articles import note_of
from unspin.batch.worker import Outcome, restore_article
from unspin.edits import apply_edits
from unspin.restorer import Restorer
from unspin.settings import Settings


@functools.cache
def restorer_for(settings: Settings) -> Restorer:
    """The process's restorer for these settings; its models load once, when first needed."""
    return Restorer(settings)


def outcome_of(texts: Mapping[str, str], settings: Settings, markup: str = "text") -> Outcome:
    """What restoring an article's texts gives; an article that fails has an ``error``.

    Raises:
        DataError, SettingsError: for what would go wrong with every article.
    """
    return restore_article(restorer_for(settings), markup, texts)


def restored(texts: Mapping[str, str], outcome: Outcome) -> dict[str, str]:
    """The texts that have edits, with them made."""
    return {name: apply_edits(texts[name], edits) for name, edits in outcome.edits.items() if edits}


def plain_note(outcome: Outcome) -> dict[str, Any]:
    """The outcome as plain values: score, family and edits, or the error."""
    return {"error": outcome.error} if outcome.error is not None else note_of(outcome)
