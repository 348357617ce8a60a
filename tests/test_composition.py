"""Words that stand for the words of a term are read as the term, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from unspin.composition import Composer, Composition, read_terms, singular
from unspin.errors import DataError
from unspin.tokens import phrase_norms

TERMS = {
    "random forest": 3,
    "signal to noise ratio": 0,
    "noise ratio": 1,
    "support vector machine": 2,
}
PAIRS = [
    ("irregular", "random", -1.0),
    ("timberlands", "forests", -0.5),
    ("timberland", "forest", -0.5),
    ("flag", "signal", -1.5),
    ("clamor", "noise", -0.25),
    ("bolster", "support", -1.0),
    ("back up", "support", -2.0),
    ("bolster", "unheard of", -0.1),
]


@pytest.fixture
def composer() -> Composer:
    return Composer.of(TERMS, PAIRS)


def found(composer: Composer, text: str) -> list[Composition]:
    return composer.compositions(text.split())


def test_every_word_swapped(composer: Composer) -> None:
    assert found(composer, "an irregular timberland grows") == [
        Composition(1, 3, "random forest", 3, ("random", "forest"), 1.5, 2, 2)
    ]


def test_some_words_stay_and_plurals_are_the_text_s(composer: Composer) -> None:
    (only,) = found(composer, "random timberlands")
    assert only.words == ("random", "forests")
    assert (only.changed, only.units) == (1, 2)


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


def test_the_cheapest_swap_counts() -> None:
    pairs = [("bolster", "support", -2.0), ("bolster", "support", -1.0)]
    (only,) = Composer.of(TERMS, pairs).compositions("bolster vector machine".split())
    assert only.cost == 1.0


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("terms.tsv", "random forest\t3\n", "first line"),
        ("terms.tsv", "# unspin terms 1\nforest\t3\n", "line 2"),
        ("terms.tsv", "# unspin terms 1\nrandom forest\n", "line 2"),
        ("torn.tsv", "flag\tsignal\t-1\thand\n", "first line"),
        ("torn.tsv", "# unspin lexicon 1\nflag\n", "line 2"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / "terms.tsv").write_text("# unspin terms 1\nrandom forest\t3\n", encoding="utf-8")
    (tmp_path / "torn.tsv").write_text("# unspin lexicon 1\n", encoding="utf-8")
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=rf"{name}.*{says}"):
        Composer.read(tmp_path / "terms.tsv", tmp_path / "torn.tsv")


def test_a_row_without_weight_is_named() -> None:
    with pytest.raises(DataError, match="'flag' -> 'signal'"):
        Composer(TERMS, {"flag": "signal\tmuch"}).compositions(["flag", "to"])


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.tsv"):
        Composer.read(tmp_path / "none.tsv", tmp_path / "none.tsv")


def test_the_shipped_pairs_lead_to_words_of_the_shipped_terms() -> None:
    folder = Path(__file__).parents[1] / "dictionaries/en"
    composer = Composer.read(folder / "terms.tsv", folder / "torn.tsv")
    assert [c.term for c in found(composer, "counterfeit consciousness")] == [
        "artificial intelligence"
    ]


def test_the_shipped_terms_are_norms_sorted_and_unique() -> None:
    path = Path(__file__).parents[1] / "dictionaries/en/terms.tsv"
    terms = list(read_terms(path))
    assert terms == sorted(terms)
    assert len({" ".join(map(singular, term.split(" "))) for term in terms}) == len(terms)
    for term in terms:
        words = term.split(" ")
        assert 2 <= len(words) <= 6, term
        assert all(word == "'s" or phrase_norms(word) == (word,) for word in words), term
