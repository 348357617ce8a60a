"""Words that stand for the words of a term are read as the term, and nothing else is."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unspin.composition import (
    MAX_UNIT,
    Composer,
    Composition,
    by_first_word,
    by_spun,
    read_swaps,
    read_terms,
    singular,
)
from unspin.errors import DataError
from unspin.tokens import phrase_norms

TERMS = {
    "random forest": 3,
    "signal to noise ratio": 0,
    "noise ratio": 1,
    "support vector machine": 2,
}
PAIRS = [
    ("irregular", "random", -1.0, "hand"),
    ("timberlands", "forests", -0.5, "list"),
    ("timberland", "forest", -0.5, "both"),
    ("flag", "signal", -1.5, "hand"),
    ("clamor", "noise", -0.25, "hand"),
    ("bolster", "support", -1.0, "hand"),
    ("back up", "support", -2.0, "hand"),
    ("bolster", "unheard of", -0.1, "hand"),
    ("support", "random", -0.1, "hand"),
    ("disposed of", "random", -0.1, "hand"),
]


@pytest.fixture
def composer() -> Composer:
    return Composer.of(TERMS, PAIRS)


def found(composer: Composer, text: str) -> list[Composition]:
    return composer.compositions(text.split())


def test_every_word_swapped(composer: Composer) -> None:
    assert found(composer, "an irregular timberland grows") == [
        Composition(1, 3, "random forest", 3, ("random", "forest"), 1.5, 2, 2, 1)
    ]


def test_some_words_stay_and_plurals_are_the_text_s(composer: Composer) -> None:
    (only,) = found(composer, "random timberlands")
    assert only.words == ("random", "forests")
    assert (only.changed, only.units, only.listed) == (1, 2, 1)


def test_longer_and_shorter_terms_are_both_found(composer: Composer) -> None:
    both = found(composer, "flag to clamor ratio")
    assert [(c.start, c.end, c.term, c.cost) for c in both] == [
        (0, 4, "signal to noise ratio", 1.75),
        (2, 4, "noise ratio", 0.25),
    ]


def test_several_words_for_one(composer: Composer) -> None:
    (only,) = found(composer, "back up vector machine")
    assert (only.start, only.end, only.units, only.cost) == (0, 4, 3, 2.0)


@pytest.mark.parametrize(
    "text",
    ["a random forest", "random forests", "irregular", "timberland irregular", "", "flag clamor"],
)
def test_nothing_where_nothing_was_swapped_or_no_term_comes_of_it(
    composer: Composer, text: str
) -> None:
    assert found(composer, text) == []


def test_what_is_a_term_stands_for_no_other() -> None:
    terms = {**TERMS, "bolster vector machine": 0}
    assert found(Composer.of(terms, PAIRS), "bolster vector machine") == []


def test_the_cheapest_swap_counts() -> None:
    pairs = [("bolster", "support", -2.0, "hand"), ("bolster", "support", -1.0, "hand")]
    (only,) = Composer.of(TERMS, pairs).compositions("bolster vector machine".split())
    assert only.cost == 1.0


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("terms.tsv", "random\tforest=3\n", "first line"),
        ("terms.tsv", "# unspin terms 2\nforest\n", "line 2"),
        ("terms.tsv", "# unspin terms 2\nrandom\tforest\nrandom\twalk\n", "line 3"),
        ("torn.tsv", "flag\tsignal -1 hand\n", "first line"),
        ("torn.tsv", "# unspin swaps 1\nflag\n", "line 2"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / "terms.tsv").write_text("# unspin terms 2\nrandom\tforest=3\n", encoding="utf-8")
    (tmp_path / "torn.tsv").write_text("# unspin swaps 1\n", encoding="utf-8")
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=rf"{name}.*{says}"):
        Composer.read(tmp_path / "terms.tsv", tmp_path / "torn.tsv")


def test_a_row_without_weight_is_named() -> None:
    for rest in ("signal much", "signal much hand", "signal -1", ""):
        with pytest.raises(DataError, match="'flag' has no"):
            Composer(by_first_word(TERMS), {"flag": rest}).compositions(["flag", "to"])


@pytest.mark.parametrize("rests", ["forest=many", "", "walk\t", "=3"])
def test_a_term_that_is_none_is_named(rests: str) -> None:
    composer = Composer({"random": rests}, {"irregular": "random -1 hand"})
    with pytest.raises(DataError, match="term 'random "):
        composer.compositions(["irregular", "timberland"])


def test_the_file_of_terms_is_read_as_it_was_written(tmp_path: Path) -> None:
    lines = [f"{word}\t{rests}" for word, rests in by_first_word(TERMS).items()]
    path = tmp_path / "terms.tsv"
    path.write_text("\n".join(["# unspin terms 2", "# comment", *lines, ""]), encoding="utf-8")
    assert read_terms(path) == TERMS


def test_the_file_of_swaps_is_read_as_it_was_written(tmp_path: Path) -> None:
    lines = [f"{spun}\t{rest}" for spun, rest in by_spun(PAIRS).items()]
    path = tmp_path / "torn.tsv"
    path.write_text("\n".join(["# unspin swaps 1", *lines, ""]), encoding="utf-8")
    assert list(read_swaps(path)) == sorted(PAIRS)


@given(st.lists(st.sampled_from("irregular random forest support vector machine of".split())))
def test_no_composition_is_missed_or_costs_too_much(words: list[str]) -> None:
    composer = Composer.of(TERMS, PAIRS)
    spun: dict[str, list[tuple[str, float]]] = {}
    for swapped, original, weight, _ in PAIRS:
        spun.setdefault(original, []).append((swapped, -weight))
    expected: dict[tuple[int, int, str], float] = {}
    for term in TERMS:
        ways = [((), 0.0, False)]
        for word in term.split(" "):
            choices = [(word, 0.0, False), *((s, c, True) for s, c in spun.get(word, ()))]
            ways = [
                ((*w, *s.split(" ")), cost + c, changed or swap)
                for w, cost, changed in ways
                for s, c, swap in choices
            ]
        for way, cost, changed in ways:
            for at in range(len(words) - len(way) + 1):
                here = tuple(words[at : at + len(way)])
                key = at, at + len(way), term
                if changed and here == way and " ".join(here) not in TERMS:
                    expected[key] = min(cost, expected.get(key, cost))
    found = {(c.start, c.end, c.term): c.cost for c in composer.compositions(words)}
    assert found == pytest.approx(expected)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.tsv"):
        Composer.read(tmp_path / "none.tsv", tmp_path / "none.tsv")


def test_the_shipped_pairs_lead_to_words_of_the_shipped_terms() -> None:
    folder = Path(__file__).parents[1] / "dictionaries/en"
    composer = Composer.read(folder / "terms.tsv", folder / "torn.tsv")
    terms = [c.term for c in found(composer, "counterfeit consciousness")]
    assert "artificial intelligence" in terms


def test_the_shipped_terms_are_norms_sorted_and_unique() -> None:
    path = Path(__file__).parents[1] / "dictionaries/en/terms.tsv"
    terms = list(read_terms(path))
    assert terms == sorted(terms)
    assert len({" ".join(map(singular, term.split(" "))) for term in terms}) == len(terms)
    for term in terms:
        words = term.split(" ")
        assert 2 <= len(words) <= 6, term
        assert all(word == "'s" or phrase_norms(word) == (word,) for word in words), term


def test_the_shipped_swaps_are_norms_sorted_and_change_something() -> None:
    swaps = list(read_swaps(Path(__file__).parents[1] / "dictionaries/en/torn.tsv"))
    pairs = [(spun, original) for spun, original, _, _ in swaps]
    assert pairs == sorted(set(pairs))
    for spun, original, weight, source in swaps:
        assert spun != original
        assert -math.inf < weight <= 0, spun
        assert source in ("hand", "list", "both"), spun
        for side in (spun, original):
            assert 1 <= len(side.split(" ")) <= MAX_UNIT, side
            assert not re.search(r"\d", side), side
            assert all(w == "'s" or phrase_norms(w) == (w,) for w in side.split(" ")), side
