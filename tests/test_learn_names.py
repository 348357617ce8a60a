import gzip

from unspin.learn.names import MIN_PHRASE, MIN_WORD, count, main, rows
from unspin.names import NAMES_HEADER

SENTENCE = "They said that Congress asked the National Institutes of Health about a nation."


def test_count_leaves_headings_and_beginnings_out():
    counts = count([SENTENCE, "The Congress Meets the Nation"])
    assert counts.upper["congress"] == 1
    assert counts.upper["they"] == 0
    assert counts.lower["nation"] == 1
    assert counts.phrases["national institutes of health"] == 1


def test_rows_want_capitals_nearly_always():
    often = max(MIN_WORD, MIN_PHRASE)
    counts = count([SENTENCE] * often + ["In a national way, of health."] * often)
    listed = dict(rows([counts]))
    assert listed["congress"] == often
    assert listed["national institutes of health"] == often
    assert "national" not in listed
    assert "health" not in listed


def test_main_writes_a_table(tmp_path, capsys):
    path = tmp_path / "corpus.txt.gz"
    path.write_bytes(gzip.compress(f"{SENTENCE}\n".encode() * 20))
    main([str(path)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [NAMES_HEADER, "name\tcount"]
    assert lines[2:] == sorted(lines[2:])
    assert "congress\t20" in lines
