"""Decisions: read, applied to every format, learned from, and left alone by the next run."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

import unspin
import unspin.report
from components import need
from tiny_restorer import TinyRestorer
from unspin.cli import main
from unspin.commands import options
from unspin.decisions import (
    CHANGED,
    NO_ARTICLE,
    NO_WAY_BACK,
    OUTSIDE,
    learn,
    prepare,
    read_decisions,
)
from unspin.errors import InputError
from unspin.lexicon import HEADER, SpinLexicon
from unspin.records import EditKind
from unspin.sources import ReadOptions, open_source

SCHEMA = json.loads(
    (Path(unspin.report.__file__).parent / "decisions.schema.json").read_text(encoding="utf-8")
)
SEED = Path(__file__).parents[1] / "seeds" / "000_a26bbb09311a0bb2.txt"
TEXT = "It is mature and\r\nmature, caf\xe9 \u201cput up\u201d."


def decision(text: str, before: str, after: str | None, **more: Any) -> dict[str, Any]:
    """A decision about the first place of ``before``; without ``after`` it is rejected."""
    start = text.index(before)
    return {
        "start": start,
        "end": start + len(before),
        "before": before,
        "after": before if after is None else after,
        "decision": "rejected" if after is None else "accepted",
        "proposed": "used",
        "confidence": 0.9,
        "kind": "synonym",
        "everywhere": False,
    } | more


def write_decisions(
    folder: Path, path: str, decisions: list[dict[str, Any]], id_: str = "", field: str = ""
) -> Path:
    """A decisions file about a file of the folder, valid by the schema."""
    file = folder / path
    data = file.read_bytes() if file.is_file() else b""
    articles = [{"id": id_, "field": field, "decisions": decisions}]
    document = {
        "type": "decisions",
        "version": 1,
        "unspin": "0.1.0",
        "files": [
            {
                "path": path,
                "sha256": hashlib.sha256(data).hexdigest(),
                "encoding": None,
                "articles": articles,
            }
        ],
    }
    jsonschema.validate(document, SCHEMA)
    target = folder / "decisions.json"
    target.write_text(json.dumps(document), encoding="utf-8")
    return target


def run(*args: str) -> Result:
    return CliRunner().invoke(main, args, prog_name="unspin")


def applied(folder: Path, decisions: Path) -> None:
    result = run("apply", str(decisions), "--root", str(folder))
    assert (result.exit_code, result.stdout) == (0, ""), result.stderr


def test_schema_is_one_and_knows_every_kind() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    kinds = SCHEMA["$defs"]["decision"]["properties"]["kind"]["enum"]
    assert kinds == [kind.value for kind in EditKind]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_only_accepted_edits_are_made_and_all_else_keeps_its_bytes(
    tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(TEXT.encode(encoding))
    chosen = [decision(TEXT, "mature", "used"), decision(TEXT, "put up", None)]
    applied(tmp_path, write_decisions(tmp_path, "a.txt", chosen))
    assert path.read_bytes() == TEXT.replace("mature", "used", 1).encode(encoding)


def test_a_name_without_a_known_ending_is_text_and_broken_bytes_stay(tmp_path: Path) -> None:
    path = tmp_path / "ARTICLE"
    path.write_bytes(b"caf\xe9 is mature\n")
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    applied(tmp_path, write_decisions(tmp_path, "ARTICLE", [decision(text, "caf\udce9 is", "was")]))
    assert path.read_bytes() == b"was mature\n"


@pytest.mark.parametrize(
    ("name", "before", "after", "id_", "field"),
    [
        ("a.md", "It is **mature** `mature`\n", "It is **<used>** `mature`\n", "", ""),
        ("a.html", "<p>It is <b>mature</b>", "<p>It is <b>&lt;used&gt;</b>", "", ""),
        ("a.jsonl", '{"text":  "is mature \\u00e9"}\n', '{"text":  "is <used> \\u00e9"}\n', "1",
         "text"),
        ("a.csv", "id,body\r\n1,is mature\r\n", "id,body\r\n1,is <used>\r\n", "2", "body"),
    ],
)  # fmt: skip
def test_every_source_format(
    tmp_path: Path, name: str, before: str, after: str, id_: str, field: str
) -> None:
    path = tmp_path / name
    path.write_bytes(before.encode())
    shown = "It is mature" if not field else "is mature"
    chosen = [decision(shown, "mature", "<used>")]
    applied(tmp_path, write_decisions(tmp_path, name, chosen, id_, field))
    assert path.read_bytes() == after.encode()


@pytest.mark.parametrize("packing", ["gz", "zst"])
def test_a_compressed_dataset(tmp_path: Path, packing: str) -> None:
    if packing == "zst":
        zstandard = need("zstandard")
        pack = zstandard.ZstdCompressor().compress
        unpack = zstandard.ZstdDecompressor().decompressobj().decompress
    else:
        pack, unpack = gzip.compress, gzip.decompress
    path = tmp_path / f"a.jsonl.{packing}"
    path.write_bytes(pack(b'{"text": "clean"}\n{"n": 1.0,  "text": "is mature"}\n'))
    chosen = [decision("is mature", "mature", "used")]
    applied(tmp_path, write_decisions(tmp_path, path.name, chosen, "2", "text"))
    assert unpack(path.read_bytes()) == b'{"text": "clean"}\n{"n": 1.0,  "text": "is used"}\n'


def test_a_table_of_columns(tmp_path: Path) -> None:
    arrow = need("pyarrow")
    parquet = need("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    rows = {
        "n": arrow.array([1, None, 3], arrow.int8()),
        "body": ["clean", "is mature, caf\u00e9", None],
        "title": ["mature", "mature", "mature"],
    }
    table = arrow.table(rows).replace_schema_metadata({"made": "by hand"})
    parquet.write_table(table, path, row_group_size=2, compression="zstd")
    schema = parquet.read_schema(path)
    chosen = [decision("is mature, caf\u00e9", "mature", "used")]
    applied(tmp_path, write_decisions(tmp_path, "a.parquet", chosen, "2", "body"))
    with parquet.ParquetFile(path) as file:
        assert file.schema_arrow.equals(schema, check_metadata=True)
        assert [file.metadata.row_group(n).num_rows for n in range(2)] == [2, 1]
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"
        assert file.read().to_pydict() == {
            "n": [1, None, 3],
            "body": ["clean", "is used, caf\u00e9", None],
            "title": ["mature", "mature", "mature"],
        }


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl.zst"])
def test_decisions_of_a_report_of_a_dataset_are_applied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The whole way: what the page holds of the file is what apply takes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(options, "build_restorer", TinyRestorer)
    texts = ["It is clean.", "It is mature.", "", "They put up with it."]
    if name.endswith(".zst"):
        lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
        (tmp_path / name).write_bytes(need("zstandard").ZstdCompressor().compress(lines.encode()))
    else:
        table = need("pyarrow").table({"text": texts})
        need("pyarrow.parquet").write_table(table, tmp_path / name)
    assert run("report", name, "-o", "page.html").exit_code == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    digest = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    assert digest in page
    chosen = [decision("It is mature.", "mature", "used")]
    applied(tmp_path, write_decisions(tmp_path, name, chosen, "2", "text"))
    read = ReadOptions(("text",))
    found = [record.texts["text"] for record in open_source(tmp_path / name, read).records()]
    assert found == ["It is clean.", "It is used.", "", "They put up with it."]
    again = run("apply", "decisions.json")
    assert again.exit_code == 3
    assert CHANGED.format(path=name) in again.stderr


def test_words_that_markup_runs_through(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("<p>the <b>least</b> bit &amp; more", encoding="utf-8")
    text = "the least bit & more"
    target = write_decisions(tmp_path, "a.html", [decision(text, "least bit", "most part")])
    applied(tmp_path, target)
    assert path.read_text(encoding="utf-8") == "<p>the <b>most</b> part &amp; more"
    text = "the most part & more"
    target = write_decisions(tmp_path, "a.html", [decision(text, "most part", "all")])
    with pytest.raises(InputError) as caught:
        prepare(read_decisions(target), tmp_path)
    assert str(caught.value) == NO_WAY_BACK.format(path="a.html", before="most part", after="all")


def test_a_changed_file_is_refused_and_no_other_is_written(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(TEXT, encoding="utf-8", newline="")
    target = write_decisions(tmp_path, "a.txt", [decision(TEXT, "mature", "used")])
    document = json.loads(target.read_text(encoding="utf-8"))
    document["files"].append({**document["files"][0], "path": "b.txt"})
    target.write_text(json.dumps(document), encoding="utf-8")
    (tmp_path / "b.txt").write_text(TEXT + "!", encoding="utf-8", newline="")
    before = (tmp_path / "a.txt").read_bytes()
    result = run("apply", str(target), "--root", str(tmp_path))
    assert (result.exit_code, result.stderr) == (3, f"Error: {CHANGED.format(path='b.txt')}\n")
    assert (tmp_path / "a.txt").read_bytes() == before


@pytest.mark.parametrize(
    "path", ["../a.txt", "x/../../a.txt", "/etc/hostname", "c:a.txt", "x\\..\\a.txt", "link/a.txt"]
)
def test_paths_do_not_lead_out_of_the_root(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "a.txt").write_text("mature", encoding="utf-8")
    (root / "link").symlink_to(tmp_path)
    target = write_decisions(root, path, [decision("mature", "mature", "used")])
    with pytest.raises(InputError) as caught:
        prepare(read_decisions(target), root)
    assert str(caught.value) == OUTSIDE.format(path=path, root=root)
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "mature"


def test_dry_run_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8", newline="")
    before = (tmp_path / "a.txt").read_bytes()
    target = write_decisions(tmp_path, "a.txt", [decision(TEXT, "mature", "used")])
    result = run("apply", str(target), "--root", str(tmp_path), "--dry-run")
    assert (result.exit_code, result.stderr) == (
        0,
        f"would rewrite {tmp_path / 'a.txt'}: 1 edit\n",
    )
    assert (tmp_path / "a.txt").read_bytes() == before


def test_an_article_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "is mature"}\n', encoding="utf-8")
    chosen = [decision("is mature", "mature", "used")]
    target = write_decisions(tmp_path, "a.jsonl", chosen, "7", "text")
    with pytest.raises(InputError) as caught:
        prepare(read_decisions(target), tmp_path)
    assert str(caught.value) == NO_ARTICLE.format(path="a.jsonl", article="7")


@pytest.mark.parametrize(
    "content",
    [
        b"\xff",
        b"[",
        b"[]",
        b'{"type": "other"}',
        b'{"type": "decisions", "version": 2, "files": []}',
        b'{"type": "decisions", "version": 1, "files": [1]}',
        b'{"type": "decisions", "version": 1}',
        b'{"type": "decisions", "version": 1, "files": {}}',
    ],
)
def test_what_is_no_decisions_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "d.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a decisions file"):
        read_decisions(path)


@pytest.mark.parametrize(
    "wrong", [{"start": -1}, {"end": "9"}, {"decision": "maybe"}, {"kind": "x"}, {"after": 3}]
)
def test_a_bad_decision_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    path = write_decisions(tmp_path, "a.txt", [decision(TEXT, "mature", "used")])
    document = json.loads(path.read_text(encoding="utf-8"))
    document["files"][0]["articles"][0]["decisions"][0] |= wrong
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(document)
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match="not a decisions file"):
        read_decisions(path)


def learned(tmp_path: Path, *decisions: dict[str, Any]) -> SpinLexicon:
    (tmp_path / "a.txt").write_text("", encoding="utf-8")
    path = write_decisions(tmp_path, "a.txt", list(decisions))
    output = tmp_path / "user.tsv"
    result = run("learn", "--decisions", str(path), "-o", str(output))
    assert result.exit_code == 0, result.stderr
    assert output.read_text(encoding="utf-8").startswith(HEADER + "\n")
    return SpinLexicon.read([output])


def test_accepted_edits_become_rows_with_counts(tmp_path: Path) -> None:
    lexicon = learned(
        tmp_path,
        decision("Mature", "Mature", "Used"),
        decision("mature", "mature", "used"),
        decision("mature", "mature", "old", proposed="used"),
        decision("an put up", "an put up", "a post", proposed=None),
    )
    assert [(r.original, r.families) for r in lexicon.rules("mature")] == [
        ("used", (("decisions", 2, 2),)),
        ("old", (("decisions", 1, 1),)),
    ]
    assert [r.original for r in lexicon.rules("put up")] == ["post"]


def test_a_rejected_phrase_is_left_alone_with_the_words_inside(tmp_path: Path) -> None:
    lexicon = learned(tmp_path, decision("put up", "put up", None))
    other = tmp_path / "other.tsv"
    other.write_text(
        f"{HEADER}\n# columns: spun\toriginal\tfamilies\n"
        "put\tset\tA:9/9\nput up\tpost\tA:9/9\nput up with\ttolerate\tA:9/9\n"
        "the put\twhere\tA:9/9\nup the\tat\tA:9/9\n",
        encoding="utf-8",
    )
    both = SpinLexicon.read([other, tmp_path / "user.tsv"])
    assert lexicon.rules("put up") == both.rules("put up") == ()
    assert list(both.matches("to put up with and put down".split())) == [
        (1, 4, "put up with"),
        (5, 6, "put"),
    ]
    # What has a word of it and one beside it would change it, too.
    assert list(both.matches("the put up the wall".split())) == []
    assert list(both.matches("the put went up the wall".split())) == [
        *((0, 2, "the put"), (1, 2, "put"), (3, 5, "up the")),
    ]
    words = "to put up with".split()
    assert both.forbids(words, 2, 3, "upwards")
    assert not both.forbids(words, 3, 4, "by")
    assert not SpinLexicon.read([other]).forbids(words, 2, 3, "upwards")


def test_a_rejection_beside_acceptances_is_a_count_and_everywhere_a_rule(tmp_path: Path) -> None:
    first = learned(
        tmp_path,
        decision("mature", "mature", "old", proposed="used"),
        decision("mature", "mature", None),
    )
    (rule,) = first.rules("mature")
    second = learned(
        tmp_path,
        decision("mature", "mature", "old", proposed="used"),
        decision("mature", "mature", None, everywhere=True),
    )
    assert [r.original for r in second.rules("mature")] == ["old"]
    shipped = tmp_path / "shipped.tsv"
    shipped.write_text(
        f"{HEADER}\n# columns: spun\toriginal\tfamilies\nmature\tused\tA:90/99\n", encoding="utf-8"
    )
    both = SpinLexicon.read([shipped, tmp_path / "user.tsv"])
    assert [r.original for r in both.rules("mature")] == ["old"]
    assert both.forbids(["mature"], 0, 1, "used")
    assert not both.forbids(["mature"], 0, 1, "old")
    assert rule.original == "old"


def test_counts_of_several_files_add_up(tmp_path: Path) -> None:
    learned(tmp_path, *[decision("mature", "mature", "used")] * 3)
    shipped = tmp_path / "shipped.tsv"
    shipped.write_text(
        f"{HEADER}\n# columns: spun\toriginal\tfamilies\nmature\tused\tA:2/9\n", encoding="utf-8"
    )
    alone = SpinLexicon.read([shipped]).rules("mature")[0]
    both = SpinLexicon.read([shipped, tmp_path / "user.tsv"]).rules("mature")[0]
    assert both.families == (("A", 2, 9), ("decisions", 3, 3))
    assert both.channel > alone.channel


def test_what_no_lexicon_holds_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("", encoding="utf-8")
    decisions = [
        decision("had had", "had had", None, kind="doubled", proposed="had"),
        decision("mature", "mature", "used"),
    ]
    path = write_decisions(tmp_path, "a.txt", decisions)
    assert learn(read_decisions(path)).not_learnable == ("had had",)
    result = run("learn", "--decisions", str(path), "-o", str(tmp_path / "user.tsv"))
    assert result.stderr.endswith('in unspin.toml: ignore-phrases = ["had had"]\n')


def test_reject_everywhere_learn_and_the_next_run_leaves_it_alone(tmp_path: Path) -> None:
    text = SEED.read_text(encoding="utf-8")
    settings = unspin.Settings(ranker="features")
    edits = unspin.Restorer(settings).restore(text).edits
    places = [edit for edit in edits if edit.before == "put up"]
    assert len(places) > 1
    (tmp_path / "seed.txt").write_text(text, encoding="utf-8")
    rejected = [
        decision(text, "put up", None, proposed=edit.after, everywhere=True)
        | {"start": edit.start, "end": edit.end}
        for edit in places
    ]
    path = write_decisions(tmp_path, "seed.txt", rejected)
    user = tmp_path / "user.tsv"
    assert run("learn", "--decisions", str(path), "-o", str(user)).exit_code == 0
    again = unspin.Restorer(replace(settings, lexicons=(user,))).restore(text)
    for place in places:
        touching = [e for e in again.edits if e.start < place.end and place.start < e.end]
        assert touching == []
    assert len(again.edits) > len(edits) / 2


def test_nothing_to_learn_is_an_error_and_so_are_both_inputs(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("", encoding="utf-8")
    path = str(write_decisions(tmp_path, "a.txt", []))
    output = str(tmp_path / "user.tsv")
    assert run("learn", "--decisions", path, "-o", output).exit_code == 3
    assert run("learn", "--decisions", path, "pairs.jsonl", "-o", output).exit_code == 2
    assert run("learn", "-o", output).exit_code == 2
