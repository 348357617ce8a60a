r"""Training documents in the manner of spinners that no parallel text covers.

Families are made from the originals of parallel text and from prose and written as
pair files for ``unspin.learn``:

- ``S``: SpinBot, by a table written by hand and documented tortured phrases (``spinbot.py``);
  ``S+`` also replaces words that neither lists, and is called ``S`` too;
- ``P``: prose in which only terms are tortured (``planting.py``);
- ``Y``: random neighbours from thesauri at many rates, in many manners, to
  stand for the next spinner. Its word pairs stay out of the lexicon;
- ``G``: the same with the synonyms that Webster's dictionary of 1913 lists, which the
  encoder is never shown: how much can be made of a spinner that it does not know?
- ``E``: the same with the words that a pretrained model takes for alike;
- ``X``: a part of a known spinner's list (``channels.py``), and not told whose;
- ``A`` to ``M``: the known spinners imitated, on text that they never spun;
- ``clean``: text as it is.

Not part of the package: unspin ships no spinner.

    python training/simulate.py pairs.jsonl.gz --documents S=4000 Y=4000 \
        --tortured train.tsv --moby words.txt -o sim.jsonl.gz
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from channels import imitate, read_channels, strange
from lemminflect import getAllLemmas, getInflection
from planting import Planter, documented
from spinbot import WordTable, read_table, spin_table
from wordfreq import zipf_frequency

from unspin.learn import align
from unspin.learn.parallel import load
from unspin.pairs import Pair, read_pairs

_WORD = re.compile(r"[A-Za-z]+(?:[’'][a-z]+)?")
_TAGS = {
    "VERB": ("VB", "VBZ", "VBG", "VBD", "VBN"),
    "NOUN": ("NN", "NNS"),
    "ADJ": ("JJ", "JJR", "JJS"),
    "ADV": ("RB",),
}
_ZIPF_FUNCTION = 6.1
# What a family is made with; known ones and X with the lexicon.
_SOURCES = {
    "S": "tortured",
    "S+": "tortured",
    "P": "tortured",
    "Y": "moby",
    "G": "gcide",
    "E": "minilm",
    "clean": "",
}
# Characters by which a paragraph is known.
_BEGINNING = 60
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_SYNONYMS = re.compile(r"Syn(?:\.|:)\s*(?:--)?\s*(.{3,400}?)(?:\.\s|\n\s*\n|\[1913|$)", re.DOTALL)


def tortured_table(path: Path) -> dict[str, Counter[str]]:
    """Original word or phrase -> spun forms with counts, inflected forms derived."""
    pairs = []
    for spun, original in documented(path):
        if "?" in original or "?" in spun:
            continue
        readings = (r for r in re.split(r" or |/|;|,", original) if r.strip())
        pairs.extend(Pair("tortured", "S", " ".join(r.split()), spun) for r in readings)
    text = load(pairs, 1)
    segments = align.align(text)
    words = text.vocabulary
    spun_words, original_words = text.spun.words.tolist(), text.original.words.tolist()
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for a, b, x, y in zip(
        segments.s1.tolist(),
        segments.s2.tolist(),
        segments.o1.tolist(),
        segments.o2.tolist(),
        strict=True,
    ):
        s = " ".join(words[w] for w in spun_words[a:b])
        o = " ".join(words[w] for w in original_words[x:y])
        if (
            abs((b - a) - (y - x)) <= 2
            and re.fullmatch(r"[a-z' -]+", s)
            and re.fullmatch(r"[a-z' -]+", o)
        ):
            table[o][s] += 1
    for original, forms in list(table.items()):
        if " " in original:
            continue
        for spun, count in list(forms.items()):
            if " " not in spun:
                for other, swapped in inflected(original, spun):
                    table[other][swapped] += (
                        max(1, count // 2) if swapped not in table[other] else 0
                    )
    return table


@lru_cache(None)
def analyses(word: str) -> tuple[tuple[str, str, str], ...]:
    """The (lemma, part of speech, tag) readings of a word."""
    found = []
    for pos, lemmas in getAllLemmas(word).items():
        for tag in _TAGS.get(pos, ()):
            fit = (x for x in lemmas if word in getInflection(x, tag))
            found.extend((lemma, pos, tag) for lemma in fit)
    return tuple(found)


def inflected(original: str, spun: str) -> list[tuple[str, str]]:
    """Other inflections of a pair whose words share a reading."""
    result = []
    theirs = {(pos, tag): lemma for lemma, pos, tag in analyses(spun)}
    for lemma, pos, tag in analyses(original):
        other = theirs.get((pos, tag))
        if other is None or pos in ("ADJ", "ADV"):
            continue
        for form in _TAGS[pos]:
            a, b = getInflection(lemma, form), getInflection(other, form)
            if a and b and (a[0], b[0]) != (original, spun):
                result.append((a[0], b[0]))
    return result


def _base64(digits: str) -> int:
    """A number of dictd's index files."""
    value = 0
    for digit in digits:
        value = value * 64 + _DIGITS.index(digit)
    return value


class Thesaurus:
    """Neighbours of a word, inflected to fit, in the manners of careless spinners."""

    def __init__(self, heads: dict[str, list[str]]) -> None:
        self._heads = {
            head: [w for w in words if re.fullmatch(r"[a-z -]+", w) and len(w.split()) <= 3]
            for head, words in heads.items()
        }

    @classmethod
    def moby(cls, path: Path) -> Thesaurus:
        """Moby's words.txt: a head and its neighbours a line."""
        lines = path.read_text(encoding="utf-8", errors="replace").lower().splitlines()
        return cls({head: rest for head, *rest in (line.split(",") for line in lines)})

    @classmethod
    def wordnet(cls, folder: Path) -> Thesaurus:
        """Synonyms, hypernyms and similar adjectives from WordNet's data files."""
        synsets: dict[tuple[str, str], list[str]] = {}
        pointers: list[tuple[tuple[str, str], tuple[str, str]]] = []
        for part in ("noun", "verb", "adj", "adv"):
            for line in (folder / f"data.{part}").read_text(encoding="utf-8").splitlines():
                if line.startswith("  "):
                    continue
                fields = line.split()
                number = int(fields[3], 16)
                pos = fields[2].replace("s", "a")
                words = [fields[4 + 2 * n].split("(")[0].lower() for n in range(number)]
                synsets[pos, fields[0]] = [w.replace("_", " ") for w in words]
                at = 5 + 2 * number
                for n in range(int(fields[4 + 2 * number])):
                    kind, offset, other = fields[at + 4 * n : at + 4 * n + 3]
                    if kind in ("@", "&"):
                        pointers.append(((pos, fields[0]), (other.replace("s", "a"), offset)))
        heads: dict[str, list[str]] = defaultdict(list)
        for words in synsets.values():
            for word in words:
                heads[word].extend(w for w in words if w != word)
        for synset, other in pointers:
            for word in synsets[synset]:
                heads[word].extend(w for w in synsets[other] if w != word)
        return cls(heads)

    @classmethod
    def gcide(cls, folder: Path) -> Thesaurus:
        """The lists headed "Syn." in GCIDE (Debian: dict-gcide), read both ways."""
        with gzip.open(folder / "gcide.dict.dz") as file:
            data = file.read()
        heads: dict[str, set[str]] = defaultdict(set)
        for line in (folder / "gcide.index").read_text(encoding="utf-8").splitlines():
            head, start, length = line.split("\t")[:3]
            head = head.lower()
            if not re.fullmatch(r"[a-z-]+", head):
                continue
            begin = _base64(start)
            entry = data[begin : begin + _base64(length)].decode("utf-8", "replace")
            for found in _SYNONYMS.finditer(entry):
                listed = re.sub(r"[{}_]|\(.*?\)|\[.*?\]|See .*$", "", " ".join(found[1].split()))
                words = [w.strip().lower().removeprefix("to ") for w in re.split("[;,]", listed)]
                words = [w for w in words if re.fullmatch(r"[a-z -]{3,30}", w) and w != head]
                for word in words:
                    heads[head].add(word)
                    if " " not in word:
                        heads[word].update(w for w in (head, *words) if w != word)
        return cls({head: sorted(words) for head, words in heads.items()})

    @classmethod
    def embeddings(cls, folder: Path) -> Thesaurus:
        """The nearest words by the input embeddings of a BERT model in ``folder``."""
        from safetensors.numpy import load_file

        table = load_file(folder / "model.safetensors")["embeddings.word_embeddings.weight"]
        pieces = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
        known = [n for n, p in enumerate(pieces) if re.fullmatch("[a-z]{3,}", p)]
        known = [n for n in known if 2.3 <= zipf_frequency(pieces[n], "en") <= _ZIPF_FUNCTION]
        vectors = table[known] / np.linalg.norm(table[known], axis=1, keepdims=True)
        lemmas = [frozenset(x for x, _, _ in analyses(pieces[n])) for n in known]
        heads = {}
        for at, number in enumerate(known):
            near = np.argsort(-(vectors @ vectors[at]))[1:40]
            alike = [n for n in near.tolist() if lemmas[n] and not lemmas[n] & lemmas[at]]
            heads[pieces[number]] = [pieces[known[n]] for n in alike[:16]]
        return cls(heads)

    @lru_cache(None)  # noqa: B019
    def neighbours(self, word: str) -> tuple[tuple[str, float], ...]:
        """(replacement, Zipf frequency) with inflection carried over."""
        found: dict[str, float] = {}
        for lemma, _, tag in [*analyses(word), (word, "", "")]:
            for other in self._heads.get(lemma, ()):
                form = other
                if tag and tag not in ("NN", "VB", "JJ", "RB"):
                    first, *rest = other.split()
                    if tag.startswith("V"):
                        inflection = getInflection(first, tag)
                        form = " ".join([inflection[0], *rest]) if inflection else other
                    else:
                        *begin, last = other.split()
                        inflection = getInflection(last, tag)
                        form = " ".join([*begin, inflection[0]]) if inflection else other
                zipf = min(zipf_frequency(w, "en") for w in form.split())
                if form != word and zipf >= 1.5:
                    found[form] = zipf
        return tuple(sorted(found.items()))


def spin(text: str, draw, once: bool) -> str:
    """``text`` with words replaced by what ``draw(word)`` gives, capitals carried over."""
    memory: dict[str, str | None] = {}

    def replace(match: re.Match[str]) -> str:
        word = match.group()
        key = word.lower()
        swap = memory.get(key, "") if once else ""
        if swap == "":
            swap = memory[key] = draw(key)
        if swap is None:
            return word
        if word.isupper() and len(word) > 1:
            return word
        return swap[0].upper() + swap[1:] if word[0].isupper() else swap

    return _WORD.sub(replace, text)


def spin_thesaurus(
    text: str, thesaurus: Thesaurus, table: dict[str, Counter[str]], rng: random.Random
) -> str:
    """One of many manners: rate, love of rare words, phrases, mixed-in table words."""
    rate = math.exp(rng.uniform(math.log(0.05), math.log(0.8)))
    taste = rng.uniform(-1.0, 2.5)  # > 0 prefers frequent neighbours
    phrases = rng.random() < 0.5
    mixed = rng.choice((0.0, 0.0, 0.3))
    top = rng.choice((1, 3, 8, 1000))
    local = random.Random(rng.random())
    ranked: dict[str, list[tuple[str, float]]] = {}

    def draw(word: str) -> str | None:
        if rng.random() > rate or zipf_frequency(word, "en") > _ZIPF_FUNCTION:
            return None
        if mixed and rng.random() < mixed and word in table:
            forms = table[word]
            return rng.choices(list(forms), list(forms.values()))[0]
        if word not in ranked:
            found = [n for n in thesaurus.neighbours(word) if phrases or " " not in n[0]]
            local.shuffle(found)
            found = found[:60]
            weights = [math.exp(taste * z) * local.random() for _, z in found]
            order = sorted(range(len(found)), key=lambda i: -weights[i])
            ranked[word] = [found[i] for i in order[:top]]
        choices = ranked[word]
        return rng.choice(choices)[0] if choices else None

    return spin(text, draw, rng.random() < 0.5)


def prose_documents(
    paths: list[Path], without: frozenset[str], most: int
) -> Iterator[tuple[str, str]]:
    """Names and texts of documents of twelve neighbouring paragraphs each, ``most`` a file.

    Paragraphs that begin like one of ``without`` are left out.
    """
    for path in paths:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            lines = [line.strip() for line in file if line.strip()]
        lines = [line for line in lines if line[:_BEGINNING] not in without]
        starts = list(range(0, len(lines), 12))
        for at in random.Random(path.name).sample(starts, min(most, len(starts))):
            yield f"{path.stem}-{at // 12}", "\n\n".join(lines[at : at + 12])


def beginnings(pairs: Iterable[Pair]) -> frozenset[str]:
    """How the paragraphs of some pairs' originals begin."""
    return frozenset(
        line.strip()[:_BEGINNING] for pair in pairs for line in pair.original.splitlines()
    )


class Spinners:
    """Every simulated family, by name."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._table = tortured_table(args.tortured) if args.tortured else {}
        self._random = [Thesaurus.moby(args.moby)] if args.moby else []
        if args.wordnet:
            self._random.append(Thesaurus.wordnet(args.wordnet))
        self._webster = Thesaurus.gcide(args.gcide) if args.gcide else None
        self._alike = Thesaurus.embeddings(args.minilm) if args.minilm else None
        self._channels = read_channels(args.lexicon) if args.lexicon else {}
        plain = {o: c for o, c in self._table.items() if zipf_frequency(o, "en") <= _ZIPF_FUNCTION}
        listed = read_table(Path(__file__).with_name("spinbot.tsv"))
        self._planter = Planter(args.tortured) if args.tortured else None
        self._spinbot = WordTable(listed, plain, self._common_neighbour)

    def _common_neighbour(self, word: str, rng: random.Random) -> str | None:
        """One of a thesaurus' commonest words for ``word``."""
        if zipf_frequency(word, "en") > _ZIPF_FUNCTION or not self._random:
            return None
        found = sorted(rng.choice(self._random).neighbours(word), key=lambda n: -n[1])[:8]
        return rng.choice(found)[0] if found else None

    def pair(self, text: str, family: str, rng: random.Random) -> tuple[str, str]:
        """An original and what ``family`` makes of it."""
        if family == "P" and self._planter:
            return self._planter.plant(text, rng)
        return text, self._spin(text, family, rng)

    def _spin(self, text: str, family: str, rng: random.Random) -> str:
        if family == "clean":
            return text
        if family == "S":
            return spin_table(text, self._spinbot, rng)
        if family == "S+":
            chance = rng.choice((0.1, 0.3, 0.5))
            return spin_table(text, self._spinbot.with_chance(chance), rng)
        if family == "Y":
            return spin_thesaurus(text, rng.choice(self._random), self._table, rng)
        if family == "G":
            return spin_thesaurus(text, self._webster, {}, rng)
        if family == "E":
            return spin_thesaurus(text, self._alike, {}, rng)
        if family == "X":
            return strange(text, self._channels, rng)
        return imitate(text, family, self._channels[family], rng)


# Set before workers are forked, which would be too large to send to them.
_spinners: Spinners


def _record(seed: int, task: tuple[str, str, str]) -> str:
    family, name, text = task
    original, spun = _spinners.pair(text, family, random.Random(f"{seed} {family} {name}"))
    record = {"id": name, "spinner": family.rstrip("+"), "original": original, "spun": spun}
    return json.dumps(record, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the simulated pair file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", nargs="*", type=Path)
    parser.add_argument("--tortured", type=Path, help="documented phrases (S, Y)")
    parser.add_argument("--moby", type=Path, help="words.txt (Y)")
    parser.add_argument("--wordnet", type=Path, help="the folder of data.noun and others (Y)")
    parser.add_argument("--gcide", type=Path, help="the folder of gcide.index (G)")
    parser.add_argument("--minilm", type=Path, help="the folder of all-MiniLM-L6-v2 (E)")
    parser.add_argument("--lexicon", type=Path, help="spin.tsv (X and known families)")
    parser.add_argument(
        "--prose", nargs="*", type=Path, default=[], help="gzipped text, a paragraph a line"
    )
    parser.add_argument("--most", type=int, default=1 << 30, help="documents of one prose file")
    parser.add_argument(
        "--without", nargs="*", type=Path, default=[], help="pairs whose originals are held back"
    )
    parser.add_argument(
        "--documents", nargs="+", required=True, metavar="FAMILY=NUMBER", help="such as Y=4000"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    wanted = [(f, int(n)) for f, n in (x.split("=") for x in args.documents)]
    for family, _ in wanted:
        source = _SOURCES.get(family, "lexicon")
        if source and not getattr(args, source):
            parser.error(f"{family} needs --{source}")
    rng = random.Random(args.seed)
    texts = {pair.id: pair.original for pair in read_pairs(args.pairs)}
    texts |= dict(prose_documents(args.prose, beginnings(read_pairs(args.without)), args.most))
    names = sorted(texts)
    tasks = [
        (family, name, texts[name])
        for family, number in wanted
        for name in rng.sample(names, min(number, len(names)))
    ]
    global _spinners
    _spinners = Spinners(args)
    record = partial(_record, args.seed)
    with (
        gzip.open(args.output, "wt", encoding="utf-8", compresslevel=5) as out,
        ProcessPoolExecutor(args.workers, get_context("fork")) as pool,
    ):
        out.writelines(pool.map(record, tasks, chunksize=16))


if __name__ == "__main__":
    main()
