"""Torn terms that no list has are put right or pointed at; what authors write stays."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import unspin
from test_terms import CLEAN
from unspin.composition import Composition
from unspin.document import logit
from unspin.errors import DataError
from unspin.protect import ProtectedIndex
from unspin.records import EditKind, Sentence
from unspin.tokens import paragraph_norms, sentences
from unspin.torn import (
    CODE_BITS,
    FEATURES,
    LEAST,
    LEAST_LOOK,
    TornTerms,
    pair_code,
    read_again,
    rivals,
    with_changed,
)


@pytest.fixture(scope="module")
def restorer() -> unspin.Restorer:
    return unspin.Restorer()


@pytest.fixture(scope="module")
def torn(restorer: unspin.Restorer) -> TornTerms:
    assert restorer._models.torn is not None
    return restorer._models.torn


@pytest.mark.parametrize(
    ("phrase", "term"),
    [
        ("spectral bunching", "spectral clustering"),
        ("coronary corridor sickness", "coronary artery disease"),
        ("an underground creepy crawly province", "an ant colony"),
        ("Prescient Upkeep", "Predictive Maintenance"),
    ],
)
def test_a_term_is_composed_in_a_clean_text(
    restorer: unspin.Restorer, phrase: str, term: str
) -> None:
    found = restorer.restore(CLEAN.format(phrase))
    assert found.text == CLEAN.format(term)
    (edit,) = found.edits
    assert edit.kind is EditKind.TORTURED
    assert edit.evidence.source == "composed"


@pytest.mark.parametrize(
    "phrase",
    [
        "deep neural networks",
        "angular momentum",
        "the main objective",
        "a multinational firm",
    ],
)
def test_what_authors_write_stays(restorer: unspin.Restorer, phrase: str) -> None:
    found = restorer.restore(CLEAN.format(phrase))
    assert found.edits == found.suggestions == found.findings == ()


def test_a_quoted_term_stays(restorer: unspin.Restorer) -> None:
    text = CLEAN.format("what it calls “spectral bunching”")
    assert restorer.restore(text).text == text


def test_every_mark_is_likely_and_overlaps_none(torn: TornTerms) -> None:
    text = CLEAN.format("spectral bunching and coronary corridor sickness")
    (norms,) = paragraph_norms(text)
    marks = torn.likely(norms)
    assert len(marks) > 1
    assert all(odds >= logit(LEAST_LOOK) for _, odds in marks)
    spans = sorted({(c.start, c.end) for c, _ in marks})
    assert all(one[1] <= other[0] for one, other in pairwise(spans))


def test_what_is_less_likely_is_pointed_at(restorer: unspin.Restorer) -> None:
    text = CLEAN.format("the medical treatise")
    found = restorer.restore(text)
    assert found.text == text
    (finding,) = found.findings
    assert text[finding.start : finding.end] == "medical treatise"
    assert finding.alternatives[0].text == "medical article"
    assert LEAST <= finding.probability < 0.35


def test_the_encoder_reads_the_sentences_that_hold_a_term_and_no_others() -> None:
    split = sentences("It is fine. We saw an irregular timberland. All of it. A slope plunge too.")
    norms = [token.norm for sentence in split for token in sentence.tokens]

    def composed(words: str) -> Composition:
        start = norms.index(words.split()[0])
        return Composition(start, start + 2, words, 0, tuple(words.split()), 1.0, 2, 2, 0)

    forest, descent = composed("irregular timberland"), composed("slope plunge")
    asked = []

    def look(seen: Sequence[Sentence]) -> list[float]:
        asked.extend(seen)
        words = [token.norm for sentence in seen for token in sentence.tokens]
        return [{"timberland": 0.9, "slope": 0.2}.get(word, 0.0) for word in words]

    found = read_again(split, [(descent, 0.5), (forest, 0.0)], look)
    assert asked == [split[1], split[3]]
    assert found == [(forest, with_changed(0.0, 0.9)), (descent, with_changed(0.5, 0.2))]
    assert with_changed(0.0, 0.9) > with_changed(0.0, 0.2) > with_changed(0.0, 0.0)
    assert with_changed(0.0, 1.0) < 5


def test_without_an_encoder_the_trees_decide_alone() -> None:
    restorer = unspin.Restorer(unspin.Settings(ranker="features"))
    found = restorer.restore(CLEAN.format("spectral bunching"))
    assert found.text == CLEAN.format("spectral clustering")
    assert "context" not in restorer._models.__dict__


def test_a_long_text_of_torn_terms_takes_time_in_proportion(torn: TornTerms) -> None:
    norms = "spectral bunching and slope plunge with".split()
    marks = torn.likely(norms * 2000)
    assert len({c.start for c, _ in marks}) == 4000


def test_a_long_line_of_torn_terms_is_bounded(restorer: unspin.Restorer) -> None:
    """Marks in a line of 200,000 code points: no slice of the line for each."""
    assert restorer._models.torn is not None
    text = "They tried spectral bunching, and then again. " * 4000
    split = sentences(text)
    started = time.process_time()
    edits, _ = restorer._models.torn.marks(text, split, ProtectedIndex(()))
    assert len(edits) == 4000
    assert time.process_time() - started < 30


def test_pairs_that_authors_write_are_passed_over(torn: TornTerms) -> None:
    norms = "the spectral bunching of today".split()
    (composition, _), *_ = torn.likely(norms)
    bits = bytearray(1 << CODE_BITS - 3)
    code = pair_code("spectral", "bunching")
    bits[code >> 3] |= 1 << (code & 7)
    other = TornTerms(torn._composer, torn._models, torn._trees, bytes(bits))
    assert other.is_written(norms, composition)
    assert not other.likely(norms)


def test_rivals_are_counted_and_the_cheapest_other_named() -> None:
    costs = [((0, 2), 1.0), ((0, 2), 2.0), ((1, 3), 0.5), ((0, 2), 1.5)]
    found = [Composition(*span, f"t {n}", 0, (), c, 1, 2, 0) for n, (span, c) in enumerate(costs)]
    assert [among for _, among in rivals(found)] == [(3, 1.5), (3, 1.0), (1, 30.0), (3, 1.0)]


def test_trees_judge_many_rows_as_they_judge_each(torn: TornTerms) -> None:
    rows = np.random.default_rng(1).normal(0, 3, (1100, FEATURES))
    apart = [float(torn._trees.log_odds(rows[n : n + 1])[0]) for n in range(0, 1100, 97)]
    assert torn._trees.log_odds(rows)[::97].tolist() == pytest.approx(apart)
    assert torn._trees.log_odds(rows[:0]).tolist() == []


def test_off_without_the_shipped_lexicons_and_with_its_kind() -> None:
    text = CLEAN.format("spectral bunching")
    for settings in (
        unspin.Settings(builtin_lexicon=False),
        unspin.Settings(kinds=frozenset({EditKind.GLUED})),
    ):
        found = unspin.Restorer(settings).restore(text)
        assert found.text == text
        assert found.findings == ()


def test_a_damaged_model_is_named(tmp_path: Path, torn: TornTerms) -> None:
    path = tmp_path / "torn.npz"
    for content in (b"", b"not an archive"):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"torn\.npz"):
            TornTerms.read(path, torn._composer, torn._models)
    np.savez(path, trees=np.full((1, 1, 5), 99, np.float32), offset=0.0, written=[])
    with pytest.raises(DataError, match=r"torn\.npz"):
        TornTerms.read(path, torn._composer, torn._models)


def test_what_was_found_in_a_text_is_not_looked_for_again(
    restorer: unspin.Restorer, torn: TornTerms, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "We trained an irregular timberland.\n\nIt is fine.\n\nIt is an irregular timberland."
    expected = restorer.restore(text)
    asked = []
    likely = TornTerms.likely

    def watched(self: TornTerms, norms: Sequence[str]) -> list[tuple[Composition, float]]:
        asked.append(" ".join(norms))
        return likely(self, norms)

    monkeypatch.setattr(TornTerms, "likely", watched)
    assert restorer.restore(text) == expected
    assert len(asked) == len(set(asked)) == 3
    assert torn.may_occur([["it", "is", "fine"], ["an", "irregular", "timberland"]])
    assert not torn.may_occur([["it", "is", "fine"]])
