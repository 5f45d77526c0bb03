"""Read depth from TIFF stacks: 16-bit gray pages, one a frame. Pillow reads them, and is imported when it is needed.

A stack holds no times and no unit.
"""

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from asyconv.errors import InputError
from asyconv.recordings.stored import Depth, Stored
from asyconv.recordings.stream import check_sides

_GRAY16: Final = ("I;16", "I;16L", "I;16B")
_DAMAGE: Final = (OSError, ValueError, EOFError, SyntaxError, TypeError, KeyError, RuntimeError, struct.error, Warning)
"""What Pillow raises; its warnings are errors where the caller makes them so."""


def holds_depth(path: Path) -> bool:
    """Whether the first page is 16-bit gray and others follow."""
    try:
        with _opened(path) as stack:
            return stack.mode in _GRAY16 and stack.n_frames > 1
    except (InputError, *_DAMAGE):
        return False


def read_tiff(path: Path) -> Stored:
    """Read the headers of all pages."""
    with _opened(path) as stack:
        try:
            mode, (width_px, height_px), count = stack.mode, stack.size, stack.n_frames
            said = str(stack.tag_v2.get(270, ""))  # what ImageJ writes of its stacks
        except _DAMAGE as error:
            raise InputError(f"{path.name}: expected a whole TIFF stack, found a damaged one ({error})") from error
    if mode not in _GRAY16:
        raise InputError(f"{path.name}: expected 16-bit gray pages, found pages of kind {mode}")
    check_sides(path.name, width_px, height_px)
    images = re.search(r"^images=(\d+)$", said, re.MULTILINE)
    if images and int(images[1]) != count:
        raise InputError(
            f"{path.name}: expected {images[1]} pages as ImageJ states, found {count}; save it as a plain TIFF"
        )
    return Stored(path, "tiff", width_px, height_px, count, lambda: _pictures(path, count))


def _opened(path: Path) -> Any:
    from PIL import Image

    try:
        return Image.open(path, formats=["TIFF"])
    except (*_DAMAGE, Image.DecompressionBombError) as error:
        raise InputError(f"{path.name}: expected a whole TIFF stack, found a damaged one") from error


def _pictures(path: Path, count: int) -> Iterator[Depth]:
    with _opened(path) as stack:
        for place in range(count):
            try:
                stack.seek(place)
                if stack.mode not in _GRAY16:
                    raise ValueError(f"a page of kind {stack.mode}")
                depth = np.asarray(stack).astype(np.uint16)
            except _DAMAGE as error:
                raise InputError(
                    f"{path.name}, frame {place + 1}: expected a whole 16-bit gray page, found a damaged one ({error})"
                ) from error
            yield depth
