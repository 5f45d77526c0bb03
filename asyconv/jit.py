"""Functions compiled by Numba, also where nothing may be written beside the code."""

from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable[..., Any], *, fastmath: bool = False) -> Callable[..., Any]:
    """Compile at the first call, without the GIL, and keep the result on disk where a folder can be written.

    In a read-only installation without a writable home Numba refuses to cache; then each process
    compiles anew. `fastmath` lets sums be reordered. A division by 0 gives what it gives in NumPy: a check of every
    divisor would keep the processor from dividing several numbers at a time.
    """
    options: dict[str, Any] = {"nogil": True, "fastmath": fastmath, "error_model": "numpy"}
    try:
        cached: Callable[..., Any] = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "no locator available"
        cached = numba.njit(**options)(function)
    return cached
