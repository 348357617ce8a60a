"""check, fix and explain on pages and Markdown: text is judged, markup keeps its bytes."""

from __future__ import annotations

import codecs
import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import unspin
from invoke import run, work_in
from test_batch_pages import all_pages, encoding_of, taken_back
from tiny_restorer import TinyRestorer
from unspin.cli import main
from unspin.commands import options
from unspin.markup import carried
from unspin.records import EditKind, Finding
from unspin.settings import Settings
from unspin.sources import MARKUPS

SEED = Path(__file__).parents[1] / "seeds" / "000_a26bbb09311a0bb2.txt"
PAGE = """<!doctype html>\r
<title>mature</title><script>var x = "mature";</script>
<p>It is\tmature &amp; was
<b>put</b> up, not <i>the least</i> bit <code>mature</code>.</p>
<p class="mature">It started <em>started</em>.
"""
MARKS = {"utf-8": b"", "utf-8-sig": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return work_in(tmp_path, monkeypatch)


def test_pages_without_their_edits_are_the_input(folder: Path) -> None:
    pages = all_pages()
    edited = 0
    for number, page in enumerate(pages):
        (folder / f"{number}.html").write_bytes(page)
        fixed = run("fix", f"{number}.html")
        assert fixed.exit_code == 0, fixed.stderr
        checked = run("check", "--format", "json", f"{number}.html")
        edits = [x for x in map(json.loads, checked.stdout.splitlines()) if x["type"] == "edit"]
        assert taken_back(fixed.stdout_bytes, edits, encoding_of(page)) == page
        assert (fixed.stdout_bytes != page) == bool(edits)
        edited += bool(edits)
    assert edited >= 18


def test_a_batch_writes_the_same(folder: Path) -> None:
    (folder / "in").mkdir()
    for number, page in enumerate(all_pages()):
        (folder / "in" / f"{number}.html").write_bytes(page)
    assert run("batch", "in", "out", "--workers", "0").exit_code in (0, 3)
    for path in (folder / "in").iterdir():
        if path.read_bytes().strip():
            assert run("fix", str(path)).stdout_bytes == (folder / "out" / path.name).read_bytes()


@pytest.mark.parametrize("encoding", MARKS)
def test_places_are_those_of_the_file(folder: Path, encoding: str) -> None:
    mark = MARKS[encoding]
    data = mark + PAGE.encode(encoding.removesuffix("-sig"))
    (folder / "a.html").write_bytes(data)
    found = [
        json.loads(line)
        for line in run("check", "--format", "json", "a.html").stdout.split("\n")
        if line
    ]
    places = [x for x in found if x["type"] != "verdict"]
    for place in places:
        text = place.get("text") or place["before"]
        assert PAGE[place["start"] : place["end"]] == text
        line = PAGE.split("\n")[place["line"] - 1]
        assert line[place["column"] - 1 :].startswith(text.split("\n")[0])
    assert [(x["line"], x["column"]) for x in places if x["type"] == "edit"] == [
        (2, 8),
        (3, 10),
        (4, 4),
        (4, 12),
    ]
    diff = run("fix", "--diff", "a.html").stdout_bytes.decode()
    assert "\n-<p>It is\tmature &amp; was\n" in diff
    assert "\n+<p>It is\tused &amp; was\n" in diff
    lines = run("explain", "a.html").stdout
    assert 'a.html:3:10: "mature" -> "used"' in lines


def test_an_edit_that_markup_runs_through_is_a_finding(folder: Path) -> None:
    (folder / "a.html").write_text(PAGE, newline="")
    lines = run("check", "a.html").stdout.splitlines()
    assert lines[2:6] == [
        'a.html:4:4: synonym: "put" -> "café" (0.90)',
        'a.html:4:12: synonym: "up" -> "post" (0.90)',
        'a.html:4:23: synonym: "the least</i> bit" (perhaps "at all") (0.97)',
        'a.html:5:22: doubled: "started <em>started" (perhaps "started") (0.99)',
    ]
    assert lines[6].endswith(", 4 edits, 2 findings")
    fixed = PAGE.replace("<title>mature", "<title>used").replace("\tmature", "\tused")
    fixed = fixed.replace("<b>put</b> up", "<b>café</b> post")
    assert run("fix", "a.html").stdout_bytes == fixed.encode()


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("a.md", "---\ntitle: mature\n---\n# It is **mature**\n\n`mature` [put up](mature.md)\n",
         "---\ntitle: mature\n---\n# It is **used**\n\n`mature` [café post](mature.md)\n"),
        ("a.markdown", "    mature\n\n> is\r\n> mature", "    mature\n\n> is\r\n> used"),
        ("a.HTM", "<p title=mature>mature &lt;mature&gt;", "<p title=mature>used &lt;used&gt;"),
        ("a.xhtml", "<p>mature<br/><pre>mature</pre>", "<p>used<br/><pre>mature</pre>"),
        ("a.html", "", ""),
        ("html", "<p title=mature>", "<p title=used>"),
        ("a.txt", "<p title=mature>", "<p title=used>"),
    ],
)  # fmt: skip
def test_every_ending(folder: Path, name: str, before: str, after: str) -> None:
    (folder / name).write_bytes(before.encode())
    assert run("fix", "--write", name).exit_code == 0
    assert (folder / name).read_bytes() == after.encode()
    (folder / name).write_bytes(before.encode())
    assert run("fix", "--output-dir", "out", name).exit_code == 0
    assert (folder / "out" / name).read_bytes() == after.encode()


def test_the_encoding_is_the_one_that_the_page_declares(folder: Path) -> None:
    page = b"<meta charset=windows-1252><p>caf\xe9 \x93put up\x94</p>"
    (folder / "a.html").write_bytes(page)
    result = run("fix", "a.html")
    assert result.stdout_bytes == page.replace(b"put up", b"caf\xe9 post")
    assert result.stderr == ""
    (folder / "b.html").write_bytes(page.replace(b"windows-1252", b"utf-8"))
    assert "b.html is not all UTF-8 (3 bytes kept as found)" in run("check", "b.html").stderr


@pytest.mark.parametrize("command", [["check"], ["fix", "--write"], ["explain"]])
@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.csv", "a.tsv", "a.parquet"])
def test_datasets_are_for_batch(folder: Path, command: list[str], name: str) -> None:
    data = b'{"text": "is mature"}\n'
    if name.endswith(".gz"):
        data = gzip.compress(data)
    (folder / name).write_bytes(data)
    result = run(*command, name)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        f"Error: {name} holds many articles: use unspin batch {name} OUT, which restores each\n"
    )
    assert (folder / name).read_bytes() == data


def test_other_files_go_on_after_a_dataset(folder: Path) -> None:
    (folder / "a.csv").write_text("text\nmature\n")
    (folder / "b.html").write_text("<p>mature")
    result = run("check", "--summary", "a.csv", "b.html", "missing.html")
    assert result.stdout.startswith("b.html: spun")
    assert "missing.html does not exist" in result.stderr
    assert result.exit_code == 3


def test_standard_input_is_plain_text() -> None:
    result = CliRunner().invoke(main, ["fix"], input="<p title=mature>", prog_name="unspin")
    assert result.stdout == "<p title=used>"


def test_findings_move_with_their_words() -> None:
    view = MARKUPS["html"]("<p>a &amp;<b>info</b> image&nbsp;</p>")
    found = TinyRestorer(Settings()).restore(view.text)
    finding = Finding(2, len(view.text), view.text[2:], EditKind.BOILERPLATE, 0.9)
    nowhere = Finding(2, 3, "&", EditKind.BOILERPLATE, 0.9)
    moved = carried(replace(found, findings=(nowhere, finding)), view)
    assert [(f.start, f.text) for f in moved.findings] == [(13, "info</b> image")]
    assert moved.source == moved.text == view.raw


def test_a_page_made_of_the_seed_gets_the_edits_of_its_text(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "build_restorer", unspin.Restorer)
    paragraphs = [p for p in SEED.read_text(encoding="utf-8").split("\n") if p.strip()]
    body = "\n".join(f'<p class="mature">{p}</p><hr title="put up">' for p in paragraphs)
    page = f"<!doctype html><html><head><title></title></head><body>\n{body}\n</body></html>\n"
    (folder / "a.html").write_text(page, encoding="utf-8")
    (folder / "a.txt").write_text("\n\n".join(paragraphs), encoding="utf-8")
    settings = ("--ranker", "features")

    def edits(name: str) -> list[tuple[str, str]]:
        lines = run("check", "--format", "json", *settings, name).stdout.splitlines()
        found = [x for x in map(json.loads, lines) if x["type"] == "edit"]
        return [(x["before"], x["after"]) for x in found]

    assert len(edits("a.html")) > 50
    assert edits("a.html") == edits("a.txt")
    fixed = run("fix", *settings, "a.html").stdout
    assert fixed.count('<p class="mature">') == len(paragraphs)
    assert fixed.count('<hr title="put up">') == len(paragraphs)
    assert fixed != page
