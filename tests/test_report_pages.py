"""The payload and the pages of unspin report, the batch's figures, and SARIF's own schema."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tiny_restorer import PHRASES, TinyRestorer
from unspin.cli import main
from unspin.commands import options
from unspin.corpus import read_corpus
from unspin.edits import apply_edits
from unspin.records import EditKind, Finding
from unspin.report.charts import histogram, stacked
from unspin.report.corpus import corpus_page
from unspin.report.page import review_page
from unspin.report.review import ReviewArticle, ReviewFile, review_payload
from unspin.report.sarif import sarif_log
from unspin.settings import Settings
from unspin.sources import MARKUPS

SARIF = Path(__file__).parents[1] / "fixtures" / "sarif" / "sarif-2.1.0.json"
RESTORE = TinyRestorer(Settings()).restore
TEXTS = st.lists(
    st.sampled_from(
        [*(p[0] for p in PHRASES), " ", "\n\n", "\r\n", "info image", "\n", "é😀", "<b>"]
    )
).map("".join)


def article(text: str, markup: str = "text", path: str = "a.txt") -> ReviewArticle:
    view = MARKUPS[markup](text)
    file = ReviewFile(path, hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest())
    return ReviewArticle(file, "", "", view, RESTORE(view.text))


def body(text: str, markup: str = "text") -> dict[str, Any]:
    found: dict[str, Any] = review_payload([article(text, markup)])["articles"][0]["body"]
    return found


@given(TEXTS)
def test_gaps_and_items_are_the_whole_text(text: str) -> None:
    found = body(text)
    gaps, items = found["gaps"], found["items"]
    assert len(gaps) == len(items) + 1
    pieces = [gaps[0]]
    for item, gap in zip(items, gaps[1:], strict=True):
        pieces += (item["before"], gap)
    assert "".join(pieces) == text
    assert all(text[item["start"] : item["end"]] == item["before"] for item in items)


@pytest.mark.parametrize(
    ("markup", "raw"),
    [
        ("html", "<p>It is <b>mature</b> &amp; the <i>least</i> bit of\r\nit</p>"),
        ("markdown", "It is **mature** in `mature` [put up](http://x.org)."),
    ],
)
def test_raw_gaps_and_words_are_the_whole_markup(markup: str, raw: str) -> None:
    found = body(raw, markup)
    gaps = iter(found["raw"])
    pieces = [next(gaps)]
    for item in found["items"]:
        for word in item["raw"]:
            pieces += (word, next(gaps))
    assert "".join(pieces) == raw
    assert list(gaps) == []
    assert found["items"][0]["raw"] == ["mature"]


def test_items_never_overlap_and_say_what_they_hide() -> None:
    text = "a mature put up"
    found = RESTORE(text)
    words = Finding(2, 15, "mature put up", EditKind.OPEN, 0.9)
    early = replace(found.edits[0], start=0, before="a mature", after="a ripe", confidence=0.2)
    crowded = replace(found, findings=(words,), suggestions=(early,))
    shown = replace(article(text), restoration=crowded)
    items = review_payload([shown])["articles"][0]["body"]["items"]
    assert [(item["level"], item["before"]) for item in items] == [
        ("edit", "mature"),
        ("edit", "put up"),
    ]
    assert items[0]["notes"] == [
        "suggestion, synonym: 'a mature' -> 'a ripe' (0.20)",
        "finding, open: 'mature put up' (0.90)",
    ]


def test_pairs_count_places_and_articles() -> None:
    payload = review_payload([article("mature Mature mature"), article("mature, put up", path="b")])
    (pair,) = payload["pairs"]
    assert (pair["places"], pair["articles"], pair["edits"]) == (3, 2, 3)
    numbers = [item["pair"] for a in payload["articles"] for item in a["body"]["items"]]
    assert numbers == [0, 0, 0, None]


def test_the_policy_names_exactly_what_the_page_holds() -> None:
    page = review_page(review_payload([article("mature")]), "<a>").decode("utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")
    for tag, kind in (("style", "style-src"), ("script", "script-src")):
        (source,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy[1]
    assert "<title>&lt;a&gt;</title>" in page
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", page)


def test_the_same_articles_give_the_same_page() -> None:
    assert review_page(review_payload([article("mature")]), "a") == review_page(
        review_payload([article("mature")]), "a"
    )


# --- The command -----------------------------------------------------------------


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(options, "build_restorer", TinyRestorer)
    return tmp_path


def run(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, args, prog_name="unspin")
    return result.exit_code, result.stderr


def payload_of(page: Path) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    payload: dict[str, Any] = json.loads(found[1])
    return payload


def test_folders_datasets_and_files_without_an_ending(tiny: Path) -> None:
    (tiny / "in").mkdir()
    (tiny / "in" / "a.txt").write_text("mature", encoding="utf-8")
    (tiny / "in" / "b.jsonl").write_text('{"body": "mature"}\n\n{"body": "put up"}\n', "utf-8")
    (tiny / "README").write_text("mature", encoding="utf-8")
    for _ in range(2):  # the page itself is no article
        told = run("report", "in", "README", "in", "-o", "in/r.html")
        assert told == (0, "in/r.html: 4 articles\n")
    payload = payload_of(tiny / "in" / "r.html")
    assert [file["path"] for file in payload["files"]] == ["in/a.txt", "in/b.jsonl", "README"]
    assert [(a["id"], a["field"]) for a in payload["articles"]] == [
        ("", ""),
        ("1", "body"),
        ("3", "body"),
        ("", ""),
    ]


def test_files_elsewhere_are_named_from_the_folder_that_holds_them(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("x/a.txt", "y/b.txt"):
        (tiny / name).parent.mkdir()
        (tiny / name).write_text("mature", encoding="utf-8")
    (tiny / "z").mkdir()
    monkeypatch.chdir(tiny / "z")
    status, told = run("report", "../x/a.txt", str(tiny / "y" / "b.txt"), "-o", "r.html")
    assert status == 0
    assert told.endswith(f"--root {tiny}\n")
    page = tiny / "z" / "r.html"
    assert [file["path"] for file in payload_of(page)["files"]] == ["x/a.txt", "y/b.txt"]
    assert str(tiny) not in page.read_text(encoding="utf-8")


def test_a_file_that_cannot_be_read_is_told_and_the_rest_is_reported(tiny: Path) -> None:
    (tiny / "a.txt").write_text("mature", encoding="utf-8")
    (tiny / "b.jsonl").write_text("no json\n", encoding="utf-8")
    status, told = run("report", "none.txt", "a.txt", "b.jsonl", "-o", "r.html")
    assert status == 3
    assert told.splitlines()[0].startswith("Error: none.txt does not exist")
    assert told.splitlines()[1].startswith("Error: b.jsonl: line 1 is not a JSON object")
    assert told.endswith("r.html: 1 article\n")


@pytest.mark.parametrize(
    "args",
    [[], ["-"], ["a.txt", "--corpus", "m.jsonl"], ["a.txt", "--csv", "c.csv"]],
)
def test_wrong_usage(tiny: Path, args: list[str]) -> None:
    assert run("report", *args, "-o", "r.html")[0] == 2
    assert not (tiny / "r.html").exists()


# --- A batch ------------------------------------------------------------------------


def manifest(folder: Path, action: str = "fix", in_place: bool = False) -> Path:
    """A manifest as a batch of a dataset and a folder leaves it, with its output."""
    lines = [{"type": "run", "root": "../in", "in_place": in_place, "action": action}]
    lines[0] |= {"fields": [], "encoding": None}
    rows = [
        ("news.jsonl:1", "edited", 0.99, 0.3, "A", 2),
        ("news.jsonl:2", "unchanged", 0.01, 0.0, None, 0),
        ("x.org/2018/06/a.txt", "edited", 0.9, 0.2, "B", 1),
        ("x.org/2018/06/a.txt", "edited", 0.8, 0.2, "C", 1),
    ]
    for name, status, score, rate, family, edits in rows:
        path = name.partition(":")[0]
        entry = {"type": "article", "path": path, "id": name, "status": status, "edits": edits}
        lines.append({**entry, "spin_score": score, "spin_rate": rate, "spinner": family})
    lines.append({"type": "article", "path": "b", "id": "b", "status": "skipped", "reason": "why"})
    names = ("news.jsonl", "x.org/2018/06/a.txt", "b")
    lines += [{"type": "file", "path": path, "status": "done"} for path in names]
    files = {
        "in/news.jsonl": '{"text": "is mature at mature", "url": "https://www.y.org/a", '
        '"date": "2019-02-03"}\n{"text": "clean"}\n',
        "in/x.org/2018/06/a.txt": "they put up it",
        "out/news.jsonl": '{"text": "is used at used", "url": "https://www.y.org/a"}\n'
        '{"text": "clean"}\n',
        "out/x.org/2018/06/a.txt": "they post it",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    target = folder / "out" / "unspin-manifest.jsonl"
    target.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return target


def test_a_batch_is_read_with_sites_months_and_substitutions(tmp_path: Path) -> None:
    corpus = read_corpus(manifest(tmp_path))
    assert [(a.id, a.site, a.month, a.family) for a in corpus.articles] == [
        ("news.jsonl:1", "y.org", "2019-02", "A"),
        ("news.jsonl:2", "", "", None),
        ("x.org/2018/06/a.txt", "x.org", "2018-06", "C"),
        ("b", "", "", None),
    ]
    assert corpus.pairs == {("mature", "used"): 2, ("put up", "post"): 1}
    assert corpus.compared == 2


def test_a_batch_whose_texts_are_gone_has_figures_all_the_same(tmp_path: Path) -> None:
    path = manifest(tmp_path)
    (tmp_path / "out" / "news.jsonl").unlink()
    (tmp_path / "in").rename(tmp_path / "away")
    corpus = read_corpus(path)
    assert (corpus.pairs, corpus.compared, len(corpus.articles)) == ({}, 0, 4)
    assert "0 of 2 edited articles" in corpus_page(corpus).decode()


def test_the_corpus_command_writes_page_and_table(tiny: Path) -> None:
    path = manifest(tiny)
    told = run("report", "--corpus", str(path), "-o", "c.html", "--csv", "c.csv")
    assert told == (0, "")
    rows = list(csv.DictReader(io.StringIO((tiny / "c.csv").read_text(encoding="utf-8"))))
    assert [row["id"] for row in rows][-1] == "b"
    assert rows[0]["spin_score"] == "0.99"
    assert rows[-1] == dict.fromkeys(rows[0], "") | {
        "id": "b", "status": "skipped", "reason": "why", "edits": "0", "suggestions": "0",
        "findings": "0",
    }  # fmt: skip
    page = (tiny / "c.html").read_text(encoding="utf-8")
    assert "2 spun (67 %)" in page
    assert "<script" not in page
    assert "2019-02" in page


def test_charts_count_right() -> None:
    chart = histogram([0.0, 0.04, 0.5, 1.0])
    assert chart.count("<rect") == 3
    assert "2 from 0.00, 1 from 0.50, 1 from 0.95" in chart
    columns = stacked([("2018", [0.5, 0.25], 4)], ["A", "<b>"])
    assert "2018: A 50%, &lt;b&gt; 25%" in columns
    assert histogram([]).startswith("<svg")


# --- SARIF --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sarif_schema() -> Any:
    schema = json.loads(SARIF.read_text(encoding="utf-8"))
    return jsonschema.validators.validator_for(schema)(schema)


@pytest.mark.parametrize("summary", [False, True])
@pytest.mark.parametrize("names", [[], ["a.txt"], ["a b.txt", "/tmp/ä.txt", "<stdin>"]])
def test_sarif_is_valid_by_its_schema(sarif_schema: Any, names: list[str], summary: bool) -> None:
    text = "😀 being mature\r\nin interrogate,\n\ninfo image\nstarted started"
    log = json.loads(sarif_log([(name, RESTORE(text)) for name in names], summary=summary))
    sarif_schema.validate(log)
    if names and not summary:
        log["runs"][0]["results"][0]["colour"] = "red"
        assert not sarif_schema.is_valid(log)


@given(TEXTS)
def test_applying_every_item_of_the_page_is_the_restoration(text: str) -> None:
    restoration = RESTORE(text)
    edits = [item for item in body(text)["items"] if item["level"] == "edit"]
    assert [item["after"] for item in edits] == [edit.after for edit in restoration.edits]
    assert apply_edits(text, restoration.edits) == restoration.text
