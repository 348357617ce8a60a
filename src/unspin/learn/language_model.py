"""Builds the language models that ``unspin`` ships.

``python -m unspin.learn.language_model general -o en.general.kenlm`` reads the
general US English trigram model out of the PyPI package ``pocketsphinx``,
prunes it and writes a quantized KenLM trie with a manifest beside it.
``... corpus -o en.prose.kenlm CORPUS_DIR`` estimates a 4-gram model from
paragraphs of text with the tokens of :mod:`unspin.tokens`.

Both run programs of KenLM: ``build_binary`` and, for ``corpus``, ``lmplz``.
They build from the source of PyPI's ``kenlm`` in a minute::

    apt-get install cmake g++ libboost-{system,thread,program-options,test}-dev libeigen3-dev
    pip download --no-deps --no-binary kenlm kenlm
    mkdir source && tar xf kenlm-*.tar.gz -C source --strip-components=1
    cmake -S source -B build && make -C build lmplz build_binary     # into build/bin
"""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from unspin.errors import UnspinError
from unspin.language_model import NUMBER, LanguageModel, Mixture
from unspin.learn.ngrams import NgramModel, history_log_probs, prune, read_arpa, write_arpa
from unspin.learn.pocketsphinx import decode_pocketsphinx, pocketsphinx_model
from unspin.pairs import read_pairs
from unspin.tokens import sentences


@dataclass(frozen=True, slots=True)
class Compression:
    """How ``build_binary`` packs a trie: bits a probability, a back-off and a pointer."""

    probability_bits: int = 8
    backoff_bits: int = 8
    pointer_bits: int = 255  # as many as save space

    def command(self, program: Path) -> list[str]:
        """The command line without its two files."""
        bits = (self.probability_bits, self.backoff_bits, self.pointer_bits)
        q, b, a = map(str, bits)
        return [str(program), "-s", "-q", q, "-b", b, "-a", a, "trie"]


def build_binary(
    model: NgramModel, output: Path, program: Path, compression: Compression
) -> list[str]:
    """Write the model as a KenLM trie; the command line that did it, without paths.

    Raises:
        UnspinError: with KenLM's own words, if it failed.
    """
    command = compression.command(program)
    with tempfile.TemporaryDirectory() as folder:
        arpa = Path(folder, "model.arpa")
        write_arpa(model, arpa)
        _run([*command, str(arpa), str(output)])
    return [program.name, *command[1:], "model.arpa", output.name]


def _run(command: Sequence[str], **options: Any) -> None:
    try:
        subprocess.run(command, check=True, stderr=subprocess.PIPE, **options)
    except FileNotFoundError as error:
        raise UnspinError(
            f"{command[0]} not found: build KenLM as the docstring of {__name__} says "
            "and give its bin folder with --kenlm"
        ) from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip()[-800:]
        raise UnspinError(f"{' '.join(command)} failed: {said}") from error


def dev_sentences(pairs: Path) -> list[list[str]]:
    """The words of every distinct sentence of the pairs' originals."""
    seen: dict[tuple[str, ...], None] = {}
    for original in {pair.original for pair in read_pairs([pairs])}:
        for sentence in sentences(original):
            words = tuple(token.norm for token in sentence.tokens)
            if any(w[0].isalnum() for w in words):
                seen[words] = None
    return sorted(map(list, seen))


def perplexity(
    model: LanguageModel | Mixture, texts: Iterable[Sequence[str]], known: Iterable[LanguageModel]
) -> float:
    """Perplexity over the words that all of ``known`` have in their vocabularies."""
    judges = list(known)
    total, count = 0.0, 0
    for text in texts:
        state: Any = model.initial_state()
        for word in text:
            state, log_prob = model.step(state, word)
            if word == "'s":  # half of a joined word: its score, but no word of its own
                total += log_prob
            elif all(word in judge for judge in judges):
                total += log_prob
                count += 1
    return math.exp(-total / count)


# --- the corpus ---


def _plain(paragraph: str) -> str:
    return " ".join(paragraph.casefold().split())


def corpus_sentences(
    folder: Path, without: Iterable[Path] = (), cap: int | None = None
) -> Iterator[list[str]]:
    """The words of every sentence of the folder's ``*.txt.gz``, one paragraph a line.

    Punctuation is left out and numbers are ``<num>``, as the model is asked.
    Paragraphs of the originals in ``without`` are skipped. Of a source with
    more than ``cap`` words every second, third ... paragraph is taken, evenly.
    """
    held_back = {
        _plain(part)
        for pair in read_pairs(without)
        for part in pair.original.split("\n")
        if part.strip()
    }
    for path in sorted(folder.glob("*.txt.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            lines = [line for line in file if line.strip() and _plain(line) not in held_back]
        size = sum(line.count(" ") + 1 for line in lines)
        stride = math.ceil(size / cap) if cap else 1
        for line in lines[::stride]:
            for sentence in sentences(line):
                words = [spoken(token.norm) for token in sentence.tokens]
                words = [word for word in words if word]
                if words:
                    yield words


def spoken(word: str) -> str:
    """The word as a model is estimated from it; empty for punctuation."""
    if word[0].isdigit():
        return NUMBER
    return word if any(c.isalnum() for c in word) else ""


# --- the commands ---


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(output: Path, facts: dict[str, Any]) -> None:
    """Write what the model is made of beside it, as JSON."""
    facts = {"file": output.name, **facts, "bytes": output.stat().st_size}
    facts["sha256"] = _sha256(output)
    text = json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
    output.with_suffix(".json").write_text(text, encoding="utf-8")


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_output = click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True
)
_kenlm = click.option(
    "--kenlm", type=_FOLDER, required=True, help="Folder of lmplz and build_binary."
)
_dev = click.option("--dev", type=_FILE, help="Pairs whose originals measure perplexity.")


@click.group(help=__doc__ and __doc__.split("\n\n")[0])
def main() -> None:
    """The commands."""


@main.command()
@_output
@_kenlm
@_dev
@click.option("--pocketsphinx", type=_FILE, help="Wheel or model file; else the installed one.")
@click.option("--corpus", type=_FOLDER, help="Text whose histories guide the pruning.")
@click.option("--cap", type=int, default=3_000_000, show_default=True, help="Words per source.")
@click.option("--threshold", type=float, default=3e-8, show_default=True)
@click.option("-q", "probability_bits", type=int, default=7, show_default=True)
@click.option("-b", "backoff_bits", type=int, default=5, show_default=True)
def general(
    output: Path,
    kenlm: Path,
    dev: Path | None,
    pocketsphinx: Path | None,
    corpus: Path | None,
    cap: int,
    threshold: float,
    probability_bits: int,
    backoff_bits: int,
) -> None:
    """The general English trigram model of pocketsphinx, pruned."""
    data, version = pocketsphinx_model(pocketsphinx)
    full = decode_pocketsphinx(data)
    histories = None
    if corpus:
        prose = corpus_sentences(corpus, [dev] if dev else [], cap)
        histories = history_log_probs(full, prose)
    pruned = prune(full, [threshold] * 2, histories)
    program = kenlm / "build_binary"
    compression = Compression(probability_bits, backoff_bits)
    command = build_binary(pruned, output, program, compression)
    facts: dict[str, Any] = {
        "description": "General US English trigram model, lower case, pruned and quantized.",
        "source": "PyPI package pocketsphinx, pocketsphinx/model/en-us/en-us.lm.bin",
        "source_version": version,
        "source_sha256": hashlib.sha256(data).hexdigest(),
        "license": "BSD-2-Clause",
        "copyright": "Copyright (c) 1999-2016 Carnegie Mellon University. All rights reserved.",
        "license_text": _BSD.strip(),
        "ngrams_source": full.counts,
        "ngrams": pruned.counts,
        "pruning": {
            "criterion": "relative entropy (Stolcke 1998)",
            "threshold": threshold,
            "histories": f"model and text, {cap} words a source" if corpus else "model",
        },
        "command": [
            "python -m unspin.learn.language_model general -o en.general.kenlm --kenlm BIN"
            f"{' --corpus CORPUS --cap ' + str(cap) if corpus else ''}{' --dev DEV' if dev else ''}"
            f" --threshold {threshold} -q {probability_bits} -b {backoff_bits}",
            " ".join(command),
        ],
    }
    if dev:
        texts = dev_sentences(dev)
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder, "whole.kenlm")
            build_binary(full, whole, program, Compression(16, 16, 64))
            before = LanguageModel(whole)
            facts["perplexity"] = {
                "text": "originals of dev, words of the vocabulary",
                "source": round(perplexity(before, texts, [before]), 1),
                "shipped": round(perplexity(LanguageModel(output), texts, [before]), 1),
            }
    write_manifest(output, facts)
    click.echo(json.dumps({k: facts.get(k) for k in ("ngrams", "perplexity")}), err=True)


@main.command()
@click.argument("folder", type=_FOLDER)
@_output
@_kenlm
@_dev
@click.option("--without", type=_FILE, multiple=True, help="Pairs whose originals are left out.")
@click.option("--general", "other", type=_FILE, help="A model to interpolate with, to measure.")
@click.option("--cap", type=int, default=3_000_000, show_default=True, help="Words per source.")
@click.option("--order", type=int, default=4, show_default=True)
@click.option("--cutoffs", default="0 0 1 2", show_default=True, help="lmplz --prune.")
@click.option("--threshold", type=float, default=0.0, show_default=True)
@click.option("-q", "probability_bits", type=int, default=7, show_default=True)
@click.option("-b", "backoff_bits", type=int, default=5, show_default=True)
def corpus(
    folder: Path,
    output: Path,
    kenlm: Path,
    dev: Path | None,
    without: tuple[Path, ...],
    other: Path | None,
    cap: int,
    order: int,
    cutoffs: str,
    threshold: float,
    probability_bits: int,
    backoff_bits: int,
) -> None:
    """A model of the paragraphs in FOLDER's *.txt.gz files."""
    held_back = [*without, *([dev] if dev else [])]
    with tempfile.TemporaryDirectory() as scratch:
        text, arpa = Path(scratch, "text"), Path(scratch, "arpa")
        with text.open("w", encoding="utf-8") as file:
            for words in corpus_sentences(folder, held_back, cap):
                file.write(" ".join(words) + "\n")
        estimate = ["-o", str(order), "--prune", *cutoffs.split(), "-S", "2G", "-T", scratch]
        with text.open("rb") as source, arpa.open("wb") as sink:
            _run([str(kenlm / "lmplz"), *estimate], stdin=source, stdout=sink)
        model = read_arpa(arpa)
        counted = model.counts
        if threshold > 0:
            with text.open(encoding="utf-8") as lines:
                histories = history_log_probs(model, (line.split() for line in lines))
            model = prune(model, [threshold] * (order - 1), histories)
    command = build_binary(
        model, output, kenlm / "build_binary", Compression(probability_bits, backoff_bits)
    )
    facts: dict[str, Any] = {
        "sources": sorted(path.name.removesuffix(".txt.gz") for path in folder.glob("*.txt.gz")),
        "cap": cap,
        "estimate": ["lmplz", "-o", str(order), "--prune", *cutoffs.split()],
        "threshold": threshold,
        "ngrams_estimated": counted,
        "ngrams": model.counts,
        "command": command,
    }
    if dev:
        texts = dev_sentences(dev)
        made = LanguageModel(output)
        facts["perplexity"] = {"alone": round(perplexity(made, texts, [made]), 1)}
        if other:
            second = LanguageModel(other)
            both = [made, second]
            facts["perplexity"] = {
                "text": "originals of dev, words of both vocabularies",
                "alone": round(perplexity(made, texts, both), 1),
                "general": round(perplexity(second, texts, both), 1),
                "interpolated 0.5": round(perplexity(Mixture(made, second), texts, both), 1),
            }
    write_manifest(output, facts)
    click.echo(json.dumps({k: facts.get(k) for k in ("ngrams", "perplexity")}), err=True)


_BSD = """
Redistribution and use in source and binary forms, with or without modification, are permitted \
provided that the following conditions are met: \
1. Redistributions of source code must retain the above copyright notice, this list of conditions \
and the following disclaimer. \
2. Redistributions in binary form must reproduce the above copyright notice, this list of \
conditions and the following disclaimer in the documentation and/or other materials provided with \
the distribution. \
This work was supported in part by funding from the Defense Advanced Research Projects Agency and \
the National Science Foundation of the United States of America, and the CMU Sphinx Speech \
Consortium. \
THIS SOFTWARE IS PROVIDED BY CARNEGIE MELLON UNIVERSITY ``AS IS'' AND ANY EXPRESSED OR IMPLIED \
WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS \
FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL CARNEGIE MELLON UNIVERSITY NOR ITS \
EMPLOYEES BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL \
DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, \
DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, \
WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY \
WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
"""


if __name__ == "__main__":
    main()
