"""Numbers of a frame, one row after another for as long as a recording is; a row costs no more than its numbers."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

BLOCK: Final = 1024


class FrameRows:
    """Rows like `empty`, an array or a record, that grow in blocks; what is changed in a row is changed here."""

    def __init__(self, empty: npt.NDArray[Any]) -> None:
        self._empty = empty
        self._blocks: list[npt.NDArray[Any]] = []
        self._count = 0

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self._count

    def __getitem__(self, row: int) -> Any:
        """Return a row, which may be written to."""
        return self._blocks[row // BLOCK][row % BLOCK]

    def append(self) -> Any:
        """Add a row like `empty` and return it."""
        if self._count % BLOCK == 0:
            self._blocks.append(np.empty((BLOCK, *self._empty.shape), self._empty.dtype))
        self._count += 1
        self._blocks[-1][(self._count - 1) % BLOCK] = self._empty
        return self[self._count - 1]

    def all(self) -> npt.NDArray[Any]:
        """Return all rows as one array."""
        return np.concatenate([np.empty((0, *self._empty.shape), self._empty.dtype), *self._blocks])[: self._count]
