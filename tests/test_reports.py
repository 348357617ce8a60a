"""Reports are pure functions of a restoration, and keep their contracts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

import unspin.report
from tiny_restorer import PHRASES, TinyRestorer
from unspin.records import EditKind, Restoration
from unspin.report import plain, terminal
from unspin.report.jsonlines import check_lines, restoration_line
from unspin.report.positions import Positions, quoted, shortened, visible
from unspin.report.sarif import SPUN_DOCUMENT, artifact_uri, sarif_log
from unspin.settings import Settings

TEXT = "😀 being mature\r\nin interrogate,\n\ninfo image\nstarted started"
SCHEMA = json.loads(
    (Path(unspin.report.__file__).parent / "schema.json").read_text(encoding="utf-8")
)
ARTICLES = st.lists(
    st.sampled_from(
        [*(p[0] for p in PHRASES), "-", "--- a", "+", "\n", "\r\n", "\r", " ", "é", "@@"]
    ),
    max_size=25,
).map("".join)


def restored(text: str = TEXT) -> Restoration:
    return TinyRestorer(Settings()).restore(text)


@pytest.fixture
def validator() -> Any:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return jsonschema.Draft202012Validator(SCHEMA)


def test_positions_count_code_points_and_all_line_ends() -> None:
    positions = Positions("😀a\r\nb\rc\nd")
    places = [positions.line_column(offset) for offset in (0, 1, 4, 6, 8, 9)]
    assert places == [(1, 1), (1, 2), (2, 1), (3, 1), (4, 1), (4, 2)]


def test_what_is_printed_is_one_line() -> None:
    assert visible("a\tb\u202ec\x9b") == "a\\tb\\u202ec\\x9b"
    assert quoted("a\nb") == '"a\\nb"'
    assert shortened("x" * 100, 11) == "xxxxx…xxxxx"


def test_verdict_and_findings() -> None:
    found = restored()
    assert plain.verdict(found) == (
        "spun 0.99, 25 % of words, family A, 2 edits, 1 suggestion, 1 finding"
    )
    assert [line.split(" ")[0] for line in plain.finding_lines("a.txt", found)] == [
        "a.txt:1:9:",
        "a.txt:2:4:",
        "a.txt:4:1:",
        "a.txt:5:1:",
    ]


def test_json_lines_match_the_schema(validator: Any) -> None:
    found = restored()
    lines = [restoration_line("a.txt", found), *check_lines("a.txt", found)]
    records = [json.loads(line) for line in lines]
    for record in records:
        validator.validate(record)
    assert [record["type"] for record in records] == [
        "restoration", "edit", "suggestion", "finding", "edit", "verdict"
    ]  # fmt: skip
    assert all("\n" not in line for line in lines)


def test_schema_is_strict(validator: Any) -> None:
    for line in [restoration_line("a.txt", restored()), *check_lines("a.txt", restored())]:
        record = json.loads(line)
        assert not validator.is_valid({**record, "colour": "red"})
        assert not validator.is_valid({k: v for k, v in record.items() if k != "path"})
        assert not validator.is_valid({**record, "type": "other"})


def test_schema_knows_every_kind() -> None:
    assert SCHEMA["$defs"]["kind"]["enum"] == [kind.value for kind in EditKind]


def test_json_restores_the_record() -> None:
    found = restored()
    assert Restoration.from_dict(json.loads(restoration_line("a.txt", found))) == found


def test_sarif() -> None:
    log = json.loads(sarif_log([("press/a b.txt", restored())]))
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert (log["version"], run["columnKind"]) == ("2.1.0", "unicodeCodePoints")
    assert [rule["id"] for rule in rules] == [SPUN_DOCUMENT, *(kind.value for kind in EditKind)]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"] == {"uri": "press/a%20b.txt"}
    document, first, suggestion, finding, _ = run["results"]
    assert document["ruleId"] == SPUN_DOCUMENT
    region = {
        "startLine": 1, "startColumn": 9, "endLine": 1, "endColumn": 15,
        "charOffset": 8, "charLength": 6,
    }  # fmt: skip
    assert first["locations"][0]["physicalLocation"]["region"] == region
    replacement = first["fixes"][0]["artifactChanges"][0]["replacements"][0]
    assert replacement == {"deletedRegion": region, "insertedContent": {"text": "used"}}
    assert (first["level"], suggestion["level"], finding["level"]) == ("warning", "note", "note")
    assert "fixes" not in finding


def test_sarif_of_nothing_and_of_a_failed_run() -> None:
    run = json.loads(sarif_log([], complete=False))["runs"][0]
    assert run["results"] == []
    assert run["invocations"] == [{"executionSuccessful": False}]


def test_sarif_summary_has_documents_only() -> None:
    run = json.loads(sarif_log([("a.txt", restored())], summary=True))["runs"][0]
    assert [result["ruleId"] for result in run["results"]] == [SPUN_DOCUMENT]


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("a.txt", "a.txt"),
        ("/tmp/ä b.txt", "file:///tmp/%C3%A4%20b.txt"),
        ("c:d.txt", "c%3Ad.txt"),
        ("<stdin>", "stdin"),
        ("caf\udce9.txt", "caf%E9.txt"),
    ],
)
def test_artifact_uri(name: str, uri: str) -> None:
    assert artifact_uri(name) == uri


@given(ARTICLES)
def test_coloured_diff_reads_like_the_plain_one(text: str) -> None:
    found = restored(text)
    expected = "".join(
        "\t".join(map(visible, line.removesuffix("\r").split("\t"))) + "\n"
        for line in plain.file_diff("a.txt", found).split("\n")[:-1]
    )
    assert terminal.coloured_diff("a.txt", found).plain == expected


def test_coloured_diff_marks_the_changed_words() -> None:
    shown = terminal.coloured_diff(
        "a.txt", restored("so\nbeing mature, the least bit\nstarted started")
    )
    marked = [
        shown.plain[span.start : span.end] for span in shown.spans if "reverse" in str(span.style)
    ]
    assert marked == ["mature", "the least bit", "started started", "used", "at all", "started"]


@pytest.mark.parametrize("width", ["10", "200"])
def test_terminals_of_any_width_get_whole_lines(
    monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    found = restored()
    shown = terminal.to_ansi(terminal.findings("a.txt", found) + terminal.verdict("a.txt", found))
    assert shown.count("\n") == 5
    assert Text.from_ansi(shown).plain.splitlines() == [
        *plain.finding_lines("a.txt", found),
        plain.verdict_line("a.txt", found),
    ]
