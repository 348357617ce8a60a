"""The only place that knows where data files live.

Models are package data in ``unspin/data``. What people read and edit is in
``dictionaries`` at the top of a source checkout and in ``unspin/dictionaries``
once installed.
"""

from __future__ import annotations

from pathlib import Path

from unspin.errors import DataError

_PACKAGE = Path(__file__).parent
_REINSTALL = "reinstall unspin (pip install --force-reinstall unspin)"


def data_path(name: str) -> Path:
    """The path of a shipped data file.

    Raises:
        DataError: naming the file, if it is missing.
    """
    path = _PACKAGE / "data" / name
    if not path.is_file():
        raise DataError(f"{path} is missing: {_REINSTALL}")
    return path


def dictionary_dir() -> Path:
    """The folder of dictionaries: inside the wheel, or the checkout's when run from source.

    Raises:
        DataError: naming the places looked at, if there is none.
    """
    places = (_PACKAGE / "dictionaries", _PACKAGE.parents[1] / "dictionaries")
    for place in places:
        if place.is_dir():
            return place
    raise DataError(f"no dictionaries in {places[0]} or {places[1]}: {_REINSTALL}")


def page_asset(name: str) -> str:
    """A style sheet, script or template of the report page.

    Raises:
        DataError: naming the file, if it is missing.
    """
    path = _PACKAGE / "report" / "assets" / name
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path} is missing: {_REINSTALL}") from error
