"""The encoder's glance falls on the sentences that look most spun."""

from __future__ import annotations

import numpy as np
import pytest

from unspin.document import screen
from unspin.glance import SIZE, suspects
from unspin.spinners import SpinnerTable

TABLE = SpinnerTable(["A", "K"], {"mature": 0, "plain": 1}, np.array([[30, 5], [-9, -2]], np.int8))
PLAIN = "A plain word stands here and another one beside it . "
SPUN = "It is mature and mature again . "


def glance(text: str) -> list[str]:
    norms = [[w.strip(".").lower() for w in p.split()] for p in text.split("\n\n") if p.strip()]
    screening = screen(norms, TABLE, 0.05)
    return [" ".join(t.surface for t in s.tokens) for s in suspects(text, screening, TABLE)]


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
