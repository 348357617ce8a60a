"""What imitates SpinBot for training: its table, and the planting of tortured phrases."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

TRAINING = Path(__file__).parents[1] / "training"
sys.path.insert(0, str(TRAINING))

import planting  # noqa: E402
import spinbot  # noqa: E402

TABLES = [TRAINING / name for name in ("spinbot.tsv", "technical.tsv")]
TABLE = TABLES[0]


@pytest.fixture(scope="module")
def table() -> dict[str, dict[str, float]]:
    return spinbot.read_table(TABLE)


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_the_tables_are_well_formed(path: Path) -> None:
    lines = [x for x in path.read_text("utf-8").splitlines() if not x.startswith("#")]
    keys = []
    for line in lines:
        original, part, spun = line.split("\t")
        keys.append((original, part))
        assert part in ("v", "n", "a", "-"), line
        forms = spun.split(", ")
        assert all(forms), line
        assert len(set(forms)) == len(forms), line
        assert line == line.lower(), line
        assert forms != [original], line
    assert len(lines) > 2500
    assert keys == sorted(set(keys))


def test_inflections_are_derived(table: dict[str, dict[str, float]]) -> None:
    assert "puppies" in table["dogs"]
    assert "pooch" in table["dog"]
    assert "eating routines" in table["diets"]
    assert "thought about" in table["considered"]
    for forms in table.values():
        assert sum(forms.values()) == pytest.approx(1.0)


def test_a_listed_word_turns_into_one_of_its_forms(table: dict[str, dict[str, float]]) -> None:
    nobody = spinbot.WordTable(table, {}, lambda word, rng: None)
    seen = {
        spinbot.spin_table("The dog was extinct.", nobody, random.Random(n)) for n in range(200)
    }
    assert "The pooch was wiped out." in seen
    words = {s.split()[1] for s in seen}
    assert words <= set(table["dog"]) | {"dog"}


def test_words_of_no_entry_are_left_to_the_thesaurus() -> None:
    table = spinbot.WordTable({}, {}, lambda word, rng: word + "ish", chance=1.0)
    assert spinbot.spin_table("one cat", table, random.Random(1)) == "oneish catish"
    assert spinbot.spin_table("one cat", table.with_chance(0.0), random.Random(1)) == "one cat"


def test_names_inside_sentences_mostly_stay(table: dict[str, dict[str, float]]) -> None:
    nobody = spinbot.WordTable(table, {}, lambda word, rng: None)
    text = "We saw a Dog."
    kept = sum("Dog" in spinbot.spin_table(text, nobody, random.Random(n)) for n in range(300))
    assert kept > 200


def test_only_terms_are_planted(tmp_path: Path) -> None:
    phrases = [("profound learning", "deep learning"), ("bosom peril", "breast cancer")]
    phrases = [p for p in phrases if not planting.is_held(p[0])]
    assert phrases
    listed = tmp_path / "list.tsv"
    listed.write_text("".join(f"{s}\t{o}\n" for s, o in phrases), "utf-8")
    planter = planting.Planter(listed)
    text = "It is about the quiet river of deep learning and the blue sky, as told by them."
    spun_terms = {s for s, _ in phrases}
    changed = 0
    for n in range(100):
        original, spun = planter.plant(text, random.Random(n))
        restored = spun
        for s, o in phrases:
            restored = restored.replace(s, o)
        assert restored == original
        changed += any(s in spun for s in spun_terms)
    assert changed > 30
