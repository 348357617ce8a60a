from __future__ import annotations

import math
from pathlib import Path

import pytest

from unspin.errors import DataError
from unspin.lexicon import HEADER, SpinLexicon, channel_odds

LEARNED = f"""{HEADER}
# columns: spun\toriginal\tfamilies
mature\tmature\tA:9/10
mature\tused\tA:30/40 B:10/90
put up\tpost\tA:3/4
put up with\ttolerate\tA:2/4
"""


@pytest.fixture
def lexicon(tmp_path: Path) -> SpinLexicon:
    path = tmp_path / "spin.tsv"
    path.write_text(LEARNED, encoding="utf-8")
    return SpinLexicon.read([path])


def test_matches_overlap_and_the_longest_is_found(lexicon: SpinLexicon) -> None:
    found = list(lexicon.matches("we put up with mature cheese".split()))
    assert found == [(1, 3, "put up"), (1, 4, "put up with"), (4, 5, "mature")]


def test_odds_compare_a_pair_with_the_phrase_left_alone(lexicon: SpinLexicon) -> None:
    (rule,) = lexicon.rules("mature")
    assert rule.original == "used"
    assert rule.channel == pytest.approx(math.log((40 + 0.5) / (9 + 1)))
    assert rule.channel == pytest.approx(channel_odds(40, 9))
    assert rule.families == (("A", 30, 40), ("B", 10, 90))


def test_a_later_file_adds_to_an_earlier_one(tmp_path: Path) -> None:
    first, second = tmp_path / "spin.tsv", tmp_path / "mine.tsv"
    first.write_text(LEARNED, encoding="utf-8")
    second.write_text(
        f"{HEADER}\n# columns: spun\toriginal\todds\tsource\nput up\tpublish\t3\thand\n",
        encoding="utf-8",
    )
    rules = SpinLexicon.read([first, second]).rules("put up")
    assert [(r.original, r.source) for r in rules] == [("publish", "hand"), ("post", "learned")]
    assert rules[0].channel == 3.0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("mature\tused\n", "expected a lexicon whose first line is"),
        (f"{HEADER}\nmature used\n", "line 2: expected tab-separated columns"),
    ],
)
def test_a_file_of_another_format_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "bad.tsv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        SpinLexicon.read([path])


def test_a_bad_number_is_an_error_that_names_the_row(tmp_path: Path) -> None:
    path = tmp_path / "bad.tsv"
    path.write_text(f"{HEADER}\n# columns: spun\toriginal\tfamilies\na\tb\tA:x/2\n", "utf-8")
    with pytest.raises(DataError, match="'a' -> 'b'"):
        SpinLexicon.read([path]).rules("a")


def test_a_missing_or_binary_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        SpinLexicon.read([tmp_path / "none.tsv"])
    path = tmp_path / "binary.tsv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="not UTF-8"):
        SpinLexicon.read([path])
