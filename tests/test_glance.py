"""The encoder's glance falls on the sentences that look most spun, and in doubt on others."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from unspin.document import Screening, screen
from unspin.glance import SIZE, Glance, suspects
from unspin.lexicon import SpinLexicon
from unspin.models import Models
from unspin.records import EditKind, Lattice, Sentence
from unspin.spinners import SpinnerTable

TABLE = SpinnerTable(["A", "K"], {"mature": 0, "plain": 1}, np.array([[30, 5], [-9, -2]], np.int8))
PLAIN = "A plain word stands here and another one beside it . "
SPUN = "It is mature and mature again . "


def screened(text: str) -> Screening:
    norms = [[w.strip(".").lower() for w in p.split()] for p in text.split("\n\n") if p.strip()]
    return screen(norms, TABLE, 0.05)


def surfaces(sentences: list[Sentence]) -> list[str]:
    return [" ".join(t.surface for t in s.tokens) for s in sentences]


def glance(text: str) -> list[str]:
    return surfaces(suspects(text, screened(text), TABLE)[0])


def others(text: str) -> list[str]:
    return surfaces(suspects(text, screened(text), TABLE)[1])


def test_a_short_text_is_read_whole() -> None:
    assert len(glance(PLAIN * 3)) == 3


def test_the_most_suspicious_sentences_are_read_in_their_order() -> None:
    text = PLAIN * 30 + SPUN + PLAIN * 20 + SPUN + PLAIN * 10
    seen = glance(text)
    assert seen.count(SPUN.strip()) == 2
    assert sum(map(len, seen)) <= SIZE
    assert len(seen) >= SIZE // len(PLAIN) - 1


def test_a_long_sentence_is_read_all_the_same() -> None:
    (only,) = glance("word " * 100 + "x" * SIZE + " .")
    assert len(only) > SIZE


def test_of_a_long_text_only_the_beginning_is_searched() -> None:
    assert SPUN.strip() not in glance(PLAIN * 200 + SPUN)


def test_of_a_mixed_text_the_spun_paragraph_is_read() -> None:
    plain = "plain " * 40 + ".\n\n"
    seen = glance(plain * 30 + SPUN * 6 + "\n\n" + plain)
    assert SPUN.strip() in seen


@pytest.mark.parametrize("text", ["", "   \n\n ", "\ufeff"])
def test_nothing_to_read(text: str) -> None:
    assert len(glance(text)) <= 1


def test_others_are_spread_over_the_rest() -> None:
    text = " ".join(
        f"Plain number {n} stands here, and there is nothing else to it." for n in range(80)
    )
    seen = others(text)
    assert sum(map(len, seen)) <= SIZE
    numbers = [int(sentence.split()[2]) for sentence in seen]
    assert len(numbers) > 10
    assert numbers == sorted(numbers)
    assert max(b - a for a, b in itertools.pairwise(numbers)) < 12
    assert not set(seen) & set(glance(text))


def test_a_short_text_has_no_others() -> None:
    assert others(PLAIN * 3) == []
    assert others("word " * 100 + "x" * SIZE + " .") == []


class Seen:
    """Models that note what they are shown: first looks have P(changed) of 0.25, later ones 0.5."""

    def __init__(self, folder: Path, scores: list[float]) -> None:
        lexicon = folder / "lexicon.tsv"
        lexicon.write_text("# unspin lexicon 1\nmature\tused\t5\twritten\n", encoding="utf-8")
        self.lexicon = SpinLexicon.read([lexicon])
        self.spinners = TABLE
        self.context = self.verdict = self
        self.arcs: list[int] = []
        self._scores = scores

    def changed(self, lattices: Sequence[Lattice], words: frozenset[str]) -> list[float]:
        assert "mature" in words
        self.arcs.append(sum(len(lattice.arcs) for lattice in lattices))
        size = sum(len(lattice.sentence.tokens) for lattice in lattices)
        return [0.25 * len(self.arcs)] * size

    def looks_changed(self, seen: Sequence[Sentence]) -> list[float]:
        return [0.75] * sum(len(sentence.tokens) for sentence in seen)

    def glance(self, screening: Screening) -> float:
        return self._scores.pop(0)


def decided(models: Seen) -> Screening:
    text = PLAIN * 30 + SPUN + PLAIN * 20
    norms = [[w.strip(".").lower() for w in text.split()]]
    glance = Glance(cast(Models, models), frozenset(EditKind))
    return glance.decides(text, norms, screened(text))


def test_a_clean_text_is_glanced_at_once(tmp_path: Path) -> None:
    models = Seen(tmp_path, [0.001, 0.001])
    found = decided(models)
    assert models.arcs == [2]  # the encoder is told what the lexicon proposes
    assert {*found.glance} == {0.25}
    assert (found.suspicious, found.spin_score, found.untold) == (False, 0.001, ())


def test_in_doubt_others_are_read(tmp_path: Path) -> None:
    models = Seen(tmp_path, [0.015, 0.002])
    found = decided(models)
    assert models.arcs == [2, 0]
    # What a text repeats counts by its mean.
    assert min(found.glance) == 0.25 < max(found.glance) < 0.5
    assert (found.suspicious, found.spin_score, found.untold) == (False, 0.002, ())


def test_of_what_is_read_there_is_a_second_opinion(tmp_path: Path) -> None:
    found = decided(Seen(tmp_path, [0.015, 0.5]))
    assert found.suspicious
    assert {*found.untold} == {0.75}
