"""Tables of DeepLabCut as HDF5: written by pandas, read with h5py.

pandas keeps the names of the columns as pickles. They are unpickled without any class or function, so that a file
cannot run anything.
"""

import io
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.whole_files import write_whole

KEY: Final = "df_with_missing"
FORM: Final = "0.15.2"
"""What pandas 1 and 2 call this layout. pandas 3 writes the same without it, and they take that for an older one."""

Column = tuple[str, ...]


def write_h5(
    path: Path, names: Sequence[str], columns: dict[Column, npt.NDArray[Any]], frame: npt.NDArray[Any]
) -> None:
    """Write columns, named by the levels `names`, with a row for each frame, as DeepLabCut does."""
    import pandas
    import tables  # noqa: F401  # pandas needs it, and would say so less clearly

    index = pandas.MultiIndex.from_tuples(list(columns), names=list(names))
    table = pandas.DataFrame(np.stack(list(columns.values()), axis=1).astype(np.float64), frame, index)
    in_memory = {"driver": "H5FD_CORE", "driver_core_backing_store": 0}  # as `whole_hdf5`, of a library without h5py
    with pandas.HDFStore("in memory", "w", **in_memory) as store:
        store.put(KEY, table, format="table", track_times=False)
        store.get_node(KEY)._v_attrs.pandas_version = FORM
        content = store._handle.get_file_image()
    write_whole(path, content)


def read_h5(path: Path) -> tuple[list[str], dict[Column, npt.NDArray[np.float64]], npt.NDArray[np.int64]]:
    """Names of the levels, columns and frame numbers of a table that pandas wrote; whatever its key is."""
    import h5py

    try:
        with h5py.File(path) as file:
            group = next(item for item in file.values() if isinstance(item, h5py.Group) and "table" in item)
            names = [str(name) for name in _plain(group.attrs["info"])[1]["names"]]
            table = group["table"]
            rows = table[:]
            columns = {}
            for block in (name for name in rows.dtype.names if name.startswith("values_block_")):
                for k, column in enumerate(_plain(table.attrs[f"{block}_kind"])):
                    columns[tuple(str(level) for level in column)] = rows[block][:, k].astype(np.float64)
            if rows["index"].dtype.kind not in "iu" or any(len(column) != len(names) for column in columns):
                raise ValueError("the rows are no numbers of frames")
            return names, columns, rows["index"].astype(np.int64)
    except (OSError, RuntimeError, LookupError, TypeError, ValueError, StopIteration, pickle.PickleError) as error:
        raise InputError(
            f"{path}: expected a table of DeepLabCut (HDF5, with a row for each frame), it cannot be read; DeepLabCut "
            "writes the same table as CSV"
        ) from error


class _Plain(pickle.Unpickler):
    """Numbers, texts, lists, tuples and dicts; nothing that has to be imported."""

    def find_class(self, module: str, name: str) -> Any:
        """Refuse every class and function."""
        raise pickle.UnpicklingError(f"{module}.{name}")


def _plain(stored: bytes) -> Any:
    try:
        return _Plain(io.BytesIO(bytes(stored))).load()
    except (EOFError, AttributeError, UnicodeDecodeError, MemoryError, RecursionError) as error:
        raise pickle.UnpicklingError from error
