"""Words that no lexicon row knows: candidates, their odds, and what becomes of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import unspin
from unspin.lattice import build_lattice, with_opened
from unspin.lexicon import SpinLexicon
from unspin.models import Models
from unspin.protect import ProtectedIndex
from unspin.rank.fluency import fluency
from unspin.rank.open_vocabulary import OpenVocabulary, _odds, _prefix
from unspin.records import Arc, EditKind, ProtectedSpan, Ranking, Rule
from unspin.settings import DEFAULT_KINDS, Settings
from unspin.tokens import sentences

LEXICON = SpinLexicon({}, "")
SEED = Path(__file__).parents[1] / "seeds" / "000_a26bbb09311a0bb2.txt"
TEXT = "They bought a big house near the sea."


class Bigrams:
    """A model of a few word pairs; everything else is equally unlikely."""

    pairs = frozenset({("a", "big"), ("big", "house"), ("a", "large")})

    def initial_state(self) -> str:
        return ""

    def step(self, state: str, word: str) -> tuple[str, float]:
        return word, -1.0 if (state, word) in self.pairs else -5.0

    def log_probs(self, state: str, words: Sequence[str]) -> list[float]:
        return [self.step(a, b)[1] for a, b in pairwise([state, *words])]


def test_fluency_compares_with_what_stands_there() -> None:
    words = "they bought a big house".split()
    kept, large, nothing = fluency(Bigrams(), words, 3, 4, ["big", "large", ""])
    assert kept == 0.0
    assert large == -4.0  # "large house" is no known pair
    assert nothing == (-5.0) - (-1.0 - 1.0)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_without_other_arcs_the_odds_are_those_of_the_change(p: float) -> None:
    assert _odds(p, 0.0, 0.0) == pytest.approx(p / (1 - p))


@pytest.mark.parametrize(("longer", "taken"), [(0.0, 1.0), (0.3, 0.2), (0.6, 0.0)])
def test_the_parts_of_a_change_add_up(longer: float, taken: float) -> None:
    changed = 0.8
    rest = _odds(changed, longer, taken)
    total = 1 + taken + rest
    assert longer + (1 - longer) * (taken + rest) / total == pytest.approx(changed)


def test_what_the_lexicon_explains_leaves_nothing() -> None:
    assert _odds(0.5, 0.9, 0.0) == 0.0
    assert _odds(0.5, 0.0, 9.0) == 0.0


@pytest.fixture(scope="module")
def source() -> OpenVocabulary:
    return Models(Settings()).context.open_vocabulary


def test_shares_are_probabilities_with_something_left(source: OpenVocabulary) -> None:
    words = TEXT.lower().rstrip(".").split()
    queries = np.zeros((len(words), 128), np.float32)
    (choice,) = source.choices(words, [3], queries, {})
    shares = source.shares(choice)
    assert "large" in choice.texts
    assert "big" not in choice.texts
    assert 0 < shares.sum() < 1
    assert (shares >= 0).all()


def test_what_a_text_says_elsewhere_is_likelier(source: OpenVocabulary) -> None:
    words = TEXT.lower().rstrip(".").split()
    queries = np.zeros((len(words), 128), np.float32)
    shares = []
    for counts in ({}, {"large": 4}):
        (choice,) = source.choices(words, [3], queries, counts)
        shares.append(source.shares(choice)[choice.texts.index("large")])
    assert shares[1] > 1.5 * shares[0]


@pytest.mark.parametrize(
    ("one", "other", "length"),
    [
        ("analysis", "analyses", 6),
        ("big", "large", 0),
        ("big", "bigger", 3),
        ("a" * 20, "a" * 9, 8),
    ],
)
def test_beginnings_in_common(one: str, other: str, length: int) -> None:
    assert _prefix(one, other) == length


PHRASE = "They hang on to it."


def test_phrases_that_the_thesaurus_lists_are_looked_up_where_all_words_may_be_changed(
    source: OpenVocabulary,
) -> None:
    (sentence,) = sentences(PHRASE)
    queries = np.zeros((len(sentence.tokens), 128), np.float32)
    found = {
        (start, end): choice
        for start, end, choice in source.phrases(
            sentence.tokens, (0.01, 0.9, 0.8, 0.9, 0.01, 0.0), queries
        )
    }
    assert (1, 4) in found
    assert all(1 <= start < end <= 4 for start, end in found)
    choice = found[1, 4]
    assert "keep" in choice.texts
    assert 0 < source.shares(choice).sum() < 1
    doubtful = source.phrases(sentence.tokens, (0.9, 0.9, 0.01, 0.9, 0.9, 0.0), queries)
    assert (1, 4) not in {(start, end) for start, end, _ in doubtful}


@pytest.mark.parametrize("familiar", [True, False])
def test_phrases_of_a_familiar_spinner_are_the_lexicon_s(
    source: OpenVocabulary, familiar: bool
) -> None:
    (sentence,) = sentences(PHRASE)
    lattice = build_lattice(sentence, LEXICON, ProtectedIndex(()), DEFAULT_KINDS)
    queries = np.zeros((len(sentence.tokens), 128), np.float32)
    ranking = Ranking((), {}, (0.01, 0.95, 0.95, 0.95, 0.01, 0.0), queries=queries)
    ((arcs, unknown),) = source.proposals([lattice], [ranking], {}, familiar)
    phrases = [(arc.rule.spun, arc.rule.original) for arc, _ in arcs if arc.end - arc.start > 1]
    assert (("hang on to", "keep") in phrases) is not familiar
    assert ((1, 4) in unknown) is not familiar
    assert all(math.isfinite(odds) for _, odds in arcs)


def test_sentences_get_the_same_proposals_together_as_alone(source: OpenVocabulary) -> None:
    text = " ".join([TEXT, PHRASE, "No.", *["A tiny dog ran to the big old house."] * 6])
    lattices, rankings = [], []
    rng = np.random.default_rng(1)
    for sentence in sentences(text):
        size = len(sentence.tokens)
        lattices.append(build_lattice(sentence, LEXICON, ProtectedIndex(()), DEFAULT_KINDS))
        queries = rng.normal(size=(size, 128)).astype(np.float32)
        # In the shortest sentence nothing is worth a look.
        changed = (0.01 if size == 2 else 0.8,) * size
        rankings.append(Ranking((), {}, changed, queries=queries))
    together = source.proposals(lattices, rankings, {}, familiar=True)
    asked = sum(len(found.unknown) for found in together)
    assert asked > 32  # more than are answered at once
    for lattice, ranking, found in zip(lattices, rankings, together, strict=True):
        (alone,) = source.proposals([lattice], [ranking], {}, familiar=True)
        assert [arc for arc, _ in found.arcs] == [arc for arc, _ in alone.arcs]
        assert [x for _, x in found.arcs] == pytest.approx([x for _, x in alone.arcs], abs=1e-4)
        assert found.unknown == pytest.approx(alone.unknown, abs=1e-4)
    assert source.proposals([], [], {}, familiar=True) == []


@pytest.mark.parametrize(("one", "other"), [((0.9, 0.9), (0.9, 0.2)), ((0.9,) * 3, (0.9,) * 2)])
def test_surer_and_more_words_were_rather_changed_as_one(
    source: OpenVocabulary, one: tuple[float, ...], other: tuple[float, ...]
) -> None:
    weights = source._weights.together
    assert weights @ source.together(one) > weights @ source.together(other)


def _opened(words: Sequence[str]) -> tuple[tuple[Arc, float], ...]:
    rule = Rule("big", "large", -1.0, EditKind.OPEN, (), "test")
    return tuple((Arc(3, 4, rule._replace(original=word)), 1.0) for word in words)


def test_opened_arcs_join_the_lattice_in_order() -> None:
    (sentence,) = sentences(TEXT)
    lattice = build_lattice(sentence, LEXICON, ProtectedIndex(()), DEFAULT_KINDS)
    ranking = Ranking((), {}, None, _opened(["large", "huge"]), {(3, 4): -2.0})
    joined, ranked = with_opened(lattice, ranking, LEXICON, ProtectedIndex(()), DEFAULT_KINDS)
    assert [arc.rule.original for arc in joined.arcs] == ["large", "huge"]
    assert ranked.log_odds == (1.0, 1.0)
    assert ranked.unknown == {(3, 4): -2.0}


@pytest.mark.parametrize("reason", ["kind", "protected", "forbidden"])
def test_opened_arcs_can_be_refused(reason: str) -> None:
    (sentence,) = sentences(TEXT)
    start = TEXT.index("big")
    spans = [ProtectedSpan(start, start + 3, "test")] if reason == "protected" else []
    kinds = DEFAULT_KINDS - {EditKind.OPEN} if reason == "kind" else DEFAULT_KINDS
    never = frozenset({("big", "large")} if reason == "forbidden" else ())
    lattice = build_lattice(sentence, LEXICON, ProtectedIndex(()), DEFAULT_KINDS)
    ranking = Ranking((), {}, None, _opened(["large"]), {(3, 4): -2.0})
    joined, ranked = with_opened(
        lattice, ranking, SpinLexicon({}, "", never), ProtectedIndex(spans), kinds
    )
    assert joined.arcs == ()
    assert ranked.unknown == {}


def test_open_edits_say_where_they_come_from() -> None:
    seed = SEED.read_text(encoding="utf-8")
    found = unspin.restore(seed, Settings(builtin_lexicon=False, min_confidence=0.3))
    opened = [e for e in found.edits if e.kind is EditKind.OPEN]
    assert opened
    for edit in opened:
        assert edit.evidence.source == "guess" or ":" in edit.evidence.source
        assert edit.evidence.ranker is not None
        assert math.isfinite(edit.evidence.ranker)
    assert all(e.kind in (EditKind.OPEN, EditKind.DOUBLED) for e in found.edits)


def test_scores_compare_as_the_guesses_do() -> None:
    guesser = Models(Settings()).context.guesser
    query = np.random.default_rng(2).normal(size=(1, 128)).astype(np.float32)
    table, norms = guesser.log_probabilities(query)
    listed, rare = ["house", "big", "the"], ["zeugma", "apophthegm"]
    expected = [
        *(table[0, guesser.number[word]] for word in listed),
        *guesser.outside(query[0], norms[0], rare),
    ]
    found = guesser.scores(np.repeat(query, 5, 0), [*listed, *rare])
    assert found - norms[0] == pytest.approx(np.array(expected), abs=1e-4)
    assert len(guesser.scores(query[:0], [])) == 0
