"""The screen's table: what is read, and what is refused."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from unspin.errors import DataError
from unspin.spinners import HEADER, SpinnerTable


def table(folder: Path, *rows: str) -> SpinnerTable:
    path = folder / "spinners.tsv"
    path.write_text("\n".join([HEADER, "# families: A B", *rows]), encoding="utf-8")
    return SpinnerTable.read(path)


def test_ratios_are_tenths_of_nats(tmp_path: Path) -> None:
    found = table(tmp_path, "mature\t21 0", "used\t-128 127")
    assert found.log_ratios(["mature", "used", "other"]).tolist() == [-10.7, 12.7]


def test_a_word_repeated_without_end_is_little_evidence(tmp_path: Path) -> None:
    found = table(tmp_path, "mature\t20 0")
    text = ["mature", "it"] * 100_000
    assert found.log_ratios(text).tolist() == [100.0, 0.0]
    # In texts as they are written every occurrence counts.
    assert found.log_ratios(text[:400]).tolist() == [400.0, 0.0]
    assert found.paragraph_ratios([text, [], ["mature"]])[:, 0].tolist() == [100.0, 0.0, 2.0]


@pytest.mark.parametrize("numbers", ["1", "1 2 3", "1 x", "1 128", "-129 1", "1 1.5", "1 2-3", ""])
@pytest.mark.parametrize("strict", [False, True])
def test_other_numbers_are_refused(tmp_path: Path, numbers: str, strict: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error" if strict else "ignore")
        with pytest.raises(DataError, match="does not have 2 numbers"):
            table(tmp_path, "mature\t21 0", f"used\t{numbers}")
