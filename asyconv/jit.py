"""Functions compiled by Numba, also where nothing may be written beside the code."""

from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable[..., Any], *, fastmath: bool = False) -> Callable[..., Any]:
    """Compile at the first call, without the GIL, and keep the result on disk where a folder can be written.

    In a read-only installation without a writable home Numba refuses to cache; then each process
    compiles anew. `fastmath` lets sums be reordered.
    """
    try:
        cached: Callable[..., Any] = numba.njit(cache=True, nogil=True, fastmath=fastmath)(function)
    except RuntimeError:  # "no locator available"
        cached = numba.njit(nogil=True, fastmath=fastmath)(function)
    return cached
