"""Importing lists of phrases, checking lexicons, and both commands."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import example, given, settings
from hypothesis import strategies as st

from unspin import Restorer, Settings
from unspin.cli import main
from unspin.errors import DataError, InputError
from unspin.importing import Layout, check_lexicon, import_rows, lexicon_text
from unspin.lexicon import SpinLexicon

ROOT = Path(__file__).parents[1]
LIST = """\
id,tortured,meaning,seen
1,Counterfeit Consciousness,artificial intelligence,12
2,"bosom  peril
",breast cancer,3
3,,nothing,1
4,colossal information,Colossal  Information,2
5,the,a,2
6,one two three four five six seven,too long,1
7,12.5 %,twelve,1
8,counterfeit consciousness,artificial intelligence,1
9,short
10,bell\x07,ring,1

11,in-depth figuring out,deep learning,1
12,needless filler,,1
"""
LAYOUT = Layout("tortured", "meaning")


def call(*args: str | Path, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, [str(a) for a in args], input=stdin, prog_name="unspin")


def test_usable_rows_are_norms_and_sorted() -> None:
    rows = [(row.spun, row.original) for row in import_rows(LIST, LAYOUT, "list").rows]
    assert rows == [
        ("bosom peril", "breast cancer"),
        ("counterfeit consciousness", "artificial intelligence"),
        ("in - depth figuring out", "deep learning"),
        ("needless filler", ""),
    ]


def test_refusals_name_line_and_reason() -> None:
    refused = [(p.line, p.reason) for p in import_rows(LIST, LAYOUT, "list").refused]
    assert refused == [
        (5, "the spun phrase is empty"),
        (6, "both phrases are the same"),
        (7, "the spun phrase is too common a word to stand for another"),
        (8, "the spun phrase has 7 tokens, at most 6 can be used"),
        (9, "the spun phrase has no word"),
        (10, "repeats line 2"),
        (11, "has 2 columns, expected 3"),
        (12, "the spun phrase has control characters"),
    ]


def test_layouts() -> None:
    text = "artificial intelligence; AI;|counterfeit consciousness\n"
    layout = Layout("2", "1", "|", header=False, separator=";")
    rows = import_rows(text, layout, "list").rows
    assert [(r.spun, r.original, r.line) for r in rows] == [
        ("counterfeit consciousness", "ai", 1),
        ("counterfeit consciousness", "artificial intelligence", 1),
    ]


@pytest.mark.parametrize(
    ("text", "layout", "message"),
    [
        ("a,b\n", LAYOUT, r"list: there is no column 'tortured'; the columns are 'a', 'b'"),
        ("", LAYOUT, r"there is no column 'tortured'; the columns are none"),
        ("tortured,tortured,meaning\n", LAYOUT, r"more than one column 'tortured'"),
        ("a,b\n", Layout(header=False), r"give the columns as numbers"),
        ("a,b\n", Layout("0", "1", header=False), r"give the columns as numbers"),
        ('tortured,meaning\na,"b\nc', LAYOUT, r"list: line 2: .*quote cells"),
        ('tortured,meaning\n"a"x,b', LAYOUT, r"list: line 2: "),
    ],
)
def test_unusable_lists(text: str, layout: Layout, message: str) -> None:
    with pytest.raises(InputError, match=message):
        import_rows(text, layout, "list")


def test_a_list_of_refusals_is_an_error() -> None:
    with pytest.raises(DataError, match="nothing to import, 1 lines were refused"):
        import_rows("spun,original\nthe,a\n", Layout(), "list")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=8))
@example([("#A", "")])
def test_whatever_is_imported_passes_the_check(pairs: list[tuple[str, str]]) -> None:
    import csv
    import io

    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([("spun", "original"), *pairs])
    try:
        imported = import_rows(buffer.getvalue(), Layout(), "list")
    except (InputError, DataError):
        return
    assert check_lexicon(lexicon_text(imported.rows)) == []


@pytest.mark.parametrize(
    "name", [p.name for p in (ROOT / "dictionaries/en").glob("*.tsv")
             if p.read_bytes().startswith(b"# unspin lexicon")]
)  # fmt: skip
def test_shipped_lexicons_pass_the_check(name: str) -> None:
    lines = (ROOT / "dictionaries/en" / name).read_text(encoding="utf-8").splitlines(keepends=True)
    assert check_lexicon("".join(lines[:6000])) == []


HEAD = "# unspin lexicon 1\n# columns: spun\toriginal\todds\tfamilies\n"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("spun\toriginal\n", 1, "the first line must be '# unspin lexicon 1'"),
        ("# unspin lexicon 1\na b\tc\n", 2, "no '# columns:' line stands before"),
        ("# unspin lexicon 1\n# columns: original\tspun\n", 2, "first two columns must be"),
        ("# unspin lexicon 1\n# columns: spun\toriginal\tsize\n", 2, "unknown column 'size'"),
        ("# unspin lexicon 1\n# columns: spun\toriginal\todds\todds\n", 2, "named twice"),
        (HEAD, 3, "there are no rows"),
        (HEAD + "mature\tused\t1\t", 3, "the last line has no line end"),
        (HEAD + "mature\tused\n", 3, "has 2 columns, expected 4"),
        (HEAD + "Mature\tused\t1\t\n", 3, "the spun phrase must be written 'mature'"),
        (HEAD + "in-depth\tdeep\t1\t\n", 3, "the spun phrase must be written 'in - depth'"),
        (HEAD + "mature\tused\thigh\t\n", 3, "odds 'high' is not a number"),
        (HEAD + "mature\tused\tnan\t\n", 3, "odds 'nan' is not a number"),
        (HEAD + "mature\tused\t\tA:3\n", 3, "families 'A:3' is not like"),
        (HEAD + "mature\tused\t\tA:3/1\n", 3, "cannot be seen oftener"),
        (HEAD.replace("\tfamilies", "") + "a b\ta b\t1\n", 3, "both phrases are the same"),
        (HEAD.replace("\tfamilies", "") + "the\ta\t1\n", 3, "too common"),
        (HEAD + "mature\tused\t1\t\nmature\tused\t2\t\n", 4, "repeats line 3"),
        (HEAD + "mature\tused\t1\t\nfolks\tpeople\t2\t\n", 4, "rows must be sorted"),
    ],
)
def test_what_the_check_finds(text: str, line: int, reason: str) -> None:
    found = [p for p in check_lexicon(text) if reason in p.reason]
    assert [p.line for p in found] == [line], check_lexicon(text)


def test_rules_that_forbid_and_counts_may_be_common_words() -> None:
    rows = "a\tone\tnever\t\nmature\tmature\tnever\t\nthat\tthat\t\tA:1/5\nthat\twhich\t\tA:1/5\n"
    assert check_lexicon(HEAD + rows) == []


def test_commands(tmp_path: Path) -> None:
    table, lexicon = tmp_path / "list.csv", tmp_path / "mine.tsv"
    table.write_text(LIST, encoding="utf-8")
    columns = ("--spun-column", "tortured", "--original-column", "meaning")
    done = call("lexicon", "import", table, *columns, "-o", lexicon)
    assert done.exit_code == 0, done.stderr
    assert f"4 rows in {lexicon}, 8 refused" in done.stderr
    assert "refused line 10: 'counterfeit consciousness -> artificial" in done.stderr
    assert call("lexicon", "import", table, *columns).stdout_bytes == lexicon.read_bytes()
    assert lexicon.read_text(encoding="utf-8").startswith(
        "# unspin lexicon 1\n# Imported from list.csv.\n"
    )
    checked = call("lexicon", "check", lexicon)
    assert (checked.exit_code, checked.stdout) == (0, "")
    lexicon.write_text("# unspin lexicon 1\nnothing\n", encoding="utf-8")
    checked = call("lexicon", "check", lexicon)
    assert checked.exit_code == 1
    assert checked.stdout == (
        f"{lexicon}, line 2: 'nothing': no '# columns:' line stands before the first row\n"
    )


def test_commands_read_standard_input_and_tabs(tmp_path: Path) -> None:
    done = call("lexicon", "import", "-", "--delimiter", "\\t", stdin=b"spun\toriginal\nx y\tz\n")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.endswith("x y\tz\t6\timported\n")
    table = tmp_path / "list.tsv"
    table.write_bytes(b"\xef\xbb\xbfspun\toriginal\r\nx y\tz\r\n")
    assert call("lexicon", "import", table).stdout.endswith("x y\tz\t6\timported\n")


@pytest.mark.parametrize(
    ("args", "status", "message"),
    [
        (["import", "none.csv"], 3, "none.csv"),
        (["check", "none.tsv"], 3, "none.tsv"),
        (["import", "-", "--delimiter", ";;"], 2, "one character"),
        (["import", "-", "--separator", ""], 2, "give some text"),
        (["import", "-"], 3, "no column 'spun'"),
    ],
)
def test_command_errors(args: list[str], status: int, message: str) -> None:
    done = call("lexicon", *args, stdin=b"a,b\n1,2\n")
    assert done.exit_code == status
    assert message in done.stderr


def test_subcommands_and_options_have_help() -> None:
    group = main.get_command(click.Context(main), "lexicon")
    assert isinstance(group, click.Group)
    for command in group.commands.values():
        assert command.help
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, parameter.name


def test_imported_rows_work_at_once(tmp_path: Path) -> None:
    table, lexicon = tmp_path / "list.csv", tmp_path / "mine.tsv"
    table.write_text("spun,original\nfurry frobnicators,hairy gadgets\n", encoding="utf-8")
    assert call("lexicon", "import", table, "-o", lexicon).exit_code == 0
    assert SpinLexicon.read([lexicon]).rules("furry frobnicators")[0].original == "hairy gadgets"
    (seed,) = (ROOT / "seeds").glob("*.txt")
    text = seed.read_text(encoding="utf-8").rstrip() + " Critics like furry frobnicators.\n"
    without, having = (
        Restorer(Settings(ranker="features", lexicons=lexicons)).restore(text).text
        for lexicons in ((), (lexicon,))
    )
    assert "furry frobnicators" in without
    assert "hairy gadgets" in having
