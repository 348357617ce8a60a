"""Settings from ``unspin.toml`` or ``[tool.unspin]`` in ``pyproject.toml``.

The keys are the fields of :class:`unspin.settings.Settings`, with hyphens or
underscores, and ``exclude``::

    [tool.unspin]
    min-confidence = 0.8
    kinds = ["synonym", "doubled"]
    lexicons = ["house-words.tsv"]      # relative to this file
    ignore-phrases = ["machine learning"]
    exclude = ["drafts/", "*.min.html"] # files that commands pass over, below this folder
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from unspin.errors import SettingsError
from unspin.exclusion import Exclusion
from unspin.records import EditKind
from unspin.settings import Settings

OWN_FILE = "unspin.toml"
PROJECT_FILE = "pyproject.toml"
# The key about files, which is no setting of a restorer.
EXCLUDE = "exclude"


def find_settings_file(folder: Path) -> Path | None:
    """The settings file that applies in ``folder``: its own or the nearest above it."""
    for place in (folder, *folder.resolve().parents):
        own = place / OWN_FILE
        if own.is_file():
            return own
        project = place / PROJECT_FILE
        if project.is_file() and _table(project) is not None:
            return project
    return None


def read_settings(path: Path, base: Settings | None = None) -> Settings:
    """``base``, by default the defaults, with what the file at ``path`` sets.

    Raises:
        SettingsError: naming file, line and key, if a value cannot be used.
    """
    where = functools.partial(_prefix, path)
    return settings_of(_table(path) or {}, path.parent, base, where, (EXCLUDE,))


def read_exclusion(path: Path) -> Exclusion:
    """The files that the settings file at ``path`` leaves out.

    Raises:
        SettingsError: naming file and line, if they are not listed as strings.
    """
    value = (_table(path) or {}).get(EXCLUDE, [])
    try:
        return Exclusion(path, _strings(value))
    except ValueError as error:
        raise SettingsError(f"{_prefix(path, EXCLUDE)}{EXCLUDE} is {value!r}; {error}") from error


def settings_of(
    table: Mapping[str, Any],
    folder: Path,
    base: Settings | None = None,
    where: Callable[[str], str] = lambda key: "",
    others: Collection[str] = (),
) -> Settings:
    """``base``, by default the defaults, with what a table of keys and plain values sets.

    File names are relative to ``folder``; messages start with ``where(key)``, which
    gets "" where no one key is at fault. The keys ``others`` are passed over.

    Raises:
        SettingsError: naming the key, if it is unknown or its value cannot be used.

    >>> settings_of({"min-confidence": 0.8}, Path()).min_confidence
    0.8
    """
    known = {field.name for field in fields(Settings)}
    changes: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if key in others:
            continue
        if name not in known:
            expected = ", ".join(sorted(k.replace("_", "-") for k in {*known, *others}))
            raise SettingsError(f"{where(key)}{key} is not a setting; expected one of {expected}")
        try:
            changes[name] = _convert(name, value, folder)
        except ValueError as error:
            raise SettingsError(f"{where(key)}{key} is {value!r}; {error}") from error
    try:
        return replace(base or Settings(), **changes)
    except SettingsError as error:
        raise SettingsError(f"{where('')}{error}") from error


def _table(path: Path) -> dict[str, Any] | None:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror}): check the name") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error
    if path.name == PROJECT_FILE:
        document = document.get("tool", {}).get("unspin")
    if document is not None and not isinstance(document, dict):
        raise SettingsError(f"{path}: [tool.unspin] must be a table")
    return document


def _prefix(path: Path, key: str) -> str:
    """What messages about a key begin with: the file and, where it is found, the line."""
    if not key:
        return f"{path}: "
    pattern = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=")
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if pattern.match(line):
            return f"{path}:{number}: "
    return f"{path}: "


def _convert(name: str, value: object, folder: Path) -> object:
    converter: Callable[[object, Path], object]
    if name in ("strip_boilerplate", "builtin_lexicon"):
        converter = _boolean
    elif name in ("min_confidence", "spin_prior"):
        converter = _number
    elif name == "alternatives":
        converter = _whole
    elif name == "language_model":
        converter = _path
    elif name == "lexicons":
        converter = _paths
    elif name == "kinds":
        converter = _kinds
    elif name in ("ignore_words", "ignore_phrases"):
        return frozenset(_strings(value))
    elif name == "ignore_patterns":
        return _strings(value)
    else:
        converter = _string
    return converter(value, folder)


def _boolean(value: object, _folder: Path) -> bool:
    if not isinstance(value, bool):
        raise ValueError("use true or false")
    return value


def _number(value: object, _folder: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("use a number")
    return float(value)


def _whole(value: object, _folder: Path) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("use a whole number")
    return value


def _string(value: object, _folder: Path) -> str:
    if not isinstance(value, str):
        raise ValueError("use a string")
    return value


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("use a list of strings")
    return tuple(value)


def _path(value: object, folder: Path) -> Path:
    return folder / _string(value, folder)


def _paths(value: object, folder: Path) -> tuple[Path, ...]:
    return tuple(folder / item for item in _strings(value))


def _kinds(value: object, _folder: Path) -> frozenset[EditKind]:
    return parse_kinds(",".join(_strings(value)))


def parse_kinds(listed: str) -> frozenset[EditKind]:
    """The kinds of a comma-separated list; ``all`` stands for every kind.

    Raises:
        ValueError: naming the valid kinds, if one is unknown.

    >>> sorted(parse_kinds("doubled, synonym"))
    [<EditKind.DOUBLED: 'doubled'>, <EditKind.SYNONYM: 'synonym'>]
    """
    names = [name.strip().lower() for name in listed.split(",") if name.strip()]
    if names == ["all"]:
        return frozenset(EditKind)
    known = [kind.value for kind in EditKind]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        found = f"{unknown[0]!r} is not a kind" if unknown else "no kind is named"
        raise ValueError(f"{found}; use all, or some of {', '.join(known)}")
    return frozenset(map(EditKind, names))
