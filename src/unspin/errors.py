"""Typed errors. Each message says what failed and what to do next."""

from __future__ import annotations


class UnspinError(Exception):
    """Something unspin was given could not be used; the message says what to do."""


class InputError(UnspinError):
    """A text or file could not be read."""


class OutputError(UnspinError):
    """A result could not be written; the original is untouched."""


class SettingsError(UnspinError):
    """A setting has a value that cannot be used, or is unknown."""


class DataError(UnspinError):
    """A lexicon, language model or other data file is missing, damaged or of another format."""


class MissingExtraError(UnspinError, ImportError):
    """An optional library is not installed."""

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs {library}, which is not installed: pip install 'unspin[{extra}]'"
        )
