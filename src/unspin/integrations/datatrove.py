"""Steps of a datatrove pipeline: a filter for spun documents, and one that restores them.

    SpinFilter(exclusion_writer=JsonlWriter("spun/")), SpinRestorer()

Both leave what they found in ``metadata["unspin"]``. Models load once a process.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from unspin.errors import MissingExtraError
from unspin.integrations.articles import outcome_of, plain_note, restored
from unspin.restorer import IS_SPUN
from unspin.settings import Settings

try:
    from datatrove.data import Document, DocumentsPipeline
    from datatrove.pipeline.base import PipelineStep
    from datatrove.pipeline.filters.base_filter import BaseFilter
    from datatrove.pipeline.writers.disk_base import DiskWriter
    from datatrove.utils.typeshelper import StatHints
except ImportError as error:
    raise MissingExtraError("datatrove", "datatrove", "unspin.integrations.datatrove") from error

NOTE = "unspin"
_FIELD = "text"


class SpinFilter(BaseFilter):
    """Drops documents whose spin score reaches a threshold, with ``spun_FAMILY`` as reason."""

    name = "Spun text"

    def __init__(
        self,
        threshold: float = IS_SPUN,
        settings: Settings | None = None,
        exclusion_writer: DiskWriter | None = None,
    ) -> None:
        """A filter; what it drops goes to ``exclusion_writer``.

        Args:
            threshold: the spin score (0 to 1) from which a document is dropped.
            settings: of the restorer whose score it is.
            exclusion_writer: where dropped documents go.
        """
        super().__init__(exclusion_writer)
        self.threshold = threshold
        self.settings = settings or Settings()

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        """Whether the document stays; one that cannot be read does, and is counted."""
        outcome = outcome_of({_FIELD: doc.text}, self.settings)
        note = plain_note(outcome)
        note.pop("edits", None)
        doc.metadata[NOTE] = note
        if outcome.error is not None:
            self.stat_update("failed")
            return True
        if outcome.spin_score < self.threshold:
            return True
        return False, f"spun_{outcome.spinner or 'unknown'}"


class SpinRestorer(PipelineStep):
    """Restores documents; the edits stay in ``metadata["unspin"]["edits"]``.

    Their offsets are half-open code-point offsets into the text as it came.
    """

    type = "✂️ - FORMAT"
    name = "Restore spun text"

    def __init__(self, settings: Settings | None = None) -> None:
        """A step that restores with ``settings``."""
        super().__init__()
        self.settings = settings or Settings()

    def run(
        self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1
    ) -> Iterator[Document]:
        """Every document, with its text restored where that could be done."""
        for doc in data:
            self.stat_update(StatHints.total)
            with self.track_time():
                note = self._restore(doc)
            doc.metadata[NOTE] = note
            yield doc

    def _restore(self, doc: Document) -> dict[str, Any]:
        texts = {_FIELD: doc.text}
        outcome = outcome_of(texts, self.settings)
        if outcome.error is not None:
            self.stat_update("failed")
        made = restored(texts, outcome)
        if made:
            doc.text = made[_FIELD]
            self.stat_update("edited")
            self.stat_update("edits", value=len(outcome.edits[_FIELD]))
        return plain_note(outcome)
