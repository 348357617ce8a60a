"""``unspin learn``: a spin lexicon from parallel text or from a reviewer's decisions."""

from __future__ import annotations

import json
from pathlib import Path

import click

from unspin.commands import options, streams
from unspin.errors import DataError, MissingExtraError

ONE_OF = "give PAIRS or --decisions, one of the two"


@click.command("learn")
@click.argument("pairs", nargs=-1, type=options.FILE, metavar="[PAIRS]...")
@click.option(
    "--decisions",
    multiple=True,
    type=options.FILE,
    metavar="FILE",
    help="Learn from decisions that unspin report exported; may be given again.",
)
@click.option("-o", "--output", required=True, type=options.FILE, help="The lexicon to write.")
@click.option(
    "--min-count",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Leave out pairs of phrases seen less often.",
)
@click.option(
    "--workers", type=click.IntRange(1), default=2, show_default=True, help="Reading processes."
)
def command(
    pairs: tuple[Path, ...],
    decisions: tuple[Path, ...],
    output: Path,
    min_count: int,
    workers: int,
) -> None:
    """Learn spun phrases from PAIRS or from decisions and write them as a lexicon.

    PAIRS are JSON Lines, gzipped or not, with the fields id, spinner, original
    and spun. From decisions, accepted edits count as seen, and a phrase that was
    rejected wherever it stood is left alone from then on. The same input gives
    the same lexicon, byte for byte. Use it with --lexicon.
    """
    if bool(pairs) == bool(decisions):
        raise click.UsageError(ONE_OF)
    if decisions:
        _from_decisions(decisions, output)
    else:
        _from_pairs(pairs, output, min_count, workers)


def _from_decisions(paths: tuple[Path, ...], output: Path) -> None:
    from unspin.decisions import learn, read_decisions, write_lexicon

    learned = learn(file for path in paths for file in read_decisions(path))
    write_lexicon(learned, output)
    streams.note(
        f"{learned.accepted:,} substitutions accepted, {learned.never:,} never to be made, "
        f"in {output}"
    )
    if learned.not_learnable:
        listed = json.dumps(learned.not_learnable, ensure_ascii=False)
        streams.note(
            f"A lexicon cannot hold what was rejected here; in unspin.toml: "
            f"ignore-phrases = {listed}"
        )


def _from_pairs(pairs: tuple[Path, ...], output: Path, min_count: int, workers: int) -> None:
    try:
        from unspin.learn.align import align
        from unspin.learn.lexicon import learn_rows, write_lexicon
        from unspin.learn.parallel import load
    except ModuleNotFoundError as error:
        if error.name == "numba":
            raise MissingExtraError("numba", "learn", "unspin learn") from error
        raise
    from unspin.pairs import read_pairs

    click.echo("reading and tokenizing", err=True)
    text = load(read_pairs(pairs), workers)
    if not len(text.spinner):
        raise DataError(f"no pairs in {', '.join(map(str, pairs))}")
    click.echo(f"aligning {len(text.spun.words):,} tokens", err=True)
    segments = align(text)
    rows = learn_rows(text, segments, min_count=min_count)
    if not rows:
        raise DataError("nothing to learn: no phrase was changed the same way often enough")
    write_lexicon(rows, output, ["Learned by unspin learn."])
    changed = sum(row.spun != row.original for row in rows)
    phrases = len({row.spun for row in rows})
    click.echo(
        f"{len(text.spinner):,} documents, {len(segments.s1):,} changed phrases: "
        f"{phrases:,} spun phrases with {changed:,} originals in {output}",
        err=True,
    )
