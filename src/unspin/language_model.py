"""How likely words are in their context: n-gram scores from a KenLM binary or ARPA file.

Words are token norms of :mod:`unspin.tokens`; a model asks in its own forms:

* punctuation is skipped: it costs nothing and leaves the state as it was;
* numbers are the one word ``<num>`` where the model has it;
* a possessive or contracted ``'s`` is scored as part of the word before it
  where the model writes them together ("company's", "it's"). It then gets what
  the joined word costs beyond the bare one, so that the sum over both tokens is
  log P(company's), and the single difference may be above zero. After other
  words such a model gives ``'s`` a fixed score and reads on as if it were not
  there, since it has seen it alone only as debris;
* any other word outside the vocabulary backs off to how common it is,

      log P(word) = UNKNOWN_PENALTY + log(wordfreq frequency, at least 1e-9),

  and the words before it are forgotten.

All scores are natural logarithms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import kenlm

from unspin.errors import DataError
from unspin.frequencies import frequency
from unspin.resources import data_path

SHIPPED = "en.general.kenlm"

# A word that the model has never seen is taken to be e^2 times rarer than
# wordfreq says, so that no unknown word beats an equally common known one.
UNKNOWN_PENALTY = -2.0
# wordfreq's own floor for its large lists is 1e-8; a word it lacks is rarer.
UNSEEN_FREQUENCY = 1e-9

# The mean over dev of what a joined "'s" costs is -3.3; words that the model
# never joined take it more rarely.
LONE_POSSESSIVE = -4.0

NUMBER = "<num>"
_POSSESSIVE = "'s"
_END = "</s>"
_BINARY_MAGIC = b"mmap lm http://kheafield.com/code"
_ARPA_MAGIC = b"\\data\\"
_LN10 = math.log(10.0)
_CACHED_WORDS = 1 << 16


class Scorer(Protocol):
    """What a decoder needs of a language model."""

    def initial_state(self) -> Hashable:
        """The state at the start of a sentence."""

    def step(self, state: Any, word: str) -> tuple[Hashable, float]:
        """The state after ``word`` and its natural log-probability."""

    def log_probs(self, state: Any, words: Sequence[str]) -> list[float]:
        """The natural log-probability of each of ``words`` after ``state``."""

    def score(self, words: Iterable[str]) -> float:
        """The log-probability of words that begin a sentence."""


# What the model remembers of the words so far: its own context and, only after a
# word that it can join with a following "'s", the context before that word and
# the word. A plain tuple, since one is made for every word of every candidate.
State = tuple[Any, Any, str]


class _Form(NamedTuple):
    """How the model writes a word."""

    known: str | None  # its form in the vocabulary
    joined: str | None  # the same with "'s", if the vocabulary has that
    unknown: float  # its score outside the vocabulary; 0 for punctuation
    skipped: bool


class LanguageModel:
    """N-gram scores of one model file, memory-mapped when it is a KenLM binary."""

    def __init__(self, path: Path | None = None) -> None:
        """Load ``path``, or the shipped general English model.

        Raises:
            DataError: if the file is missing, damaged or no language model.
        """
        self.path = data_path(SHIPPED) if path is None else Path(path)
        self._model = _load(self.path)
        self._base_score: Callable[[Any, str | None, Any], float] = self._model.BaseScore
        begin, null = kenlm.State(), kenlm.State()
        self._model.BeginSentenceWrite(begin)
        self._model.NullContextWrite(null)
        self._initial: State = (begin, None, "")
        self._unknown: State = (null, None, "")
        self._joins = "it" + _POSSESSIVE in self._model
        self._form: Callable[[str], _Form] = lru_cache(_CACHED_WORDS)(self._find_form)

    @property
    def order(self) -> int:
        """The length of the longest n-grams."""
        return int(self._model.order)

    def __contains__(self, word: str) -> bool:
        """Whether the vocabulary has ``word`` in some form."""
        return self._form(word).known is not None

    def initial_state(self) -> State:
        """The state at the start of a sentence."""
        return self._initial

    def step(self, state: State, word: str) -> tuple[State, float]:
        """The state after ``word`` and its natural log-probability in ``state``."""
        if word == _POSSESSIVE and self._joins:
            return self._join(state)
        known, joined, unknown, skipped = self._form(word)
        if known is None:
            return (state if skipped else self._unknown), unknown
        context = state[0]
        after = kenlm.State()
        log_prob = self._base_score(context, known, after) * _LN10
        return ((after, context, word) if joined else (after, None, "")), log_prob

    def log_probs(self, state: State, words: Sequence[str]) -> list[float]:
        """The natural log-probability of each of ``words`` after ``state``.

        As by :meth:`step`, which makes states that can be gone back to and takes longer.
        """
        if _POSSESSIVE in words:
            return list(self._walk(state, words))
        found: list[float] = []
        context, form, base_score = state[0], self._form, self._base_score
        for word in words:
            known, _, unknown, skipped = form(word)
            if known is None:
                found.append(unknown)
                if not skipped:
                    context = self._unknown[0]
                continue
            after = kenlm.State()
            found.append(base_score(context, known, after) * _LN10)
            context = after
        return found

    def end(self, state: State) -> float:
        """The log-probability that the sentence ends in ``state``."""
        return float(self._model.BaseScore(state[0], _END, kenlm.State()) * _LN10)

    def score(self, words: Iterable[str]) -> float:
        """The log-probability of words that begin a sentence: the sum of their steps."""
        return sum(self.token_scores(words))

    def association(self, words: Iterable[str]) -> float:
        """By how much (nats) words are likelier one after the other than each by itself."""
        state, total = self._unknown, 0.0
        for number, word in enumerate(words):
            state, log_prob = self.step(state, word)
            if number:
                total += log_prob - self.step(self._unknown, word)[1]
        return total

    def token_scores(self, words: Iterable[str]) -> Iterator[float]:
        """The step score of each word in turn."""
        return self._walk(self._initial, words)

    def _walk(self, state: State, words: Iterable[str]) -> Iterator[float]:
        for word in words:
            state, log_prob = self.step(state, word)
            yield log_prob

    def _join(self, state: State) -> tuple[State, float]:
        _, before, word = state
        if before is None:
            return state, LONE_POSSESSIVE
        form = self._form(word)
        bare = self._base_score(before, form.known, kenlm.State())
        after = kenlm.State()
        joined = self._base_score(before, form.joined, after)
        return (after, None, ""), (joined - bare) * _LN10

    def _find_form(self, word: str) -> _Form:
        if not any(c.isalnum() for c in word):
            return _Form(None, None, 0.0, True)
        for known in (NUMBER, word) if word[0].isdigit() else (word,):
            if known in self._model:
                joined = known + _POSSESSIVE
                return _Form(known, joined if joined in self._model else None, 0.0, False)
        share = frequency(word, UNSEEN_FREQUENCY)
        return _Form(None, None, UNKNOWN_PENALTY + math.log(share), False)


class Mixture:
    """Two models interpolated: P = weight * P(first) + (1 - weight) * P(second)."""

    def __init__(self, first: Scorer, second: Scorer, weight: float = 0.5) -> None:
        if not 0 < weight < 1:
            raise ValueError(f"weight is {weight}; use a value between 0 and 1")
        self._first = first
        self._second = second
        self._log_weights = math.log(weight), math.log1p(-weight)

    def initial_state(self) -> tuple[Hashable, Hashable]:
        """The state at the start of a sentence."""
        return self._first.initial_state(), self._second.initial_state()

    def step(
        self, state: tuple[Hashable, Hashable], word: str
    ) -> tuple[tuple[Hashable, Hashable], float]:
        """The state after ``word`` and its natural log-probability in ``state``."""
        first, one = self._first.step(state[0], word)
        second, two = self._second.step(state[1], word)
        return (first, second), self._mixed(one, two)

    def log_probs(self, state: tuple[Hashable, Hashable], words: Sequence[str]) -> list[float]:
        """The natural log-probability of each of ``words`` after ``state``."""
        first = self._first.log_probs(state[0], words)
        second = self._second.log_probs(state[1], words)
        return list(map(self._mixed, first, second))

    def _mixed(self, one: float, two: float) -> float:
        """The log-probability of what the models give these."""
        weight_first, weight_second = self._log_weights
        one += weight_first
        two += weight_second
        if one > two:
            return one + math.log1p(math.exp(two - one))
        return two + math.log1p(math.exp(one - two))

    def score(self, words: Iterable[str]) -> float:
        """The log-probability of words that begin a sentence."""
        return sum(self.log_probs(self.initial_state(), list(words)))


def _load(path: Path) -> Any:
    """The KenLM model in a file whose first bytes have been checked.

    KenLM takes any file for ARPA text and may end the process on bad input.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise DataError(
            f"language model {path} cannot be read: {error.strerror}; "
            "give the path of a KenLM binary or an ARPA file"
        ) from error
    if not head.startswith(_BINARY_MAGIC) and not head.lstrip().startswith(_ARPA_MAGIC):
        raise DataError(
            f"language model {path} is neither a KenLM binary nor an ARPA file; "
            "make one with KenLM's lmplz and build_binary"
        )
    config = kenlm.Config()
    config.load_method = kenlm.LoadMethod.LAZY
    config.show_progress = False
    config.arpa_complain = kenlm.ARPALoadComplain.NONE
    try:
        return kenlm.Model(str(path), config)
    except (OSError, RuntimeError, ValueError) as error:
        raise DataError(
            f"language model {path} is damaged or incomplete: {error}; "
            "copy it again, or rebuild it with KenLM's build_binary"
        ) from error
