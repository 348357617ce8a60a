"""Holds settings and models and runs the stages in order: the one place that wires them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from unspin.calibration import Calibration
from unspin.decoder import decode
from unspin.document import Screening, evidence_of, screen
from unspin.edits import apply_edits, path_edits, together, with_articles
from unspin.flags import flags
from unspin.garble import garble_edits, may_be_garbled
from unspin.gate import LONG, is_applied
from unspin.glance import Glance
from unspin.lattice import build_lattice, with_opened
from unspin.models import Models
from unspin.protect import ProtectedIndex, protected_spans
from unspin.rate import estimate_rate
from unspin.recognition import recognized
from unspin.records import (
    Decoding,
    Detection,
    DocumentEvidence,
    Edit,
    EditKind,
    Explanation,
    Finding,
    Lattice,
    ProtectedSpan,
    Provenance,
    Ranking,
    Restoration,
    Sentence,
)
from unspin.settings import Settings
from unspin.terms import is_quoted
from unspin.tokens import paragraph_norms, sentences
from unspin.verdict import Reading, share_changed
from unspin.version import __version__
from unspin.weights import path_weights

# A text this likely to be spun is called spun.
IS_SPUN = 0.5
# Below this, a text full of tortured phrases may be about them.
_SURELY_SPUN = 0.99
# The language model's weight in the decoder, per ranker. Beside the trained
# rankers it is off: with its states a document takes seconds to decode.
_MODEL_WEIGHT = {"context": 0.0, "features": 0.0, "frequency": 0.6}
# Readings less likely than this are not worth a suggestion: in spun texts, in others, and in
# long ones that may be either. Marks of all kinds stay below five of 10,000 clean words.
_SUGGESTED, _SUGGESTED_IN_CLEAN, _SUGGESTED_IN_LONG = 0.05, 0.35, 0.45
_EITHER = 0.84
# From this score on a short text whose changes name their spinner is judged like a long one.
_TRUSTED = 0.8
# The least confidence of edits in what is left of a page around the article: two words or three,
# which the models have not read much of.
_SURE_OF_FURNITURE = 0.5

_Read = tuple[DocumentEvidence, list[Lattice], list[Ranking]]


class Restorer:
    """Restores texts. Models load when first needed and stay; use one for many texts."""

    def __init__(self, settings: Settings | None = None) -> None:
        """A restorer with these settings, or the default ones.

        Raises:
            SettingsError: for settings that cannot be used.
        """
        self.settings = settings or Settings()
        self._models = Models(self.settings)
        self._glance = Glance(self._models, self.settings.kinds)

    def restore(self, text: str) -> Restoration:
        """The proposed restoration of ``text``.

        Raises:
            DataError: when a lexicon or model file cannot be used.
        """
        paragraphs = paragraph_norms(text)
        screening = self._screen(text, paragraphs)
        if not (
            screening.suspicious
            or may_be_garbled(text, paragraphs, self.settings)
            or (self._wants_terms and self._may_have_terms(paragraphs))
        ):
            return self._restoration(text, (), (), (), evidence_of(screening, 0.0))
        return self._explain(text, screening).restoration

    def detect(self, text: str) -> Detection:
        """Whether ``text`` is spun, with the phrases that look spun."""
        found = self.restore(text)
        return Detection(
            found.spin_score,
            found.spin_rate,
            found.spinner,
            found.spinner_probability,
            found.is_spun,
            tuple(sorted(found.edits + found.suggestions, key=lambda e: (e.start, e.end))),
            found.findings,
        )

    def explain(self, text: str) -> Explanation:
        """Every stage of restoring ``text``; the restoration is the last."""
        return self._explain(text, self._screen(text, paragraph_norms(text)))

    def _screen(self, text: str, paragraphs: Sequence[Sequence[str]]) -> Screening:
        """The screen's verdict and whether, after a glance, the text is worth reading."""
        settings = self.settings
        found = screen(paragraphs, self._models.spinners, settings.spin_prior, settings.spinner)
        if settings.ranker != "context" or settings.spinner is not None or found.plain:
            return found
        return self._glance.decides(text, paragraphs, found)

    def _explain(self, text: str, screening: Screening) -> Explanation:
        split = sentences(text)
        spans = protected_spans(text, split, self.settings)
        protected = ProtectedIndex(spans)
        garbled, findings = self._garble(text, split, spans)
        furniture = _furniture(findings)
        if self._wants_terms:
            garbled = together(list(self._models.terms.edits(text, split, protected)), garbled)
            if self._models.torn is not None:
                composed, torn = self._models.torn.marks(text, split, protected)
                composed = [e for e in composed if not furniture.overlaps(e.start, e.end)]
                garbled, findings = together(composed, garbled), [*findings, *torn]
        evidence, lattices, rankings = self._propose(split, protected, screening)
        least = _least_suggestion(evidence, screening.words)
        if self._may_show(evidence.spin_score, least):
            lattices, rankings = self._opened(lattices, rankings, evidence, protected)
            rankings, decodings = self._decode(lattices, rankings, evidence)
        else:
            decodings = [Decoding((), (0.0,) * len(x.arcs), {}, 0.0) for x in lattices]
        curly = text.count("’") > text.count("'")
        edits: list[Edit] = []
        for lattice, ranking, decoding in zip(lattices, rankings, decodings, strict=True):
            edits.extend(self._edits(text, lattice, ranking, decoding, evidence, curly))
        if evidence.spin_score < _SURELY_SPUN:
            # A text about spinning quotes what a spun text says.
            edits = [e for e in edits if not _is_mention(text, e)]
        edits = together(edits, garbled)
        applied = [self._is_applied(e, evidence, furniture) for e in edits]
        chosen = tuple(e for e, yes in zip(edits, applied, strict=True) if yes)
        others = tuple(
            e for e, yes in zip(edits, applied, strict=True) if not yes and e.confidence >= least
        )
        covered = {offset for e in chosen for offset in range(e.start, e.end)}
        findings = [
            *(f for f in findings if covered.isdisjoint(range(f.start, f.end))),
            *flags(lattices, rankings, evidence, chosen, protected),
        ]
        return Explanation(
            tuple(split),
            evidence,
            tuple(lattices),
            tuple(rankings),
            tuple(decodings),
            self._restoration(text, chosen, others, findings, evidence),
        )

    def _restoration(
        self,
        text: str,
        edits: tuple[Edit, ...],
        suggestions: tuple[Edit, ...],
        findings: Sequence[Finding],
        evidence: DocumentEvidence,
    ) -> Restoration:
        return Restoration(
            source=text,
            text=apply_edits(text, edits),
            edits=edits,
            suggestions=suggestions,
            findings=tuple(sorted(findings, key=lambda f: (f.start, f.end))),
            spin_score=round(evidence.spin_score, 4),
            spin_rate=round(evidence.spin_rate or 0.0, 4),
            spinner=evidence.spinner,
            spinner_probability=round(evidence.spinner_probability, 4),
            is_spun=evidence.spin_score >= IS_SPUN,
            provenance=self.provenance,
        )

    @property
    def _wants_terms(self) -> bool:
        return EditKind.TORTURED in self.settings.kinds

    def _may_have_terms(self, paragraphs: Sequence[Sequence[str]]) -> bool:
        terms, torn = self._models.terms, self._models.torn
        return terms.may_occur(paragraphs) or (torn is not None and torn.may_occur(paragraphs))

    def use_calibration(self, calibration: Calibration) -> None:
        """Replace the shipped calibration; for fitting one."""
        self._models.calibration = calibration

    @cached_property
    def provenance(self) -> Provenance:
        """What a result depends on besides the text."""
        settings = json.dumps(self.settings.to_dict(), sort_keys=True)
        return Provenance(
            __version__,
            self._models.lexicon_digest,
            self._models.model_digest,
            hashlib.sha256(settings.encode()).hexdigest()[:16],
        )

    def _is_applied(
        self, edit: Edit, evidence: DocumentEvidence, furniture: ProtectedIndex
    ) -> bool:
        if self.settings.min_confidence is not None:
            return edit.confidence >= self.settings.min_confidence
        if edit.confidence < _SURE_OF_FURNITURE and furniture.overlaps(edit.start, edit.end):
            return False
        curve = self._models.calibration.of(edit.kind)
        known = evidence.spinner is not None
        return is_applied(edit, curve, evidence.spin_score, evidence.size, known=known)

    def _garble(
        self, text: str, split: Sequence[Sentence], spans: Sequence[ProtectedSpan]
    ) -> tuple[list[Edit], list[Finding]]:
        spelling = self.settings.kinds & {EditKind.GLUED, EditKind.SPLIT, EditKind.TYPO}
        return garble_edits(
            text,
            split,
            spans,
            self.settings,
            self._models.speller if spelling else None,
            self._models.language_model if spelling else None,
        )

    def _propose(
        self, split: Sequence[Sentence], protected: ProtectedIndex, screening: Screening
    ) -> _Read:
        if not screening.suspicious:
            return evidence_of(screening, 0.0), [], []
        read = self._rank(split, protected, screening)
        score = self._score(screening, read)
        again = self._recognized(screening, score, read)
        if again.spinner != screening.spinner:
            read = self._rank(split, protected, again)
            # Read as its spinner's, a text shows more of its changes; where the screen named
            # another, what that said counts no more.
            new = self._score(again, read)
            score = max(score, new) if again.typical else min(score, new)
        evidence, lattices, rankings = read
        rate = evidence.spin_rate
        if rate is None:
            # What the lexicon does not know, it cannot count.
            rate = share_changed(lattices, rankings)
        size = again.size if score >= _TRUSTED else screening.size
        evidence = replace(evidence, spin_score=score, spin_rate=rate, size=size)
        return evidence, lattices, rankings

    def _score(self, screening: Screening, read: _Read) -> float:
        evidence, lattices, rankings = read
        seen = Reading.of(lattices, rankings, evidence)
        return self._models.verdict.of(screening, seen) if seen.changed else screening.spin_score

    def _recognized(self, screening: Screening, score: float, read: _Read) -> Screening:
        """The screening, or another one if the reading shows that the spinner is another."""
        settings = self.settings
        # Without synonyms nothing is explained; of a text that is not spun it does not matter
        # who did it.
        able = settings.builtin_lexicon and EditKind.SYNONYM in settings.kinds
        if settings.spinner is not None or not able or score < IS_SPUN:
            return screening
        return recognized(screening, *read[1:])

    def _rank(
        self, split: Sequence[Sentence], protected: ProtectedIndex, screening: Screening
    ) -> _Read:
        """The lexicon's lattices, ranked, and the evidence they were ranked by."""
        evidence = evidence_of(screening, 0.0)
        lattices = [
            build_lattice(sentence, self._models.lexicon, protected, self.settings.kinds)
            for sentence in split
            if evidence.active[sentence.paragraph]
        ]
        words = frozenset(token.norm for sentence in split for token in sentence.tokens)
        rate = None
        known = evidence.spinner is not None and self.settings.builtin_lexicon
        if known or self.settings.ranker != "context":
            rate = estimate_rate(lattices, self._models.features, evidence.spinner, words)
        evidence = evidence_of(screening, rate)
        return evidence, lattices, self._models.ranker.rank(lattices, evidence, words)

    def _may_show(self, spin_score: float, least: float) -> bool:
        """Whether an edit of a text with such a score can have the ``least`` confidence."""
        calibration = self._models.calibration
        curves = (calibration, calibration.of(EditKind.OPEN))
        return max(c.confidence(spin_score) for c in curves) >= least

    def _opened(
        self,
        lattices: Sequence[Lattice],
        rankings: list[Ranking],
        evidence: DocumentEvidence,
        protected: ProtectedIndex,
    ) -> tuple[list[Lattice], list[Ranking]]:
        """Lattices and rankings with what the ranker itself proposes."""
        if self.settings.ranker == "context":
            rankings = self._models.context.opened(lattices, rankings, evidence)
        opened = [
            with_opened(lattice, ranking, self._models.lexicon, protected, self.settings.kinds)
            for lattice, ranking in zip(lattices, rankings, strict=True)
        ]
        return [lattice for lattice, _ in opened], [ranking for _, ranking in opened]

    def _decode(
        self,
        lattices: Sequence[Lattice],
        rankings: list[Ranking],
        evidence: DocumentEvidence,
    ) -> tuple[list[Ranking], list[Decoding]]:
        """The decoded lattices and the rankings that were decoded, after a second pass."""
        weight = _MODEL_WEIGHT[self.settings.ranker]
        model = self._models.language_model if weight and lattices else None

        def decoded(ranked: Sequence[Ranking]) -> list[Decoding]:
            return [
                decode(lattice, path_weights(lattice, ranking), model, weight)
                for lattice, ranking in zip(lattices, ranked, strict=True)
            ]

        decodings = decoded(rankings)
        if self.settings.ranker == "context":
            rankings = self._models.reviser.revise(lattices, rankings, decodings, evidence)
            decodings = decoded(rankings)
        return rankings, decodings

    def _edits(
        self,
        text: str,
        lattice: Lattice,
        ranking: Ranking,
        decoding: Decoding,
        evidence: DocumentEvidence,
        curly: bool,
    ) -> list[Edit]:
        if not decoding.path:
            return []
        calibration = self._models.calibration
        # Only what stands on the path and beside it is shown: most arcs are not.
        path = [lattice.arcs[number] for number in decoding.path]
        wanted = {(arc.start, arc.end) for arc in path}
        confidences = {
            number: calibration.of(arc.rule.kind).confidence(p * evidence.spin_score)
            for number, (arc, p) in enumerate(zip(lattice.arcs, decoding.posterior, strict=True))
            if p > 0 and (arc.start, arc.end) in wanted
        }
        edits = path_edits(
            text, lattice, ranking, decoding, confidences, self.settings.alternatives, curly
        )
        return with_articles(text, lattice.sentence.tokens, edits)


def _least_suggestion(evidence: DocumentEvidence, words: int) -> float:
    if evidence.spin_score < _EITHER and words >= LONG:
        return _SUGGESTED_IN_LONG
    return _SUGGESTED if evidence.spin_score >= IS_SPUN else _SUGGESTED_IN_CLEAN


def _is_mention(text: str, edit: Edit) -> bool:
    return edit.kind is EditKind.TORTURED and is_quoted(text, edit.start, edit.end)


def _furniture(findings: Sequence[Finding]) -> ProtectedIndex:
    """Where a page's furniture was left, such as "info image": not the article's text."""
    found = (f for f in findings if f.kind is EditKind.BOILERPLATE)
    return ProtectedIndex([ProtectedSpan(f.start, f.end, "furniture") for f in found])
