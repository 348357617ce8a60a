"""Fuzzing that follows the coverage of tokenizer, protection and readers (atheris, libFuzzer).

    python benchmarks/fuzz_coverage.py -max_total_time=600

Apart from ``fuzz.py``, because unspin must be imported under atheris.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["unspin"]):
    from unspin.protect import protected_spans
    from unspin.settings import Settings
    from unspin.sources import MARKUPS
    from unspin.tokens import paragraph_norms, sentences

SETTINGS = Settings()


def one_input(data: bytes) -> None:
    """Spans are in order, views map into the text, and norms are those of the sentences."""
    text = data.decode("utf-8", "surrogateescape")
    split = sentences(text)
    norms = [token.norm for sentence in split for token in sentence.tokens]
    assert norms == [norm for paragraph in paragraph_norms(text) for norm in paragraph]
    end = 0
    for span in protected_spans(text, split, SETTINGS):
        assert end <= span.start < span.end <= len(text)
        end = span.end
    for view in MARKUPS.values():
        shown = view(text)
        for piece in shown.pieces:
            assert 0 <= piece.origin <= len(text) - (piece.end - piece.start)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
