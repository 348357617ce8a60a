"""One documented record of settings, copied and never mutated."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from unspin.errors import SettingsError
from unspin.records import EditKind

RANKERS = ("context", "features", "frequency")

DEFAULT_KINDS = frozenset(
    {
        EditKind.SYNONYM,
        EditKind.OPEN,
        EditKind.TORTURED,
        EditKind.DOUBLED,
        EditKind.MOJIBAKE,
        EditKind.BOILERPLATE,
    }
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a :class:`unspin.Restorer` does. Change it with ``dataclasses.replace``."""

    ranker: str = "context"
    """Which model decides: ``context`` (encoder and features), ``features`` or ``frequency``."""

    min_confidence: float | None = None
    """Apply edits at or above this confidence; ``None`` is the one from which
    four edits in five were right on held-out text."""

    kinds: frozenset[EditKind] = DEFAULT_KINDS
    """The kinds of damage to look for."""

    strip_boilerplate: bool = False
    """Delete leftover boilerplate lines instead of only reporting them."""

    spin_prior: float = 0.05
    """Prior probability that a document is spun, before its words are looked at."""

    spinner: str | None = None
    """The family that spun the text, where it is known; ``None`` infers it."""

    lexicons: tuple[Path, ...] = ()
    """Further lexicon files, read after the shipped ones."""

    builtin_lexicon: bool = True
    """Use the shipped spin lexicon; off, only ``lexicons`` and open vocabulary propose."""

    language_model: Path | None = None
    """A KenLM binary or ARPA file to use in place of the shipped model."""

    ignore_words: frozenset[str] = frozenset()
    """Words (case-insensitive) that are never changed."""

    ignore_phrases: frozenset[str] = frozenset()
    """Phrases (case-insensitive) that are never changed: terms of art, product names."""

    ignore_patterns: tuple[str, ...] = ()
    """Regular expressions whose matches are never changed."""

    alternatives: int = 4
    """How many other readings an edit carries at most."""

    def __post_init__(self) -> None:
        """Refuse values that cannot be used.

        Raises:
            SettingsError: naming the setting, its value and what would be valid.
        """
        if self.ranker not in RANKERS:
            raise SettingsError(f"ranker is {self.ranker!r}; use one of {', '.join(RANKERS)}")
        if self.min_confidence is not None and not 0 <= self.min_confidence <= 1:
            raise SettingsError(f"min_confidence is {self.min_confidence}; use 0 to 1")
        if not 0 < self.spin_prior < 1:
            raise SettingsError(f"spin_prior is {self.spin_prior}; use a value between 0 and 1")
        if self.alternatives < 0:
            raise SettingsError(f"alternatives is {self.alternatives}; use 0 or more")
        for pattern in self.ignore_patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise SettingsError(
                    f"ignore_patterns: {pattern!r} is not a regular expression: {error}"
                ) from error

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain JSON values, in a fixed order."""
        plain: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, frozenset):
                value = sorted(map(str, value))
            elif isinstance(value, tuple):
                value = [str(v) for v in value]
            elif isinstance(value, Path):
                value = str(value)
            plain[field.name] = value
        return plain
