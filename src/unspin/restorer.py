"""Holds settings and models and runs the stages in order: the one place that wires them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

from unspin.calibration import Calibration
from unspin.decoder import decode
from unspin.document import SCREEN, Screening, evidence_of, screen, second_opinion
from unspin.edits import apply_edits, path_edits, with_articles
from unspin.garble import garble_edits
from unspin.lattice import build_lattice
from unspin.models import Models
from unspin.protect import ProtectedIndex, protected_spans
from unspin.rate import estimate_rate
from unspin.records import (
    Alternative,
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
    TokenKind,
)
from unspin.settings import Settings
from unspin.tokens import sentences
from unspin.version import __version__
from unspin.weights import path_weights

# A text this likely to be spun is called spun.
IS_SPUN = 0.5
# A word this likely to be changed that no edit restores is reported.
_FLAG = 0.9
# The language model's weight in the decoder, per ranker. Beside the trained
# rankers it is off: with its states a document takes seconds to decode.
_MODEL_WEIGHT = {"context": 0.0, "features": 0.0, "frequency": 0.6}
# In a document that may well be clean only the surest edits are applied.
_SURELY_SPUN = 0.9
_SURE = 0.65
# Readings less likely than this are not worth a suggestion.
_MIN_SUGGESTION = 0.05


class Restorer:
    """Restores texts. Models load when first needed and stay; use one for many texts."""

    def __init__(self, settings: Settings | None = None) -> None:
        """A restorer with these settings, or the default ones.

        Raises:
            SettingsError: for settings that cannot be used.
        """
        self.settings = settings or Settings()
        self._models = Models(self.settings)

    def restore(self, text: str) -> Restoration:
        """The proposed restoration of ``text``.

        Raises:
            DataError: when a lexicon or model file cannot be used.
        """
        return self.explain(text).restoration

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
        split = sentences(text)
        spans = protected_spans(text, split, self.settings)
        protected = ProtectedIndex(spans)
        garbled, findings = self._garble(text, split, spans)
        screening = screen(
            split, self._models.spinners, self.settings.spin_prior, self.settings.spinner
        )
        evidence, lattices, rankings = self._propose(split, protected, screening)
        decodings = self._decode(lattices, rankings)
        curly = text.count("’") > text.count("'")
        edits: list[Edit] = []
        for lattice, ranking, decoding in zip(lattices, rankings, decodings, strict=True):
            edits.extend(self._edits(text, lattice, ranking, decoding, evidence, curly))
        edits = _together(edits, garbled)
        threshold = self._threshold()
        if self.settings.min_confidence is None and evidence.spin_score < _SURELY_SPUN:
            threshold = max(threshold, _SURE)
        chosen = tuple(e for e in edits if e.confidence >= threshold)
        others = tuple(e for e in edits if _MIN_SUGGESTION <= e.confidence < threshold)
        findings = [*findings, *_flags(lattices, rankings, evidence, chosen, protected)]
        restoration = Restoration(
            source=text,
            text=apply_edits(text, chosen),
            edits=chosen,
            suggestions=others,
            findings=tuple(sorted(findings, key=lambda f: (f.start, f.end))),
            spin_score=round(evidence.spin_score, 4),
            spin_rate=round(evidence.spin_rate, 4),
            spinner=evidence.spinner,
            spinner_probability=round(evidence.spinner_probability, 4),
            is_spun=evidence.spin_score >= IS_SPUN,
            provenance=self.provenance,
        )
        return Explanation(
            tuple(split),
            evidence,
            tuple(lattices),
            tuple(rankings),
            tuple(decodings),
            restoration,
        )

    def use_calibration(self, calibration: Calibration) -> None:
        """Replace the shipped calibration; for fitting one."""
        self._models.calibration = calibration

    @property
    def provenance(self) -> Provenance:
        """What a result depends on besides the text."""
        settings = json.dumps(self.settings.to_dict(), sort_keys=True)
        return Provenance(
            __version__,
            self._models.lexicon_digest,
            self._models.model_digest,
            hashlib.sha256(settings.encode()).hexdigest()[:16],
        )

    def _threshold(self) -> float:
        asked = self.settings.min_confidence
        return self._models.calibration.threshold if asked is None else asked

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
    ) -> tuple[DocumentEvidence, list[Lattice], list[Ranking]]:
        evidence = evidence_of(screening, 0.0)
        if screening.spin_score < SCREEN:
            return evidence, [], []
        lexicon = self._models.lexicon
        lattices = [
            build_lattice(sentence, lexicon, protected, self.settings.kinds)
            for sentence in split
            if evidence.active[sentence.paragraph]
        ]
        words = frozenset(token.norm for sentence in split for token in sentence.tokens)
        rate = estimate_rate(lattices, self._models.features, evidence.spinner, words)
        evidence = evidence_of(screening, rate)
        rankings = self._models.ranker.rank(lattices, evidence, words)
        changed = [
            p
            for lattice, ranking in zip(lattices, rankings, strict=True)
            for token, p in zip(lattice.sentence.tokens, ranking.changed or (), strict=False)
            if token.kind is TokenKind.WORD
        ]
        score = second_opinion(evidence.spin_score, changed)
        return replace(evidence, spin_score=score), lattices, rankings

    def _decode(self, lattices: Sequence[Lattice], rankings: Sequence[Ranking]) -> list[Decoding]:
        weight = _MODEL_WEIGHT[self.settings.ranker]
        model = self._models.language_model if weight and lattices else None
        return [
            decode(lattice, path_weights(lattice, ranking), model, weight)
            for lattice, ranking in zip(lattices, rankings, strict=True)
        ]

    def _edits(
        self,
        text: str,
        lattice: Lattice,
        ranking: Ranking,
        decoding: Decoding,
        evidence: DocumentEvidence,
        curly: bool,
    ) -> list[Edit]:
        calibration = self._models.calibration
        confidences = {
            number: calibration.confidence(p * evidence.spin_score)
            for number, p in enumerate(decoding.posterior)
            if p > 0
        }
        if not decoding.path:
            return []
        edits = path_edits(
            text, lattice, ranking, decoding, confidences, self.settings.alternatives, curly
        )
        return with_articles(text, lattice.sentence.tokens, edits)


def _together(edits: list[Edit], garbled: list[Edit]) -> list[Edit]:
    """Both kinds in order; where they overlap, the surer one stays."""
    chosen = sorted([*edits, *garbled], key=lambda e: (e.start, e.end))
    result: list[Edit] = []
    for edit in chosen:
        while result and result[-1].end > edit.start:
            if result[-1].confidence >= edit.confidence:
                break
            result.pop()
        else:
            result.append(edit)
    return result


def _flags(
    lattices: Sequence[Lattice],
    rankings: Sequence[Ranking],
    evidence: DocumentEvidence,
    edits: Sequence[Edit],
    protected: ProtectedIndex,
) -> list[Finding]:
    """Words that look changed, in a spun text, and that no edit restores."""
    covered = {offset for e in edits for offset in range(e.start, e.end)}
    found = []
    for lattice, ranking in zip(lattices, rankings, strict=True):
        if ranking.changed is None:
            continue
        for number, (token, p) in enumerate(
            zip(lattice.sentence.tokens, ranking.changed, strict=True)
        ):
            probability = p * evidence.spin_score
            if probability < _FLAG or token.kind is not TokenKind.WORD or token.start in covered:
                continue
            if protected.overlaps(token.start, token.end):
                continue
            readings = sorted(
                (-odds, arc.rule.original)
                for arc, odds in zip(lattice.arcs, ranking.log_odds, strict=True)
                if arc.start == number and arc.end == number + 1
            )
            found.append(
                Finding(
                    token.start,
                    token.end,
                    token.surface,
                    EditKind.OPEN,
                    round(probability, 4),
                    tuple(Alternative(original, 0.0) for _, original in readings[:4]),
                )
            )
    return found
