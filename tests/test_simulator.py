"""Text spun by the learned channel comes back nearer to what it was.

The simulator below draws spun forms from the shipped lexicon's own counts, for
tests only: per occurrence, or once per document and word.
"""

from __future__ import annotations

import random

import pytest

import unspin
from unspin.diffing import word_distance
from unspin.lexicon import SpinLexicon
from unspin.resources import dictionary_dir
from unspin.settings import Settings
from unspin.tokens import phrase_norms, tokenize

CLEAN = (
    "The company said on Monday that it will open a new office in the city next year. About two "
    "hundred people are expected to work there, and many of them will come from the region. The "
    "mayor said the decision was good news for families who have waited a long time for jobs. "
    "Local schools and colleges also plan to offer courses that help students learn the skills "
    "which the new office needs. “We want people to stay here,” she said, “and this is an "
    "important step.” The government will provide some of the money for roads and public "
    "transport. However, not everyone is happy about the plan. Some residents are worried that "
    "rents will become too high, and they have asked the council to build more houses before the "
    "first employees arrive. The council is going to discuss the request at its meeting in March."
)


class Channel:
    """P(spun | original) of one family, inverted from the lexicon's rows."""

    def __init__(self, family: str) -> None:
        lexicon = SpinLexicon.read([dictionary_dir() / "en" / "spin.tsv"])
        self._forms: dict[str, list[tuple[str, float]]] = {}
        for spun in lexicon.phrases():
            for rule in lexicon.rules(spun):
                for name, aligned, occurrences in rule.families:
                    if name == family and aligned >= 5 and " " not in rule.original:
                        share = aligned / occurrences
                        self._forms.setdefault(rule.original, []).append((spun, share))

    def spin(self, text: str, rng: random.Random, once: bool) -> str:
        drawn: dict[str, str] = {}
        pieces, at = [], 0
        for token in tokenize(text):
            forms = self._forms.get(token.norm)
            if not forms or not token.surface.islower():
                continue
            if not (once and token.norm in drawn):
                left = max(0.0, 1 - sum(share for _, share in forms))
                options = [(token.surface, left), *forms]
                drawn[token.norm] = rng.choices(
                    [form for form, _ in options], [share for _, share in options]
                )[0]
            pieces += (text[at : token.start], drawn[token.norm])
            at = token.end
        return "".join([*pieces, text[at:]])


@pytest.fixture(scope="module", params=["A", "B", "C"])
def channel(request: pytest.FixtureRequest) -> Channel:
    return Channel(request.param)


@pytest.fixture(scope="module")
def restorer() -> unspin.Restorer:
    return unspin.Restorer(Settings(ranker="features"))


@pytest.mark.parametrize("once", [False, True])
def test_spun_texts_come_back_nearer(
    channel: Channel, restorer: unspin.Restorer, once: bool
) -> None:
    clean = phrase_norms(CLEAN)
    damage = left = 0
    for seed in range(12):
        spun = channel.spin(CLEAN, random.Random(seed), once)
        assert spun != CLEAN
        restored = restorer.restore(spun).text
        before = word_distance(phrase_norms(spun), clean)
        after = word_distance(phrase_norms(restored), clean)
        # A text of 190 words with few changes may pass for clean; none gets worse.
        assert after <= before, seed
        damage += before
        left += after
    assert left < 0.75 * damage


def test_the_clean_text_is_left_alone(restorer: unspin.Restorer) -> None:
    assert restorer.restore(CLEAN).text == CLEAN
