"""Tortured phrases nobody taught it: five-fold cross-validation over a list of documented ones.

    python benchmarks/tortured.py TORTURED.tsv [--folds 5] [--sample N] [--failures FILE]

TORTURED.tsv has two columns, a phrase and what it stands for. For each fold a
lexicon is aligned word by word from the other folds; the held-out phrases are
put into carrier passages and restored. The shipped rows that come from such
lists are switched off: ``tortured.tsv`` is not read and ``spin.tsv`` without
the counts of family S; terms are composed of words by hand-written rows and the other
folds' alone. (The trained rankers and the trees of ``torn.npz`` have seen the word pairs of the
whole list and the encoder four in five of the phrases, see ``training/torn.py`` for the others;
the floors are checked by a list that nobody here has.)

Printed are the shares of phrases flagged (an edit, suggestion or finding touches
them), edited, and restored exactly, and what happened to the carriers, which
are all clean.
"""

from __future__ import annotations

import argparse
import math
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from unspin.composition import Composer, read_swaps, read_terms, singular
from unspin.edits import apply_edits
from unspin.inflect import inflections
from unspin.language_model import LanguageModel
from unspin.learn.align import align
from unspin.learn.lexicon import LearnedRow, learn_rows, write_lexicon
from unspin.learn.parallel import load
from unspin.pairs import Pair
from unspin.records import Edit, Finding, Restoration
from unspin.resources import data_path, dictionary_dir
from unspin.restorer import Restorer
from unspin.settings import RANKERS, Settings
from unspin.tokens import phrase_norms
from unspin.torn import Look, TornTerms

# Two or three sentences of academic prose each, with room for a noun phrase.
CARRIERS = (
    "Several groups have worked on {} over the past decade. Their results differ mainly in the "
    "choice of data and in the way the experiments were set up.",
    "In this section we introduce {} and discuss why it matters for our work. The notation follows "
    "the earlier literature as closely as possible.",
    "The second part of the survey deals with {}. Respondents were asked to judge its role in "
    "their daily work on a scale from one to five.",
    "We compare our approach with {}, which is still the most widely used baseline. Both were run "
    "ten times with different random seeds, and we report the mean.",
    "Recent papers on {} have shown promising results. However, most of them rely on small samples "
    "and have not been repeated by other laboratories.",
    "The authors define {} in terms of the model described above. This definition is slightly more "
    "general than the one found in textbooks.",
    "A common objection is that {} cannot be observed directly. We answer it by measuring three "
    "quantities that are known to depend on it.",
    "Figure 4 shows how {} changes during the first twelve months. The shaded area marks the 95 % "
    "confidence interval.",
    "It has long been known that {} plays a part in this process. What is missing so far is an "
    "account of how large that part is.",
    "All patients were informed about {} before they gave written consent. The study was approved "
    "by the ethics committee of the university hospital.",
    "The method described here was first developed for {}. It was later applied to other problems, "
    "among them the planning of production lines.",
    "Our findings suggest that {} deserves more attention than it has received. Further work is "
    "needed to confirm this in a larger population.",
    "To reduce the cost of computing, we restrict ourselves to {}. The general case can be treated "
    "in the same way, but the formulas become longer.",
    "The literature distinguishes between two kinds of {}. Only the first of them is relevant for "
    "the questions raised in this paper.",
    "After {} had been taken into account, the difference between the two groups was no longer "
    "significant. This agrees with what earlier studies reported.",
    "The third chapter gives an overview of {}. Readers who are familiar with the subject may skip "
    "it without losing the thread.",
    "Table 2 lists the parameters that were used for {}. All other settings were left at their "
    "default values.",
    "The main contribution of this paper is a new way to describe {}. It needs fewer assumptions "
    "and can be checked against data that are publicly available.",
    "Since the 1990s, {} has become a standard topic in engineering courses. Most textbooks still "
    "present it in the form in which it was first published.",
    "The samples were prepared as described above and then examined with regard to {}. Each "
    "measurement was repeated three times by different members of the team.",
    "Another important factor is {}. Its influence on the outcome was estimated with a linear "
    "model that included age and sex.",
    "We thank the reviewers for pointing out the role of {}. The discussion has been extended, and "
    "two references have been added.",
    "There is little agreement on how {} should be measured. Some authors prefer questionnaires, "
    "while others rely on records kept by the institutions themselves.",
    "The experiment was designed to separate the effect of {} from that of temperature. For this "
    "purpose, half of the containers were kept at a constant twenty degrees.",
    "The rest of the paper is organized as follows. Section 2 reviews earlier work on {}, and "
    "Section 3 presents our own results.",
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A tortured phrase and the readings that count as right, as norms joined by spaces."""

    spun: str
    readings: tuple[str, ...]


def read_phrases(path: Path) -> list[Phrase]:
    """The phrases of a list, those left out that it marks as doubtful."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or line.count("\t") < 1:
            continue
        spun, original = line.split("\t")[:2]
        if "?" in spun + original:
            continue
        original = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", original)
        parts = re.split(r" or |/|;|,", original)
        readings = tuple(dict.fromkeys(" ".join(part.split()) for part in parts if part.strip()))
        if readings and phrase_norms(spun) not in map(phrase_norms, readings):
            found[" ".join(spun.split())] = readings
    return [Phrase(spun, readings) for spun, readings in sorted(found.items())]


def learned(phrases: list[Phrase]) -> list[LearnedRow]:
    """A lexicon of the phrases, word by word, with the other inflections of single words."""
    pairs = [Pair("list", "S", reading, p.spun) for p in phrases for reading in p.readings]
    text = load(pairs, 1)
    rows = {(r.spun, r.original): r for r in learn_rows(text, align(text), min_count=1)}
    for row in list(rows.values()):
        if row.spun != row.original and " " not in row.spun + row.original:
            for spun, original in inflections(row.spun, row.original):
                rows.setdefault((spun, original), LearnedRow(spun, original, row.families))
    return [rows[key] for key in sorted(rows)]


def word_weights(phrases: list[Phrase]) -> dict[tuple[str, str], float]:
    """(spun, original) -> natural log of P(spun | original) of the phrases, word by word."""
    counts = {
        (row.spun, row.original): sum(count for count, _ in row.families.values())
        for row in learned(phrases)
    }
    total: Counter[str] = Counter()
    for (_, original), count in counts.items():
        total[original] += count
    return {
        (spun, original): math.log((count + 0.3) / (total[original] + 1))
        for (spun, original), count in counts.items()
    }


def counted(terms: Iterable[str], phrases: list[Phrase]) -> dict[str, int]:
    """How many of the phrases stand for each term, in whichever number."""
    counts = Counter(in_singular(reading) for p in phrases for reading in p.readings)
    return {term: counts[in_singular(term)] for term in terms}


def in_singular(phrase: str) -> str:
    """Its norms, without the plural's endings."""
    return " ".join(map(singular, phrase_norms(phrase)))


def composing(phrases: list[Phrase], look: Look | None) -> TornTerms:
    """What composes terms, knowing these phrases and what was written by hand.

    ``look`` is the encoder's, if the ranker has one.
    """
    folder = dictionary_dir() / "en"
    listed = word_weights(phrases)
    pairs = listed | {
        (spun, original): weight
        for spun, original, weight, source in read_swaps(folder / "torn.tsv")
        if source != "list"
    }
    rows = [(*pair, pairs[pair], "list" if pair in listed else "hand") for pair in pairs]
    composer = Composer.of(counted(read_terms(folder / "terms.tsv"), phrases), rows)
    models = LanguageModel(), LanguageModel(data_path("en.prose.kenlm"))
    return TornTerms.read(data_path("torn.npz"), composer, models, look)


def without_family(path: Path, family: str) -> list[str]:
    """The lines of a learned lexicon with one family's counts left out."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = line.split("\t")
        if not line.startswith("#"):
            kept = [f for f in cells[2].split() if not f.startswith(f"{family}:")]
            if not kept:
                continue
            line = "\t".join([*cells[:2], " ".join(kept)])
        lines.append(line)
    return lines


def outcome(text: str, begin: int, phrase: Phrase, found: Restoration) -> Counter[str]:
    """What became of the phrase at ``begin``."""
    end = begin + len(phrase.spun)
    edits = [e for e in found.edits if e.start < end and e.end > begin]
    marks = [*edits, *found.suggestions, *found.findings]
    norms = {" ".join(phrase_norms(reading)) for reading in phrase.readings}
    return Counter(
        phrases=1,
        edited=bool(edits),
        flagged=any(m.start < end and m.end > begin for m in marks),
        exact=" ".join(phrase_norms(restored(text, begin, end, edits))) in norms,
    )


def restored(text: str, begin: int, end: int, edits: list[Edit]) -> str:
    """The words that now stand where ``text[begin:end]`` stood, and what edits took with it."""
    begin, end = min([begin, *(e.start for e in edits)]), max([end, *(e.end for e in edits)])
    moved = [replace(e, start=e.start - begin, end=e.end - begin) for e in edits]
    return apply_edits(text[begin:end], moved)


def surroundings(text: str, spans: list[tuple[int, int]], found: Restoration) -> Counter[str]:
    """What became of the words around the phrases."""

    def outside(mark: Edit | Finding) -> bool:
        return all(mark.end <= begin or mark.start >= end for begin, end in spans)

    inside = sum(len(text[begin:end].split()) for begin, end in spans)
    return Counter(
        passages=1,
        spun=found.is_spun,
        carrier_words=len(text.split()) - inside,
        carrier_edits=sum(map(outside, found.edits)),
        carrier_flags=sum(map(outside, (*found.suggestions, *found.findings))),
    )


def document(phrases: list[Phrase], rng: random.Random) -> tuple[str, list[tuple[int, int]]]:
    """One paragraph a phrase, and the spans of the phrases."""
    text, spans = "", []
    for phrase in phrases:
        carrier = rng.choice(CARRIERS)
        begin = len(text) + carrier.index("{}")
        spans.append((begin, begin + len(phrase.spun)))
        text += carrier.replace("{}", phrase.spun) + "\n\n"
    return text, spans


def run(args: argparse.Namespace, folder: Path) -> None:
    """Measure every fold and print the sums."""
    rng = random.Random(args.seed)
    phrases = read_phrases(args.list)
    rng.shuffle(phrases)
    folds = [phrases[i :: args.folds] for i in range(args.folds)]
    base = folder / "spin.tsv"
    base.write_text(
        "\n".join(without_family(dictionary_dir() / "en/spin.tsv", "S")) + "\n", "utf-8"
    )
    hand = dictionary_dir() / "en/hand.tsv"
    total: Counter[str] = Counter()
    failures: list[str] = []
    for number, held in enumerate(folds):
        lexicon = folder / str(number) / "tortured.tsv"  # the name makes its rows tortured terms
        lexicon.parent.mkdir()
        others = [p for fold in folds if fold is not held for p in fold]
        rows = learned(others)
        write_lexicon(rows, lexicon, ["Learned from the other folds."])
        settings = Settings(
            ranker=args.ranker,
            builtin_lexicon=False,
            lexicons=(base, hand, lexicon),
            spin_prior=args.spin_prior,
        )
        restorer = Restorer(settings)
        models = restorer._models
        look = models.looks_changed if args.ranker == "context" else None
        models.__dict__["torn"] = composing(others, look)
        counts: Counter[str] = Counter()
        tried = held[: args.sample]
        for at in range(0, len(tried), args.together):
            chosen = tried[at : at + args.together]
            text, spans = document(chosen, rng)
            found = restorer.restore(text)
            counts += surroundings(text, spans, found)
            for phrase, (begin, end) in zip(chosen, spans, strict=True):
                result = outcome(text, begin, phrase, found)
                counts += result
                if not result["exact"]:
                    kind = next((k for k in ("edited", "flagged") if result[k]), "missed")
                    edits = [e for e in found.edits if e.start < end and e.end > begin]
                    got = restored(text, begin, end, edits)
                    failures.append(f"{kind}\t{phrase.spun}\t{' | '.join(phrase.readings)}\t{got}")
        print(f"fold {number + 1}: {line(counts)}", file=sys.stderr, flush=True)
        total += counts
    print(line(total))
    if args.failures:
        args.failures.write_text("\n".join(sorted(failures)) + "\n", encoding="utf-8")


def line(counts: Counter[str]) -> str:
    """One line of shares."""

    def percent(name: str, of: str) -> str:
        return f"{100 * counts[name] / max(1, counts[of]):.1f} %"

    per = 10_000 / max(1, counts["carrier_words"])
    return (
        f"{counts['phrases']} phrases: {percent('flagged', 'phrases')} flagged, "
        f"{percent('edited', 'phrases')} edited, {percent('exact', 'phrases')} restored exactly; "
        f"{percent('spun', 'passages')} of passages called spun; per 10,000 clean words around "
        f"them {per * counts['carrier_edits']:.1f} edits, "
        f"{per * counts['carrier_flags']:.1f} suggestions and findings"
    )


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "list", type=Path, help="tab-separated: tortured phrase, what it stands for"
    )
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--sample", type=int, help="held-out phrases of each fold to try")
    parser.add_argument("--together", type=int, default=1, help="phrases in one document")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ranker", choices=RANKERS, default="context")
    parser.add_argument("--spin-prior", type=float, default=Settings().spin_prior)
    parser.add_argument("--failures", type=Path, help="write what was not restored exactly")
    with tempfile.TemporaryDirectory() as folder:
        run(parser.parse_args(), Path(folder))


if __name__ == "__main__":
    main()
