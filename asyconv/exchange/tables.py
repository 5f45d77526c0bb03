"""Numbers as text, exactly: single precision in the fewest digits that give it back."""

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt


def text_table(columns: Mapping[str, npt.NDArray[Any]], separator: str = ",", missing: str = "") -> str:
    """`columns` as lines without a header; NaN is `missing`."""
    import polars as pl

    table = pl.DataFrame({name: pl.Series(values) for name, values in columns.items()}).fill_nan(None)
    return table.write_csv(include_header=False, separator=separator, null_value=missing)
