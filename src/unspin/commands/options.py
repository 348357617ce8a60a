"""The options that several commands share, and the restorer that they ask for."""

from __future__ import annotations

import codecs
import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from unspin.exclusion import Exclusion
from unspin.records import EditKind
from unspin.settings import RANKERS, Settings
from unspin.settings_file import (
    find_settings_file,
    parse_kinds,
    read_exclusion,
    read_settings,
)

if TYPE_CHECKING:
    from unspin.restorer import Restorer

F = TypeVar("F", bound=Callable[..., Any])
FILE = click.Path(path_type=Path)
ONE_OR_NONE = "--isolated reads no settings file and --config names one: choose one of them"
UNKNOWN_ENCODING = "{value!r} is not a text encoding; try utf-8, cp1252 or utf-16-le"


def build_restorer(settings: Settings) -> Restorer:
    """The restorer for ``settings``; the models are imported here, not before."""
    from unspin.restorer import Restorer

    return Restorer(settings)


def _encoding(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """The canonical name of a text encoding that Python knows."""
    if value is None:
        return None
    try:
        name = codecs.lookup(value).name
        b" ".decode(name, "ignore")  # codecs such as base64 have names too
    except (LookupError, ValueError) as error:
        raise click.BadParameter(UNKNOWN_ENCODING.format(value=value)) from error
    return name


def _kinds(
    _ctx: click.Context, _parameter: click.Parameter, value: str | None
) -> frozenset[EditKind] | None:
    """The edit kinds of a comma-separated list."""
    if value is None:
        return None
    try:
        return parse_kinds(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def files_argument(function: F) -> F:
    """Add ``FILE...``, where ``-`` or nothing is standard input."""
    return click.argument("files", nargs=-1, type=FILE, metavar="[FILE]...")(function)


def encoding_option(function: F) -> F:
    """Add ``--encoding``."""
    return click.option(
        "--encoding",
        metavar="NAME",
        callback=_encoding,
        help="Encoding of the files. [default: UTF-8, or what a byte order mark says]",
    )(function)


def fields_option(function: F) -> F:
    """``--field``, given any number of times, as ``fields``."""
    return click.option(
        "--field",
        "fields",
        multiple=True,
        metavar="NAME",
        help="Text field of a dataset; may be given again. [default: the first of text, content, "
        "body, article]",
    )(function)


def format_option(*formats: str, help: str) -> Callable[[F], F]:
    """Add ``--format``, the first of ``formats`` by default, as ``format_``."""
    return click.option(
        "--format",
        "format_",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help=help,
    )


def settings_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that make a :class:`Settings`, passed on as ``settings``.

    The settings file comes first and the options override it.
    """
    return _with_settings(function, lambda _path: {})


def settings_and_exclusion(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same; and pass on as ``exclusion`` which files the settings file leaves out."""

    def exclusion(path: Path | None) -> dict[str, Any]:
        return {"exclusion": Exclusion() if path is None else read_exclusion(path)}

    return _with_settings(function, exclusion)


def _with_settings(
    function: Callable[..., Any], more: Callable[[Path | None], dict[str, Any]]
) -> Callable[..., Any]:
    """The command with the options of settings; ``more`` is passed on from their file."""

    @functools.wraps(function)
    def collect(*args: Any, settings_file: Path | None, isolated: bool, **options: Any) -> Any:
        if isolated and settings_file is not None:
            raise click.UsageError(ONE_OR_NONE)
        path = settings_file
        if path is None and not isolated:
            path = find_settings_file(Path())
        settings = Settings() if path is None else read_settings(path)
        changes = {name: value for name in _NAMES if (value := options.pop(name)) not in (None, ())}
        if "lexicons" in changes:
            changes["lexicons"] = (*settings.lexicons, *changes["lexicons"])
        return function(*args, settings=replace(settings, **changes), **more(path), **options)

    for option in reversed(_OPTIONS):
        collect = option(collect)
    return collect


_NAMES = (
    "min_confidence",
    "kinds",
    "ranker",
    "strip_boilerplate",
    "spinner",
    "lexicons",
    "language_model",
)
_OPTIONS = (
    click.option(
        "--min-confidence",
        type=click.FloatRange(0, 1),
        metavar="P",
        help="Apply edits at or above this confidence. [default: tuned for precision]",
    ),
    click.option(
        "--kinds",
        metavar="LIST",
        callback=_kinds,
        help=f"Damage to look for, comma-separated: all, {', '.join(EditKind)}.",
    ),
    click.option("--ranker", type=click.Choice(RANKERS), help="Model that decides."),
    click.option(
        "--strip-boilerplate/--keep-boilerplate",
        default=None,
        help="Delete leftover boilerplate lines.",
    ),
    click.option("--spinner", metavar="FAMILY", help="Spinner family, where it is known."),
    click.option(
        "--lexicon",
        "lexicons",
        type=FILE,
        multiple=True,
        metavar="FILE",
        help="Further spin lexicon; may be given again.",
    ),
    click.option(
        "--language-model",
        type=FILE,
        metavar="FILE",
        help="KenLM or ARPA file to use in place of the shipped model.",
    ),
    click.option(
        "--config",
        "--settings",
        "settings_file",
        type=FILE,
        metavar="FILE",
        help="Settings file. [default: the nearest unspin.toml or pyproject.toml]",
    ),
    click.option("--isolated", is_flag=True, help="Read no settings file at all."),
)
