"""Whose work a text is, by what families explain of its changes."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from unspin.document import Screening, evidence_of
from unspin.recognition import explained, recognized
from unspin.records import Arc, EditKind, Lattice, Ranking, Rule
from unspin.restorer import Restorer
from unspin.settings import Settings
from unspin.tokens import sentences

# K and B write "mature" for "used", B "put up" for "post".
RULES = (
    Rule("mature", "used", 0.0, EditKind.SYNONYM, (("B", 9, 20), ("K", 4, 30)), "learned"),
    Rule("put up", "post", 0.0, EditKind.SYNONYM, (("B", 9, 20),), "learned"),
)


def screening(typical: bool, **families: float) -> Screening:
    return Screening(
        0.5, tuple(families.items()), (20.0, -20.0), typical, 0.02, 300, False, True, 0.05, (0.1,)
    )


def lattice() -> Lattice:
    (sentence,) = sentences("It was mature in a put up there.")
    at = [token.norm for token in sentence.tokens].index
    return Lattice(
        sentence,
        (
            Arc(at("mature"), at("mature") + 1, RULES[0]),
            Arc(at("put"), at("up") + 1, RULES[1]),
        ),
    )


def ranking(**changed: float) -> Ranking:
    norms = [token.norm for token in lattice().sentence.tokens]
    return Ranking((math.log(3.0), 0.0), {}, tuple(changed.get(n, 0.0) for n in norms))


def test_a_share_is_what_arcs_say_of_the_words_that_were_changed() -> None:
    seen = screening(False, K=0.6, B=0.3, T=0.02, Y=0.08)
    found = explained(seen, [lattice()], [ranking(mature=0.8, put=0.6, up=0.6)])
    # T is too unlikely to be asked about, and Y is no spinner.
    assert list(found) == ["K", "B"]
    assert found == pytest.approx({"K": 0.6 / 2.0, "B": (0.6 + 0.3 + 0.3) / 2.0})


def test_words_that_hardly_changed_do_not_count() -> None:
    seen = screening(False, K=1.0)
    found = explained(seen, [lattice()], [ranking(mature=0.8, put=0.04, there=0.04)])
    assert found == pytest.approx({"K": 0.75})
    assert explained(seen, [lattice()], [ranking()]) == {"K": 0.0}


def test_what_a_text_repeats_counts_by_the_root_of_its_number() -> None:
    seen = screening(False, B=1.0)
    both = [ranking(mature=0.8, there=0.5)] * 4
    # Four of "mature" count as two, and so do four of "there".
    assert explained(seen, [lattice()] * 4, both) == pytest.approx({"B": 0.6 / 1.3})
    mixed = [ranking(mature=0.8), *[ranking(there=0.5)] * 4]
    assert explained(seen, [lattice()] * 5, mixed) == pytest.approx({"B": 0.6 / (0.8 + 1.0)})


def test_without_an_encoder_nothing_is_explained() -> None:
    unread = Ranking((1.0, 1.0), {})
    seen = screening(True, K=1.0)
    assert explained(seen, [lattice()], [unread]) == {}
    assert recognized(seen, [lattice()], [unread]) is seen


def read_as(share: float, rules: tuple[Rule, ...] = RULES) -> tuple[list[Lattice], list[Ranking]]:
    """A text whose one change is explained by ``rules`` to this share."""
    (sentence,) = sentences("It was mature there.")
    at = [token.norm for token in sentence.tokens].index("mature")
    changed = tuple(0.9 * (n == at) for n in range(len(sentence.tokens)))
    odds = math.log(share / (1 - share))
    return [Lattice(sentence, (Arc(at, at + 1, rules[0]),))], [Ranking((odds,), {}, changed)]


def test_a_spinner_is_recognized_by_what_it_explains() -> None:
    seen = screening(False, K=0.6, B=0.3)
    assert recognized(seen, *read_as(0.2)) is seen
    found = recognized(seen, *read_as(0.3))
    assert (found.families[0][0], found.typical, found.paragraphs) == ("K", True, (20.0, -20.0))
    assert found.families[0][1] == 0.9
    assert found.explained == pytest.approx(0.3)
    assert evidence_of(found, 0.1).spinner == "K"


def test_a_less_likely_one_is_recognized_if_the_likeliest_explains_too_little() -> None:
    only = (RULES[0]._replace(families=(("B", 9, 20),)), RULES[1])
    found = recognized(screening(False, K=0.6, B=0.3), *read_as(0.5, only))
    assert [name for name, _ in found.families] == ["B", "K"]
    # The paragraphs' log ratios are K's and say nothing of B's work.
    assert evidence_of(found, 0.1).active == (True, True)


def test_a_family_that_explains_too_little_is_dropped() -> None:
    seen = screening(True, K=0.9, B=0.1)
    kept = recognized(seen, *read_as(0.5))
    assert (kept.spinner, kept.explained) == ("K", pytest.approx(0.5))
    found = recognized(seen, *read_as(0.3))
    assert (found.spinner, found.explained) == (None, 0.0)
    assert evidence_of(found, None).spinner is None
    assert replace(found, typical=True) == seen


def test_a_short_text_whose_changes_name_the_spinner_is_judged_like_a_long_one() -> None:
    seen = replace(screening(True, K=0.9), words=100)
    assert seen.size == 100
    assert replace(seen, explained=0.49).size == 100
    assert replace(seen, explained=0.5).size == 151
    assert replace(seen, explained=0.9, words=74).size == 74
    assert replace(seen, explained=0.9, words=400).size == 400


def test_without_synonyms_the_screen_names_the_spinner() -> None:
    (file,) = (Path(__file__).parents[1] / "seeds").glob("*.txt")
    settings = Settings(kinds=frozenset({EditKind.DOUBLED, EditKind.TORTURED}))
    assert Restorer(settings).restore(file.read_text(encoding="utf-8")).spinner == "A"


def test_a_users_word_on_the_spinner_stands() -> None:
    restorer = Restorer(Settings(spinner="K"))
    assert restorer.restore("A company blog put up, being mature.").spinner == "K"
