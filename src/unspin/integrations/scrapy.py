"""A Scrapy item pipeline.

    ITEM_PIPELINES = {"unspin.integrations.scrapy.UnspinPipeline": 500}
    UNSPIN_ACTION = "annotate"      # or "fix", "drop"
    UNSPIN_FIELDS = ["body"]        # default: the first of text, content, body, article
    UNSPIN_MARKUP = "html"          # or "text" (default), "markdown"
    UNSPIN_NOTE_FIELD = "unspin"    # where score and edits go
    UNSPIN_SETTINGS = {"min-confidence": 0.8}

Articles are restored in a thread, so that downloads go on. Counted under
``unspin/`` in the stats: articles, spun, edited, edits, dropped, failed,
skipped, not_annotated.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from unspin.batch.worker import Outcome
from unspin.errors import MissingExtraError, SettingsError
from unspin.integrations.articles import outcome_of, plain_note, restored, restorer_for
from unspin.settings_file import settings_of
from unspin.sources import MARKUPS
from unspin.sources.base import USUAL_FIELDS

try:
    from itemadapter import ItemAdapter
    from scrapy.exceptions import DropItem
    from twisted.internet.threads import deferToThread
except ImportError as error:
    raise MissingExtraError("scrapy", "scrapy", "unspin.integrations.scrapy") from error

ACTIONS = ("annotate", "fix", "drop")
_KEYS = ("UNSPIN_ACTION", "UNSPIN_FIELDS", "UNSPIN_MARKUP", "UNSPIN_NOTE_FIELD", "UNSPIN_SETTINGS")
_NO_ROOM = (
    "items of type %s have no field %r for what unspin found: add it, or set UNSPIN_NOTE_FIELD"
)
_LOGGER = logging.getLogger(__name__)


class UnspinPipeline:
    """Annotates, restores or drops spun items; what it cannot read passes as it is."""

    def __init__(self, settings: Mapping[str, Any], stats: Any) -> None:
        """A pipeline for a crawler's settings and stats collector.

        Raises:
            SettingsError: if a setting is unknown or cannot be used.
        """
        for key in settings:
            if str(key).startswith("UNSPIN_") and key not in _KEYS:
                raise SettingsError(f"{key} is not a setting; expected one of {', '.join(_KEYS)}")
        self._action = _one_of("UNSPIN_ACTION", settings.get("UNSPIN_ACTION", "annotate"), ACTIONS)
        self._markup = _one_of("UNSPIN_MARKUP", settings.get("UNSPIN_MARKUP", "text"), MARKUPS)
        fields = settings.get("UNSPIN_FIELDS") or ()
        self._fields = tuple(fields.split(",") if isinstance(fields, str) else fields)
        self._note_field = settings.get("UNSPIN_NOTE_FIELD", "unspin")
        self._settings = settings_of(settings.get("UNSPIN_SETTINGS") or {}, Path())
        restorer_for(self._settings).provenance  # noqa: B018 - a missing file is found at once
        self._stats = stats
        self._lock = threading.Lock()

    @classmethod
    def from_crawler(cls, crawler: Any) -> Self:
        """The pipeline that Scrapy asks for."""
        return cls(crawler.settings, crawler.stats)

    async def process_item(self, item: Any, spider: Any = None) -> Any:
        """The item, annotated or restored.

        Raises:
            DropItem: for a spun item, if that is asked for.
        """
        adapter = ItemAdapter(item)
        texts = self._texts(adapter)
        if not texts:
            self._count("skipped")
            return item
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a reactor other than asyncio's
            outcome = await deferToThread(self._restore, texts)
        else:
            outcome = await loop.run_in_executor(None, self._restore, texts)
        self._count("articles")
        self._count("spun", outcome.is_spun)
        if outcome.error is not None:
            self._count("failed")
            _LOGGER.warning("an item could not be restored: %s", outcome.error)
        elif self._action == "drop" and outcome.is_spun:
            self._count("dropped")
            family = outcome.spinner or "unknown"
            raise DropItem(f"spun {outcome.spin_score:.2f}, family {family}")
        elif self._action == "fix":
            made = restored(texts, outcome)
            adapter.update(made)
            self._count("edited", bool(made))
            self._count("edits", sum(map(len, outcome.edits.values())))
        self._annotate(adapter, plain_note(outcome))
        return item

    def _texts(self, adapter: Any) -> dict[str, str]:
        found = {
            name: adapter[name]
            for name in self._fields or USUAL_FIELDS
            if name in adapter and isinstance(adapter[name], str) and adapter[name].strip()
        }
        return found if self._fields else dict(list(found.items())[:1])

    def _restore(self, texts: Mapping[str, str]) -> Outcome:
        with self._lock:  # models load once, and Python runs one at a time anyway
            return outcome_of(texts, self._settings, self._markup)

    def _annotate(self, adapter: Any, note: dict[str, Any]) -> None:
        try:
            adapter[self._note_field] = note
        except (KeyError, AttributeError):
            if not self._stats.get_value("unspin/not_annotated"):
                _LOGGER.warning(_NO_ROOM, type(adapter.item).__name__, self._note_field)
            self._count("not_annotated")

    def _count(self, name: str, by: int = 1) -> None:
        if by:
            self._stats.inc_value(f"unspin/{name}", int(by))


def _one_of(key: str, value: Any, known: Any) -> str:
    if value not in known:
        raise SettingsError(f"{key} is {value!r}; use one of {', '.join(known)}")
    return str(value)
