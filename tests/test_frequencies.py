"""The list read here against wordfreq itself."""

from __future__ import annotations

import random
import string
import zlib
from pathlib import Path

import msgpack
import pytest
import wordfreq

from unspin import frequencies
from unspin.frequencies import frequency, zipf

WORDS = list(wordfreq.iter_wordlist("en"))


def same(word: str) -> bool:
    floor = 1e-9
    return zipf(word) == wordfreq.zipf_frequency(word, "en") and frequency(
        word, floor
    ) == wordfreq.word_frequency(word, "en", minimum=floor)


def test_the_first_words_are_as_common_as_wordfreq_says() -> None:
    frequencies._table.cache_clear()
    frequencies.zipf.cache_clear()
    rng = random.Random(2)
    rare = [*rng.sample(WORDS[100_000:], 60), "qwertzuiop", "zzz"]
    assert [word for word in rare if not same(word)] == []


def test_listed_words_are_as_common_as_wordfreq_says() -> None:
    rng = random.Random(0)
    listed = [*WORDS[:5000], *rng.sample(WORDS, 20_000)]
    assert [word for word in listed if not same(word)] == []


def test_letters_of_other_alphabets_are_as_wordfreq_has_them() -> None:
    rng = random.Random(3)
    letters = [chr(n) for n in range(0xC0, 0x250)]
    made = ["".join(rng.choices([*letters, "a", "o"], k=rng.randint(1, 4))) for _ in range(5000)]
    assert [word for word in [*letters, *made, "daitō", "Łódź"] if not same(word)] == []


def test_made_up_words_are_as_common_as_wordfreq_says() -> None:
    rng = random.Random(1)
    letters = string.ascii_letters + "àéöÿßÀÖıſK''’-0123456789. @_´ñ日\u0301\udc80"
    made = ["".join(rng.choices(letters, k=rng.randint(1, 9))) for _ in range(10_000)]
    ends = [f"{w}'{e}" for w in rng.sample(WORDS[:3000], 300) for e in ("s", "ve", "em", "her", "")]
    others = ["", "'s", "’s", "l'heure", "d'arc", "in-depth", "2019", "b2b", "1,000", "Straße"]
    assert [word for word in [*made, *ends, *others] if not same(word)] == []


@pytest.mark.parametrize("content", [b"", b"no archive", zlib.compress(b"\x91\x81", wbits=31)])
def test_a_list_of_another_form_is_left_to_wordfreq(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_left_to_wordfreq(content, tmp_path, monkeypatch)


def test_a_list_of_another_version_is_left_to_wordfreq(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = msgpack.packb([{"format": "cB", "version": 2}, ["other"]])
    assert_left_to_wordfreq(zlib.compress(raw, wbits=31), tmp_path, monkeypatch)


def assert_left_to_wordfreq(content: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "large_en.msgpack.gz").write_bytes(content)

    class Spec:
        origin = str(folder / "__init__.py")

    monkeypatch.setattr(frequencies.importlib.util, "find_spec", lambda name: Spec)
    frequencies._table.cache_clear()
    try:
        assert frequencies._table() is None
        assert frequency("other", 0.0) == wordfreq.word_frequency("other", "en")
    finally:
        frequencies._table.cache_clear()


def test_marks_and_clitics_need_no_tokenizer(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*arguments: object) -> float:
        raise AssertionError(arguments)

    monkeypatch.setattr(frequencies, "_of_tokens", asked)
    marks = [*(c for c in string.punctuation if c not in "@_"), "--", "“‘", "–", "…"]
    assert [word for word in ["'s", "'re", "naïve", *marks] if not same(word)] == []
