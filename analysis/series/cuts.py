"""Cuts: the part of a series that lies in an epoch."""

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np

from asyconv.analysis.formulas.bouts import Bouts

Series = TypeVar("Series", bound=Any)


def cut(series: Series, first: int, stop: int) -> Series:
    """The frozen dataclass `series` with every array, also in a dict or dataclass in it, cut to [first, stop).

    Bouts are those that begin there, counted from the first sample. What is no array stays.
    """
    return replace(series, **{f.name: _part(getattr(series, f.name), first, stop) for f in fields(series)})


def _part(value: Any, first: int, stop: int) -> Any:
    if isinstance(value, Bouts):
        return value.within(first, stop)
    if is_dataclass(value):
        return cut(value, first, stop)
    if isinstance(value, dict):
        return {name: _part(item, first, stop) for name, item in value.items()}
    return value[first:stop] if isinstance(value, np.ndarray) else value
