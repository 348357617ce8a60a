"""Columns of a Spark DataFrame: a UDF, and a whole frame through ``mapInPandas``.

    frame.withColumn("unspin", restore_udf()("text"))       # text, score and edits
    restore_frame(frame, "text")                            # the text replaced, the rest beside it

Executors need unspin installed. Each Python worker loads the models once, and
Spark keeps its workers from task to task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from unspin.errors import MissingExtraError
from unspin.integrations.articles import outcome_of, plain_note, restored
from unspin.settings import Settings

try:
    import pandas as pd
    from pyspark.sql import Column, DataFrame
    from pyspark.sql.functions import pandas_udf
    from pyspark.sql.types import (
        ArrayType,
        BooleanType,
        DoubleType,
        IntegerType,
        StringType,
        StructField,
        StructType,
    )
except ImportError as error:
    raise MissingExtraError("pyspark", "spark", "unspin.integrations.spark") from error

_FIELD = "text"


def edit_type() -> StructType:
    """The type of an edit; offsets are half-open code-point offsets into the text as it came."""
    return StructType(
        [
            StructField("start", IntegerType()),
            StructField("end", IntegerType()),
            StructField("before", StringType()),
            StructField("after", StringType()),
            StructField("confidence", DoubleType()),
            StructField("kind", StringType()),
        ]
    )


def result_type() -> StructType:
    """The type of what is found: all of it null for a null text, ``error`` set for a failure."""
    return StructType(
        [
            StructField("text", StringType()),
            StructField("spin_score", DoubleType()),
            StructField("is_spun", BooleanType()),
            StructField("spinner", StringType()),
            StructField("edits", ArrayType(edit_type())),
            StructField("error", StringType()),
        ]
    )


def restore_udf(settings: Settings | None = None) -> Callable[[Any], Column]:
    """A function of a text column that gives a struct column of :func:`result_type`."""
    chosen = settings or Settings()

    def restore(batches: Iterator[pd.Series]) -> Iterator[pd.DataFrame]:
        for texts in batches:
            yield _results(texts, chosen)

    # Given as objects: Spark cannot resolve the names of postponed annotations.
    restore.__annotations__ = {
        "batches": Iterator[pd.Series],
        "return": Iterator[pd.DataFrame],
    }
    made: Callable[[Any], Column] = pandas_udf(restore, returnType=result_type())
    return made


def restore_frame(
    frame: DataFrame, column: str = _FIELD, settings: Settings | None = None, note: str = "unspin"
) -> DataFrame:
    """The frame with ``column`` restored and a struct column ``note`` beside it.

    An article that fails keeps its text and has an ``error`` in its note.
    """
    chosen = settings or Settings()
    found = StructType(result_type().fields[1:])
    schema = StructType([*frame.schema.fields, StructField(note, found)])

    def restore(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for rows in batches:
            results = _results(rows[column], chosen)
            texts = results.pop(_FIELD)
            yield rows.assign(**{column: texts, note: results.to_dict("records")})

    return frame.mapInPandas(restore, schema)


def _results(texts: pd.Series, settings: Settings) -> pd.DataFrame:
    names = result_type().names
    rows = [_result(text, settings) for text in texts]
    # Objects, so that pandas does not turn missing scores into NaN.
    return pd.DataFrame(
        {name: pd.Series([row.get(name) for row in rows], dtype=object) for name in names},
        index=texts.index,
    )


def _result(text: Any, settings: Settings) -> dict[str, Any]:
    if not isinstance(text, str):
        return {}
    texts = {_FIELD: text}
    outcome = outcome_of(texts, settings)
    return {**plain_note(outcome), _FIELD: restored(texts, outcome).get(_FIELD, text)}
