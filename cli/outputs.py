"""Where a command may write: never over an input, and over a file that is there only when it is told to."""

from collections.abc import Sequence
from pathlib import Path

from asyconv.errors import InputError


def check_output(path: Path, endings: Sequence[str], inputs: Sequence[Path | None], *, overwrite: bool) -> None:
    """Refuse an output that ends otherwise, is one of `inputs` or in a folder of them, or is there already.

    A file that is there and lies in a folder of `inputs` is an input: `overwrite` does not replace it.
    """
    if path.suffix.lower() not in endings:
        raise InputError(f"{path}: expected a name that ends in {' or '.join(endings)}, found {path.suffix or 'none'}")
    if not path.exists():
        return
    if path.is_dir():
        raise InputError(f"{path}: expected a file to write to, found a folder")
    for given in inputs:
        if given is not None and given.exists():
            below = given.is_dir() and path.resolve().is_relative_to(given.resolve())
            if below or path.samefile(given):
                raise InputError(f"{path}: this is an input, and no output may replace it; give another name")
    if not overwrite:
        raise InputError(f"{path}: there is a file of this name already; --overwrite replaces it")
