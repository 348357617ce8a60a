"""Proposals for words that no lexicon row knows: the next spinner's work.

Candidates come from the thesaurus and from the encoder's own guesses. A
candidate's probability, given that the word was changed, is a softmax over all
of them of

    a * log P(guess) + b * log P(thesaurus) + [in the thesaurus] * c + d * fluency + ...

(``WEIGHTS`` names them all; fluency: by how much a trigram model prefers it, in its
place, to the word that stands there) against a constant for "something else" (weights
fitted by ``python -m unspin.learn.open_vocabulary`` on simulated text). Its odds against
"keep" are that times what P(changed) leaves when the lexicon's own candidates
have taken theirs, over P(keep).
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unspin.frequencies import zipf
from unspin.rank.fluency import WordModel, fluency
from unspin.rank.guessed import queries_of
from unspin.rank.guesses import Guess, Guesser
from unspin.records import Arc, EditKind, Lattice, Ranking, Rule, Token, TokenKind
from unspin.thesaurus import MAX_WORDS, Candidate, Thesaurus

Floats = NDArray[np.float32]

# Words with lower odds of a change are not worth the look-up: of a spinner that the
# encoder knows, and of others, whose changes it often doubts.
MIN_ODDS, MIN_ODDS_UNFAMILIAR = 0.25, 0.08
_SYNONYMS = 60
# Candidates less likely than this, given a change, are dropped.
_MIN_SHARE = 0.01
# The thesaurus' log prior of a word it does not list.
_UNLISTED = -9.0
_EDGE = 1e-4
_MAX = 30.0


# Of a word's candidate: log P(guess) and P(thesaurus), 1 where the thesaurus lists it, fluency;
# how much commoner it is than the word (Zipf) and how common that is; the log of one more than
# it occurs in the text; the cosine of their vectors; letters they begin with in common.
WEIGHTS = (
    *("guess", "synonym", "listed", "fluency", "commoner", "common", "count", "alike", "prefix"),
    "other",
)
_LONGEST_PREFIX = 8
PHRASE_WEIGHTS = ("guess", "synonym", "fluency", "other")
TOGETHER = ("changed", "words", "constant")


@dataclass(frozen=True, slots=True)
class Weights:
    """The fitted weights: of the softmax over a word's candidates, as ``WEIGHTS``, of that over
    a phrase's, as ``PHRASE_WEIGHTS``, and of whether it was one, as ``TOGETHER``.
    """

    word: NDArray[np.float64]
    phrase: NDArray[np.float64]
    together: NDArray[np.float64]

    @classmethod
    def read(cls, path: Path) -> Weights:
        """The weights in a manifest's ``open_vocabulary`` entry."""
        entry: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["open_vocabulary"]
        kinds = (("word", WEIGHTS), ("phrase", PHRASE_WEIGHTS), ("together", TOGETHER))
        return cls(
            *(np.array([float(entry[kind][name]) for name in names]) for kind, names in kinds)
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """The candidates of a word, or of a phrase as one: texts, features, where from.

    ``features`` are (candidates, weights), but for the last weight.
    """

    texts: list[str]
    features: Floats
    sources: list[str]
    is_phrase: bool = False


class Proposals(NamedTuple):
    """New arcs of a lattice with their log odds (nats), and the log odds left for the unknown."""

    arcs: tuple[tuple[Arc, float], ...]
    unknown: dict[tuple[int, int], float]


class _Plan(NamedTuple):
    """The odds of the words to be asked about, what the lexicon knows of words, and phrases."""

    odds: dict[int, float]
    known: dict[int, dict[str, float]]
    phrases: list[tuple[Arc, float]]
    unknown: dict[tuple[int, int], float]


class OpenVocabulary:
    """Thesaurus, guesser and trigram model joined to one source of arcs."""

    def __init__(
        self, thesaurus: Thesaurus, guesser: Guesser, model: WordModel, weights: Weights
    ) -> None:
        self._thesaurus = thesaurus
        self._guesser = guesser
        self._model = model
        self._weights = weights

    def choices(
        self,
        norms: Sequence[str],
        asked: Sequence[int],
        queries: Floats,
        counts: Mapping[str, int],
        guesses: Iterable[Guess] | None = None,
    ) -> Iterator[Choice]:
        """The candidates of each of the words ``asked`` of a sentence.

        ``queries`` (tokens, 128) are the guess vectors of all of its tokens, ``counts``
        how often the text has a word, ``guesses`` the encoder's for the words asked, and for
        what will be asked next.
        """
        guesses = self._guesser.each(queries[asked]) if guesses is None else guesses
        for n, guess in zip(asked, guesses, strict=False):
            choice = self._choice(norms[n], queries[n], guess)
            choice.features[:, 3] = fluency(self._model, norms, n, n + 1, choice.texts)
            choice.features[:, 4:] = self._of_words(norms[n], choice.texts, counts)
            yield choice

    def _of_words(self, word: str, texts: Sequence[str], counts: Mapping[str, int]) -> Floats:
        """(candidates, 5): what the words themselves say, the features from "commoner" on."""
        vectors = self._guesser.vectors([word, *texts])
        common = zipf(word)
        prefixes = [_prefix(word, text) for text in texts]
        return np.stack(
            [
                np.array([zipf(text) - common for text in texts], np.float32),
                np.full(len(texts), common, np.float32),
                np.log1p(np.array([counts.get(text, 0) for text in texts], np.float32)),
                vectors[1:] @ vectors[0],
                np.array(prefixes, np.float32),
            ],
            1,
        )

    def _choice(self, word: str, query: Floats, guessed: Guess) -> Choice:
        guesser = self._guesser
        row, norm, best = guessed
        listed: dict[str, Candidate] = {
            c.text: c for c in self._thesaurus.candidates(word, _SYNONYMS)
        }
        texts = list(listed)
        texts += [t for t in (guesser.words[n] for n in best.tolist()) if t not in listed]
        texts = [t for t in texts if t != word and len(t) > 1]
        guess = np.zeros(len(texts), np.float32)
        missing = [n for n, t in enumerate(texts) if t not in guesser.number]
        for n, text in enumerate(texts):
            if text in guesser.number:
                guess[n] = row[guesser.number[text]]
        if missing:
            guess[missing] = guesser.outside(query, norm, [texts[n] for n in missing])
        found = [listed.get(t) for t in texts]
        features = np.zeros((len(texts), len(WEIGHTS) - 1), np.float32)
        features[:, 0] = guess
        features[:, 1] = [_UNLISTED if c is None else c.log_prior for c in found]
        features[:, 2] = [c is not None for c in found]
        return Choice(texts, features, ["guess" if c is None else c.sources for c in found])

    def phrases(
        self, tokens: Sequence[Token], changed: Sequence[float], queries: Floats
    ) -> Iterator[tuple[int, int, Choice]]:
        """(start, end, candidates) of neighbouring words that may have been changed as one."""
        norms = [token.norm for token in tokens]
        likely = [
            token.kind is TokenKind.WORD and p > MIN_ODDS_UNFAMILIAR * (1 - p)
            for token, p in zip(tokens, changed, strict=True)
        ]
        for start, end in _spans(likely):
            listed = self._thesaurus.candidates(" ".join(norms[start:end]), _SYNONYMS)
            if listed:
                ends = queries[[start, end - 1]]
                yield start, end, self._phrase_choice(norms, start, end, listed, ends)

    def _phrase_choice(
        self,
        norms: Sequence[str],
        start: int,
        end: int,
        listed: Sequence[Candidate],
        ends: Floats,
    ) -> Choice:
        guesser = self._guesser
        texts = [c.text for c in listed]
        table, scales = guesser.log_probabilities(ends)
        numbers = [guesser.number.get(text) for text in texts]
        guess = np.array([0.0 if n is None else table[:, n].mean() for n in numbers])
        missing = [at for at, n in enumerate(numbers) if n is None]
        if missing:
            rare = [texts[at] for at in missing]
            guess[missing] = np.mean(
                [guesser.outside(q, s, rare) for q, s in zip(ends, scales.tolist(), strict=True)],
                axis=0,
            )
        features = np.zeros((len(texts), len(PHRASE_WEIGHTS) - 1), np.float32)
        features[:, 0] = guess
        features[:, 1] = [c.log_prior for c in listed]
        features[:, 2] = fluency(self._model, norms, start, end, texts)
        return Choice(texts, features, [c.sources for c in listed], is_phrase=True)

    def shares(self, choice: Choice) -> Floats:
        """Each candidate's probability given that the word, or the phrase as one, was changed."""
        *weights, other = self._weights.phrase if choice.is_phrase else self._weights.word
        logits = choice.features @ np.array(weights)
        top = float(logits.max(initial=other))
        odds = np.exp(logits - top)
        result: Floats = odds / (odds.sum() + math.exp(other - top))
        return result

    def proposals(
        self,
        lattices: Sequence[Lattice],
        rankings: Sequence[Ranking],
        counts: Mapping[str, int],
        familiar: bool,
    ) -> list[Proposals]:
        """New arcs of each lattice of a text.

        ``rankings`` have P(changed) and guess vectors (``queries``) of their tokens, ``counts``
        how often the text has a word. A ``familiar`` spinner's changes that are none of the
        lexicon's have been weighed by the ranker already.
        """
        plans = [self._plan(*x, familiar) for x in zip(lattices, rankings, strict=True)]
        queries = [queries_of(ranking) for ranking in rankings]
        asked = [q[list(plan.odds)] for q, plan in zip(queries, plans, strict=True)]
        guesses = self._guesser.each(
            np.concatenate(asked) if asked else np.zeros((0, 0), np.float32)
        )
        result = []
        for lattice, plan, query in zip(lattices, plans, queries, strict=True):
            tokens = lattice.sentence.tokens
            norms, words = [token.norm for token in tokens], list(plan.odds)
            found, unknown = list(plan.phrases), dict(plan.unknown)
            choices = self.choices(norms, words, query, counts, guesses)
            for n, choice in zip(words, choices, strict=True):
                arcs, unknown[n, n + 1] = self._arcs(
                    tokens, n, n + 1, choice, plan.odds[n], plan.known.get(n, ())
                )
                found += arcs
            result.append(Proposals(tuple(found), unknown))
        return result

    def _plan(self, lattice: Lattice, ranking: Ranking, familiar: bool) -> _Plan:
        """What is to be asked about a sentence, and what its phrases may stand for."""
        known, longer = _taken(lattice, ranking)
        found: list[tuple[Arc, float]] = []
        unknown: dict[tuple[int, int], float] = {}
        tokens, changed = lattice.sentence.tokens, ranking.changed or ()
        if not familiar:
            taken = {(arc.start, arc.end) for arc in lattice.arcs}
            for start, end, choice in self.phrases(tokens, changed, queries_of(ranking)):
                if (start, end) not in taken:
                    odds = math.exp(self._weights.together @ self.together(changed[start:end]))
                    arcs, unknown[start, end] = self._arcs(tokens, start, end, choice, odds, ())
                    found += arcs
                    for n in range(start, end):
                        longer[n] = max(longer.get(n, 0.0), odds / (1 + odds))
        # Per word the odds that it was changed from something no arc knows.
        odds_of = {
            n: min(
                _odds(p, longer.get(n, 0.0), sum(known.get(n, {}).values())),
                math.exp(ranking.unknown.get((n, n + 1), _MAX) if familiar else _MAX),
            )
            for n, (token, p) in enumerate(zip(tokens, changed, strict=True))
            if token.kind is TokenKind.WORD and len(token.norm) > 1
        }
        least = MIN_ODDS if familiar else MIN_ODDS_UNFAMILIAR
        return _Plan({n: x for n, x in odds_of.items() if x >= least}, known, found, unknown)

    def _arcs(
        self,
        tokens: Sequence[Token],
        start: int,
        end: int,
        choice: Choice,
        odds: float,
        known: Collection[str],
    ) -> tuple[list[tuple[Arc, float]], float]:
        """The arcs of words that were changed with these ``odds``, but for ``known`` ones.

        With their log odds, and the log odds left for others.
        """
        spun = " ".join(token.norm for token in tokens[start:end])
        shares = self.shares(choice)
        found: list[tuple[Arc, float]] = []
        used = 0.0
        for number in np.argsort(-shares).tolist():
            text, share = choice.texts[number], float(shares[number])
            if share < _MIN_SHARE:
                break
            if text in known:
                continue
            log_prior, source = float(choice.features[number, 1]), choice.sources[number]
            rule = Rule(spun, text, log_prior, EditKind.OPEN, (), source)
            found.append((Arc(start, end, rule), math.log(odds * share)))
            used += share
        return found, math.log(max(odds * (1 - used), _EDGE))

    @staticmethod
    def together(changed: Sequence[float]) -> tuple[float, ...]:
        """What is known of whether words were changed as one, as ``TOGETHER`` names it."""
        least = min(max(min(changed), _EDGE), 1 - _EDGE)
        return math.log(least / (1 - least)), float(len(changed)), 1.0


def _prefix(word: str, other: str) -> int:
    """How many letters both begin with, ``_LONGEST_PREFIX`` at most."""
    common = 0
    for a, b in zip(word[:_LONGEST_PREFIX], other, strict=False):
        if a != b:
            break
        common += 1
    return common


def _spans(likely: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """The (start, end) of neighbouring words, all of them likely, as many as are looked up."""
    for start in range(len(likely)):
        for end in range(start + 1, min(start + MAX_WORDS, len(likely)) + 1):
            if not likely[end - 1]:
                break
            if end - start > 1:
                yield start, end


def _taken(
    lattice: Lattice, ranking: Ranking
) -> tuple[dict[int, dict[str, float]], dict[int, float]]:
    """Per word its own arcs' odds against keep, and P(a longer arc that covers it)."""
    own: dict[int, dict[str, float]] = {}
    total: dict[tuple[int, int], float] = {}
    for arc, log_odds in zip(lattice.arcs, ranking.log_odds, strict=True):
        odds = math.exp(min(log_odds, _MAX))
        if arc.end == arc.start + 1:
            own.setdefault(arc.start, {})[arc.rule.original] = odds
        else:
            total[arc.start, arc.end] = total.get((arc.start, arc.end), 0.0) + odds
    longer: dict[int, float] = {}
    for (start, end), odds in total.items():
        for n in range(start, end):
            longer[n] = max(longer.get(n, 0.0), odds / (1 + odds))
    return own, longer


def _odds(changed: float, longer: float, taken: float) -> float:
    """The odds, against keeping it, that a word was changed from something unknown.

    P(changed) = P(longer) + (1 - P(longer)) (taken + unknown) / (1 + taken + unknown),
    solved for the unknown.
    """
    here = min(max((changed - longer) / max(1 - longer, _EDGE), 0.0), 1 - _EDGE)
    return max(here / (1 - here) - taken, 0.0)
