import json
import math
import re
from itertools import pairwise
from pathlib import Path

import pytest

from unspin.tokens import phrase_norms

ROOT = Path(__file__).parents[1]
HEADER = "# unspin lexicon 1"
# Tables of other kinds, with formats and tests of their own.
NOT_LEXICONS = {"boilerplate.tsv", "names.tsv", "terms.tsv", "torn.tsv"}
LEXICONS = sorted(
    path for path in (ROOT / "dictionaries").rglob("*.tsv") if path.name not in NOT_LEXICONS
)
TORTURED = ROOT / "dictionaries/en/tortured.tsv"
MAX_TOKENS = 6
# A single quotation mark opens before a word and closes after one.
QUOTED = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|(?<!\w)['‘][^'’\n]*(?:['’]\w+[^'’\n]*)*['’](?!\w)")

by_file = pytest.mark.parametrize("path", LEXICONS, ids=lambda path: path.name)


def read(path):
    """The comment lines of a lexicon, its column names and its rows as dictionaries."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comments = [line for line in lines if line.startswith("#")]
    assert lines[: len(comments)] == comments, "comments stand at the top"
    (named,) = (line for line in comments if line.startswith("# columns:"))
    columns = named.removeprefix("# columns: ").split("\t")
    rows = []
    for line in lines[len(comments) :]:
        cells = line.split("\t")
        assert len(cells) == len(columns), line
        rows.append(dict(zip(columns, cells, strict=True)))
    return comments, columns, rows


def test_tortured_terms_are_shipped():
    assert TORTURED in LEXICONS
    assert len(read(TORTURED)[2]) >= 400


@by_file
def test_header(path):
    comments, columns, rows = read(path)
    assert comments[0] == HEADER
    assert any("MIT" in comment for comment in comments)
    assert columns[:2] == ["spun", "original"]
    learned = ["count", "log_channel", "families"]
    assert columns[2:] in (["weight", "source"], ["odds", "source"], ["families"], learned)
    assert rows


@by_file
def test_rows_are_sorted_and_unique(path):
    keys = [(row["spun"], row["original"]) for row in read(path)[2]]
    assert [(a, b) for a, b in pairwise(keys) if a >= b] == []


@by_file
def test_sides_are_short_lower_case_norms_without_digits(path):
    for row in read(path)[2]:
        for side in (row["spun"], row["original"]):
            norms = side.split(" ") if side else []
            assert len(norms) <= MAX_TOKENS, row
            assert all(norm == "'s" or phrase_norms(norm) == (norm,) for norm in norms), row
            assert not re.search(r"\d", side), row
        assert row["spun"], row


@by_file
def test_only_learned_rows_map_to_themselves(path):
    """Learned lexicons count how often a phrase was left alone, hand-written ones cannot."""
    _, columns, rows = read(path)
    same = [row for row in rows if row["spun"] == row["original"]]
    assert "families" in columns or same == []


@by_file
def test_numbers_are_in_range(path):
    _, columns, rows = read(path)
    for row in rows:
        for name in {"weight", "log_channel"} & set(columns):
            assert -math.inf < float(row[name]) <= 0, row
        if "families" not in columns:
            assert row["source"], row
            continue
        # A phrase that no family ever left alone says so with a row without counts.
        assert row["families"] or row["spun"] == row["original"], row
        for field in row["families"].split():
            counts = re.fullmatch(r"[A-Z]:(\d+)/(\d+)", field)
            assert counts, row
            assert 0 < int(counts[1]) <= int(counts[2]), row


def test_no_tortured_phrase_stands_in_clean_text():
    cases = json.loads((ROOT / "fixtures/cases/negative.json").read_text(encoding="utf-8"))
    phrases = {tuple(row["spun"].split(" ")) for row in read(TORTURED)[2]}
    longest = max(map(len, phrases))
    for case in cases:
        norms = phrase_norms(QUOTED.sub('"', case["text"]))
        runs = {
            norms[start : start + length]
            for start in range(len(norms))
            for length in range(1, longest + 1)
        }
        assert phrases & runs == set(), case["label"]


def test_tortured_phrases_stand_in_quotation_marks_too():
    """Negatives that mention such phrases exist, or the test above proves nothing."""
    cases = json.loads((ROOT / "fixtures/cases/negative.json").read_text(encoding="utf-8"))
    text = " ".join(case["text"] for case in cases)
    mentioned = [row for row in read(TORTURED)[2] if row["spun"] in text]
    assert len(mentioned) >= 3
