"""``unspin evaluate``: the measures on parallel text."""

from __future__ import annotations

import json
from pathlib import Path

import click

from unspin.commands import EXIT_FOUND, options
from unspin.errors import DataError
from unspin.settings import Settings


@click.command("evaluate")
@click.argument("pairs", nargs=-1, required=True, type=options.FILE, metavar="PAIRS...")
@click.option(
    "--clean",
    multiple=True,
    type=options.FILE,
    metavar="FILE",
    help="Unspun text, one paragraph group per file; by default the pairs' originals.",
)
@options.format_option("text", "json", help="A table for people, or one JSON object.")
@click.option("--errors", type=click.IntRange(0), default=0, help="Show N phrases not restored.")
@click.option("--every", type=click.IntRange(1), default=1, help="Evaluate each Nth pair only.")
@click.option(
    "--floors", type=options.FILE, metavar="FILE", help="JSON of bounds; exit 1 if one is broken."
)
@options.settings_options
@click.pass_context
def command(
    ctx: click.Context,
    pairs: tuple[Path, ...],
    clean: tuple[Path, ...],
    format_: str,
    errors: int,
    every: int,
    floors: Path | None,
    settings: Settings,
) -> None:
    """Measure how well PAIRS are restored.

    PAIRS are JSON Lines, gzipped or not, with the fields id, spinner, original
    and spun.
    """
    from unspin.evaluate import Miss, Tally, evaluate_clean, evaluate_pair
    from unspin.pairs import read_pairs
    from unspin.report import evaluation

    bounds = _read_floors(floors) if floors else {}
    restorer = options.build_restorer(settings)
    tallies: dict[str, Tally] = {}
    total_clean = Tally()
    misses: list[Miss] = []
    seen: set[str] = set()
    for number, pair in enumerate(read_pairs(pairs)):
        if number % every:
            continue
        tally = tallies.setdefault(pair.spinner, Tally())
        tally.add(evaluate_pair(restorer, pair, misses))
        if not clean and pair.original not in seen:
            seen.add(pair.original)
            total_clean.add(evaluate_clean(restorer, pair.original))
    for path in clean:
        total_clean.add(evaluate_clean(restorer, path.read_text(encoding="utf-8")))
    for tally in tallies.values():
        tally.clean_scores = total_clean.clean_scores
    result = evaluation.as_dict(tallies, total_clean)
    if format_ == "json":
        click.echo(json.dumps(result))
    else:
        click.echo(evaluation.table(tallies, total_clean))
        click.echo()
        click.echo(evaluation.curve(list(tallies.values())))
        if errors:
            click.echo()
            click.echo(evaluation.samples(misses, errors))
    broken = evaluation.broken_floors(result, bounds)
    for message in broken:
        click.echo(message, err=True)
    if broken:
        ctx.exit(EXIT_FOUND)


def _read_floors(path: Path) -> dict[str, dict[str, float]]:
    try:
        floors: dict[str, dict[str, float]] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: floors cannot be read: {error}") from error
    return floors
