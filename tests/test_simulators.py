"""The simulated spinners of other descent: what they do, and that no training knows them."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from unspin.tokens import phrase_norms

ROOT = Path(__file__).parents[1]
SIMULATORS = ROOT / "tests" / "simulators"
sys.path.insert(0, str(SIMULATORS))

import pivot  # noqa: E402
import spinning  # noqa: E402
import wordy  # noqa: E402

TEXT = (
    "The committee will improve the road near the school. Many people use it every day, and "
    "they need a difficult decision soon. Officials carefully measured the traffic in March. "
    "Nobody in Springfield expects a useful answer, but the plan continues."
)
ENG_DEU = "road /roʊd/ <n>\nStraße <fem>, Weg <masc>\nimprove /x/ <v>\nverbessern <vt>\n"
DEU_ENG = (
    "Straße /x/ <fem, n, sg>\nstreet, road, thoroughfare\n"
    "Weg /x/ <masc, n, sg>\npath, way, trail [outdoors]\n"
    "verbessern /x/ <v>\nameliorate <v>, better <v>\n"
)


@pytest.fixture(scope="module")
def dictionaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dictd")
    for name, text in (("eng-deu", ENG_DEU), ("deu-eng", DEU_ENG)):
        with gzip.open(folder / f"freedict-{name}.dict.dz", "wt", encoding="utf-8") as out:
            out.write(text)
    return folder


def test_the_groups_are_many_and_well_formed() -> None:
    groups = wordy.groups()
    assert len(groups) >= 400
    for (part, word), replacements in groups.items():
        assert part in spinning.UPOS
        assert word not in replacements
        assert len(replacements) == len(set(replacements)) >= 2


@pytest.mark.parametrize(
    ("phrase", "part", "tag", "expected"),
    [
        ("make use of", "v", "VBD", "made use of"),
        ("point at issue", "n", "NNS", "points at issue"),
        ("case in point", "n", "NNS", "cases in point"),
        ("spot", "n", "NNS", "spots"),
        ("up to scratch", "a", "JJ", "up to scratch"),
    ],
)
def test_phrases_inflect_their_head(phrase: str, part: str, tag: str, expected: str) -> None:
    assert spinning.form(phrase, part, tag) == expected


def test_wordy_swaps_words_but_no_names() -> None:
    spun = spinning.spin(TEXT, wordy.swap, 0.9, random.Random(3))
    assert spun != TEXT
    assert "Springfield" in spun
    assert "in March." in spun
    assert spun == spinning.spin(TEXT, wordy.swap, 0.9, random.Random(3))
    assert spun != spinning.spin(TEXT, wordy.swap, 0.9, random.Random(4))
    assert spinning.spin(TEXT, wordy.swap, 0.0, random.Random(3)) != spun


def test_pivot_comes_back_by_both_dictionaries(dictionaries: Path) -> None:
    assert set(pivot.neighbours("road", "n", dictionaries)) == {
        *("street", "thoroughfare", "path", "way", "trail")
    }
    swap = pivot.swapper(dictionaries)
    spun = spinning.spin("They improved the roads.", swap, 1.0, random.Random(1))
    assert not {"improved", "roads"} <= set(phrase_norms(spun))
    assert spinning.spin("Nothing here.", swap, 1.0, random.Random(1)) == "Nothing here."


def test_scripts_write_pair_files(tmp_path: Path, dictionaries: Path) -> None:
    pairs = tmp_path / "pairs.jsonl"
    record = {"id": "a", "spinner": "A", "original": TEXT, "spun": TEXT}
    pairs.write_text(json.dumps(record) + "\n", encoding="utf-8")
    for script, more in (("wordy", []), ("pivot", ["--dictionaries", str(dictionaries)])):
        output = tmp_path / f"{script}.jsonl"
        command = [sys.executable, str(SIMULATORS / f"{script}.py"), str(pairs), "-o", str(output)]
        subprocess.run([*command, *more], check=True)
        (written,) = map(json.loads, output.read_text(encoding="utf-8").splitlines())
        assert (written["id"], written["spinner"], written["original"]) == ("a", script, TEXT)
        assert written["spun"] != TEXT


def test_training_knows_none_of_them() -> None:
    for folder in ("training", "src"):
        for path in (ROOT / folder).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            assert "simulators" not in source, path
            assert "freedict" not in source.lower(), path
