"""The models a restorer needs, each loaded when first asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

from unspin.calibration import Calibration, read_calibration
from unspin.composition import Composer
from unspin.language_model import LanguageModel, Mixture
from unspin.lexicon import SpinLexicon
from unspin.rank.context import ContextRanker
from unspin.rank.features import FeaturesRanker
from unspin.rank.fluency import WordModel
from unspin.rank.frequency import FrequencyRanker
from unspin.rank.revision import Reviser
from unspin.records import DocumentEvidence, Lattice, Ranking, Sentence
from unspin.resources import data_path, dictionary_dir
from unspin.settings import Settings
from unspin.spelling import Speller
from unspin.spinners import SpinnerTable
from unspin.terms import Terms
from unspin.thesaurus import Thesaurus
from unspin.torn import TornTerms
from unspin.verdict import Verdict

_MANIFESTS = (
    *("features.json", "context.json", "revision.npz", "calibration.json", "verdict.npz"),
    "torn.npz",
    *("en.general.json", "en.prose.json", "thesaurus.json"),
)


class Ranker(Protocol):
    """The one seam between the program and whatever decides."""

    def rank(
        self, lattices: Sequence[Lattice], evidence: DocumentEvidence, words: frozenset[str]
    ) -> list[Ranking]:
        """The log odds of every arc of every lattice; ``words`` are all norms of the document."""


class Models:
    """Loads lazily, so that clean text costs no more than the screen's table."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def spinners(self) -> SpinnerTable:
        """The screen's word table."""
        return SpinnerTable.read(data_path("spinners.tsv"))

    @cached_property
    def lexicon(self) -> SpinLexicon:
        """The shipped lexicons and the user's."""
        return SpinLexicon.read(self._lexicon_paths())

    @cached_property
    def terms(self) -> Terms:
        """The phrases that need no spun text around them."""
        return Terms(SpinLexicon.read(p for p in self._lexicon_paths() if p.stem == "tortured"))

    @cached_property
    def torn(self) -> TornTerms | None:
        """What composes terms of a text's words; None where the shipped lexicons are not used."""
        if not self._settings.builtin_lexicon:
            return None
        composer = Composer.read(*self._term_paths())
        look = self.looks_changed if self._settings.ranker == "context" else None
        return TornTerms.read(data_path("torn.npz"), composer, self._shipped_models, look)

    def looks_changed(self, sentences: Sequence[Sentence]) -> list[float]:
        """P(changed) of every token, from the encoder alone: the lexicon proposes nothing."""
        return self.context.changed([Lattice(s, ()) for s in sentences], frozenset())

    @cached_property
    def _shipped_models(self) -> tuple[LanguageModel, LanguageModel]:
        """The n-gram models that other models were fitted with, whatever the user's."""
        mine = self._settings.language_model is not None
        return LanguageModel() if mine else self.language_model, self._prose_model

    @cached_property
    def _prose_model(self) -> LanguageModel:
        return LanguageModel(data_path("en.prose.kenlm"))

    @cached_property
    def lexicon_digest(self) -> str:
        """A short hash of the lexicon files in use; does not parse them."""
        digest = hashlib.sha256()
        terms = self._term_paths() if self._settings.builtin_lexicon else ()
        for path in (*self._lexicon_paths(), *terms):
            digest.update(path.read_bytes() if path.is_file() else b"")
        return digest.hexdigest()[:16]

    def _term_paths(self) -> tuple[Path, Path]:
        folder = dictionary_dir() / "en"
        return folder / "terms.tsv", folder / "torn.tsv"

    def _lexicon_paths(self) -> list[Path]:
        folder = dictionary_dir() / "en"
        builtin = [folder / name for name in ("spin.tsv", "hand.tsv", "tortured.tsv")]
        return [*(builtin if self._settings.builtin_lexicon else []), *self._settings.lexicons]

    @cached_property
    def features(self) -> FeaturesRanker:
        """The features ranker, which also estimates the document's rate."""
        return FeaturesRanker.read(data_path("features.npy"))

    @cached_property
    def context(self) -> ContextRanker:
        """The context ranker, which also glances at texts that the screen lets through."""
        folder = data_path("context.json").parent
        return ContextRanker(
            folder,
            lambda: self.features,
            lambda: self.thesaurus,
            lambda: self.fluency_model,
        )

    @cached_property
    def reviser(self) -> Reviser:
        """The second pass after the context ranker's first."""
        return Reviser.read(data_path("revision.npz"), self.fluency_model, self.context.guesser)

    @cached_property
    def ranker(self) -> Ranker:
        """The ranker that the settings name."""
        if self._settings.ranker == "context":
            return self.context
        if self._settings.ranker == "features":
            return self.features
        return FrequencyRanker()

    @cached_property
    def thesaurus(self) -> Thesaurus:
        """Candidates for words that the lexicon does not know."""
        return Thesaurus.read(data_path("thesaurus.npz"))

    @cached_property
    def verdict(self) -> Verdict:
        """What the encoder's view of the words says of a text."""
        return Verdict.read(data_path("verdict.npz"))

    @cached_property
    def calibration(self) -> Calibration:
        """The ranker's calibration."""
        return read_calibration(data_path("calibration.json"), self._settings.ranker)

    @cached_property
    def language_model(self) -> LanguageModel:
        """The n-gram model: the user's, or the shipped one."""
        return LanguageModel(self._settings.language_model)

    @cached_property
    def fluency_model(self) -> WordModel:
        """What the context ranker asks how well words stand in their place."""
        return Mixture(self.language_model, self._prose_model)

    @cached_property
    def speller(self) -> Speller:
        """Symspellpy's word list, for typos and glued or split words."""
        return Speller()

    @cached_property
    def model_digest(self) -> str:
        """A short hash of the decision models' manifests."""
        digest = hashlib.sha256()
        for name in _MANIFESTS:
            digest.update(data_path(name).read_bytes())
        return digest.hexdigest()[:16]
