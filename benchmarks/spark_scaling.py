"""Spark on one core and on two: words a second, and processor seconds per million words.

    python benchmarks/spark_scaling.py pairs.jsonl.gz [--every N]

Processor seconds are those of the Python workers, models loaded before; they
say what a word costs however busy the machine is. Needs unspin[spark] and Java.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import time
from pathlib import Path
from typing import Any


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--every", type=int, default=1)
    given = parser.parse_args()
    with gzip.open(given.pairs, "rt", encoding="utf-8") as stream:
        pairs = [json.loads(line) for line in stream][:: given.every]
    os.environ["PYSPARK_PYTHON"] = sys.executable
    print("| text | cores | words/s | times one core | processor s per million words |")
    print("|---|---|---|---|---|")
    one_core: dict[str, float] = {}
    for cores in (1, 2):
        for field in ("spun", "original"):
            texts = [pair[field] for pair in pairs]
            rate, cost = measure(cores, texts, pairs[0]["spun"])
            one_core.setdefault(field, rate)
            gain = rate / one_core[field]
            print(f"| {field} | {cores} | {rate:,.0f} | {gain:.2f} | {cost:,.0f} |", flush=True)


def measure(cores: int, texts: list[str], spun: str) -> tuple[float, float]:
    """Words a second and processor seconds per million words; ``spun`` makes the models load."""
    from pyspark.sql import SparkSession

    from unspin.integrations.spark import restore_udf

    session = (
        SparkSession.builder.master(f"local[{cores}]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.log.level", "ERROR")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "100")
        .getOrCreate()
    )
    try:
        frame = session.createDataFrame([(text,) for text in texts], ["text"])
        frame = frame.repartition(4 * cores).cache()
        frame.count()
        column = restore_udf()("text")
        warm = session.createDataFrame([(spun,)] * (4 * cores), ["text"])
        restore(warm.repartition(4 * cores), column)
        words = sum(len(text.split()) for text in texts)
        before, start = processor_seconds(), time.perf_counter()
        restore(frame, column)
        wall, used = time.perf_counter() - start, processor_seconds() - before
    finally:
        session.stop()
    return words / wall, used / words * 1e6


def restore(frame: Any, column: Any) -> None:
    """Have every row restored."""
    frame.select(column.alias("found")).selectExpr("sum(length(found.text))").collect()


def processor_seconds() -> float:
    """What Spark's Python workers have used so far."""
    ticks = 0
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if b"pyspark.daemon" in (place / "cmdline").read_bytes():
                fields = (place / "stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        except OSError:
            continue  # it has ended
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
