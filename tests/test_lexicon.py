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


def test_a_sorted_file_says_what_the_same_rows_in_any_order_say(tmp_path: Path) -> None:
    rows = sorted(
        f"{spun}\t{original}\tA:{n + 1}/9"
        for spun in ("put", "put up", "put - off", "put\x01", "puts", "never", "up", "up\u2019s")
        for n, original in enumerate(("post", "never", "a lot", spun))
    )
    head = [HEADER, "# columns: spun\toriginal\tfamilies"]
    norms = "puts put up put - off put\x01 put never up up\u2019s".split(" ")

    def read(*lines: str) -> tuple[object, ...]:
        path = tmp_path / "rows.tsv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        found = SpinLexicon.read([path])
        phrases = sorted(found.phrases())
        assert len(found) == len(phrases) == 8
        assert all(p in found for p in phrases)
        assert "pu" not in found
        rules = {phrase: found.rules(phrase) for phrase in phrases}
        return rules, list(found.matches(norms)), found.rules("pu")

    expected = read(*head, *rows[1:], rows[0])
    assert len(expected[1]) == 11  # type: ignore[arg-type]
    assert read(*head, *rows) == expected
    assert read(*head, "", *rows[:9], "# a comment", "", *rows[9:]) == expected


@pytest.mark.parametrize("row", ["\tused\tA:1/2", "zebra", "put up", "\x01"])
def test_a_row_without_a_phrase_is_refused_wherever_it_stands(tmp_path: Path, row: str) -> None:
    path = tmp_path / "bad.tsv"
    lines = sorted(["mature\tused\tA:30/40", "put\tlay\tA:3/4", row])
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    message = f"line {lines.index(row) + 2}: expected tab-separated columns"
    with pytest.raises(DataError, match=message):
        SpinLexicon.read([path])


def test_rows_of_files_in_and_out_of_order_add_up(tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}.tsv" for n in range(3)]
    rows = ["put\tlay\tA:1/9", "put up\tpost\tA:2/9"], ["put up\tpost\tB:3/9", "put\tlay\tB:4/9"]
    for path, own in zip(paths, [rows[0], rows[1], ["put\tnever\tC:9/9"]], strict=True):
        path.write_text(
            "\n".join([HEADER, "# columns: spun\toriginal\tfamilies", *own]), encoding="utf-8"
        )
    found = SpinLexicon.read(paths)
    assert [r.original for r in found.rules("put")] == ["never", "lay"]
    assert found.rules("put")[1].families == (("A", 1, 9), ("B", 4, 9))
    assert found.rules("put up")[0].families == (("A", 2, 9), ("B", 3, 9))
