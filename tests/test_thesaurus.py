"""Open-vocabulary candidates: building the data file, looking words up."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest

from unspin.errors import DataError
from unspin.learn import thesaurus as learn
from unspin.resources import data_path
from unspin.thesaurus import Candidate, Moby, Thesaurus, WordNet, pack, unpack

# Lines as WordNet's database has them, of a small language of our own.
LICENCE_LINE = "  1 This line is the licence.\n"
NOUNS = (
    "00000010 03 n 02 failure 0 breakdown 0 002 @ 00000020 n 0000 + 00000040 v 0101 | it fails\n"
    "00000020 03 n 01 event 0 002 ~ 00000010 n 0000 ~ 00000030 n 0000 | it happens\n"
    "00000030 03 n 02 disappointment 0 letdown 0 001 @ 00000020 n 0000 | it lets down\n"
    "00000050 03 n 01 organ_failure 0 000 | a term\n"
    "00000060 03 n 02 Paris 0 French_capital 0 000 | a name\n"
    "00000070 03 n 02 child 0 kid 0 000 | young\n"
)
VERBS = (
    "00000040 29 v 03 fail 0 break_down 0 flunk 0 002 "
    "$ 00000041 v 0000 * 00000042 v 0000 01 + 02 00 | to fail\n"
    "00000041 29 v 01 collapse 0 000 01 + 02 00 | to collapse\n"
    "00000042 29 v 01 end 0 000 01 + 02 00 | to end\n"
)
ADJECTIVES = (
    "00000080 00 a 02 deep 0 profound(a) 0 001 & 00000081 s 0000 | far down\n"
    "00000081 00 s 01 bottomless 0 000 | no bottom\n"
)
MOBY = (
    "mature,adult,aged,used,Zeus\nused,mature,secondhand\naged,mature,old\nold,mature,aged,used\n"
)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    for name, text in (("noun", NOUNS), ("verb", VERBS), ("adj", ADJECTIVES), ("adv", "")):
        (folder / f"data.{name}").write_text(LICENCE_LINE + text, encoding="utf-8")
    (folder / "words.txt").write_text(MOBY, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def tiny(sources: Path) -> Thesaurus:
    arrays = learn.build(learn.read_wordnet(sources), learn.read_moby(sources / "words.txt"))
    return Thesaurus(arrays)


@pytest.fixture(scope="module")
def shipped() -> Thesaurus:
    return Thesaurus.read(data_path("thesaurus.npz"))


def by_text(candidates: tuple[Candidate, ...]) -> dict[str, Candidate]:
    return {c.text: c for c in candidates}


def test_wordnet_relations_go_both_ways_and_the_closest_wins(sources: Path) -> None:
    relations = learn.read_wordnet(sources).relations
    assert relations["failure"]["breakdown"] == WordNet.SYNONYM
    assert relations["event"]["failure"] == relations["failure"]["event"] == WordNet.HYPERNYM
    assert relations["letdown"]["breakdown"] == WordNet.SISTER
    assert relations["failure"]["flunk"] == WordNet.DERIVED
    assert relations["collapse"]["fail"] == WordNet.SIMILAR
    assert relations["profound"]["bottomless"] == WordNet.SIMILAR
    assert "break down" in relations["fail"]
    assert not any(name.lower() in ("paris", "french capital") for name in relations)


def test_sources_and_forms_of_candidates(tiny: Thesaurus) -> None:
    found = by_text(tiny.candidates("breakdowns"))
    assert found["failures"].lemma == "failure"
    assert (found["failures"].tag, found["failures"].wordnet) == ("NNS", WordNet.SYNONYM)
    assert "failure" not in found  # the spun word is a plural
    assert by_text(tiny.candidates("collapsing"))["failing"].tag == "VBG"
    assert by_text(tiny.candidates("kids"))["children"].sources == "wordnet:synonym"
    mature = by_text(tiny.candidates("mature"))
    assert mature["used"].moby == Moby.BOTH
    assert mature["adult"].moby == Moby.BACKWARD
    assert mature["old"].moby == Moby.FORWARD
    assert by_text(tiny.candidates("secondhand"))["mature"].sources == "moby:second-hop"
    assert "zeus" not in mature


def test_phrases_inflect_their_verb(tiny: Thesaurus) -> None:
    assert by_text(tiny.candidates("broke down"))["failed"].tag == "VBD"
    assert "fails" in by_text(tiny.candidates("breaks down"))
    assert tiny.candidates("break down the old door") == ()


def test_unknown_words_have_no_candidates(tiny: Thesaurus) -> None:
    for word in ("", " ", "qwertz", "İ", "\ud800", "-", "a" * 10_000):
        assert tiny.candidates(word) == ()
        assert word not in tiny


def test_packing_keeps_the_sources() -> None:
    for wordnet in WordNet:
        for moby in Moby:
            for similarity in (0.0, 0.1, 0.3, 1.0):
                packed = pack(wordnet, moby, similarity)
                assert 0 <= packed < 256
                assert unpack(packed)[:2] == (wordnet, moby)
                assert abs(unpack(packed)[2] - min(similarity, 0.45)) < 0.1


def test_building_is_deterministic_and_writes_a_manifest(sources: Path, tmp_path: Path) -> None:
    outputs = [tmp_path / "one" / "t.npz", tmp_path / "two" / "t.npz"]
    for output in outputs:
        output.parent.mkdir()
        learn.main(
            [
                *("--wordnet", str(sources), "--moby", str(sources / "words.txt")),
                *("-o", str(output)),
            ]
        )
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    manifest = json.loads(outputs[0].with_suffix(".json").read_text(encoding="utf-8"))
    assert manifest["sha256"] == hashlib.sha256(outputs[0].read_bytes()).hexdigest()
    assert len(manifest["sha256_of_sources"]) == 5
    assert "used" in by_text(Thesaurus.read(outputs[0]).candidates("mature"))


@pytest.mark.parametrize("damage", ["missing", "empty", "text", "cut", "format", "array"])
def test_unusable_files_are_refused(tiny: Thesaurus, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "t.npz"
    whole = data_path("thesaurus.npz").read_bytes()
    if damage in ("format", "array"):
        with np.load(data_path("thesaurus.npz")) as archive:
            arrays = dict(archive)
        arrays["format"] = np.array(99)
        if damage == "array":
            del arrays["words"]
        np.savez(path, **arrays)
    elif damage != "missing":
        path.write_bytes({"empty": b"", "text": b"cat,dog\n", "cut": whole[:9000]}[damage])
    with pytest.raises(DataError, match=r"t\.npz"):
        Thesaurus.read(path)


def test_shipped_file_is_what_its_manifest_says() -> None:
    path = data_path("thesaurus.npz")
    manifest = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert manifest["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert path.stat().st_size == manifest["bytes"] <= 2_500_000


@pytest.mark.parametrize(
    ("spun", "original"),
    [
        ("disappointment", "failure"),
        ("profound", "deep"),
        ("bosom", "breast"),
        ("utilizing", "using"),
        ("folks", "people"),
        ("erroneous", "wrong"),
        ("begun", "started"),
        ("speedily", "quickly"),
        ("make use of", "use"),
    ],
)
def test_shipped_file_knows_common_swaps(shipped: Thesaurus, spun: str, original: str) -> None:
    assert original in by_text(shipped.candidates(spun))


def test_shipped_candidates_are_ordered_words_in_lower_case(shipped: Thesaurus) -> None:
    for word in ("mature", "interrogate", "elevated", "clamor", "gigantic"):
        found = shipped.candidates(word)
        assert 0 < len(found) <= 60
        assert [c.log_prior for c in found] == sorted((c.log_prior for c in found), reverse=True)
        assert len({c.text for c in found}) == len(found)
        assert word not in by_text(found)
        assert all(c.text == c.text.lower() and c.zipf >= 2.5 for c in found)
        total = sum(math.exp(c.log_prior) for c in shipped.candidates(word, 10_000))
        assert total == pytest.approx(1)
        assert shipped.candidates(word, 3) == found[:3]
