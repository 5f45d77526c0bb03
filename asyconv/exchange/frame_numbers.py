"""Numbers of frames in the names of pictures and files."""

import re
from typing import Final

from asyconv.errors import InputError

FRAME_MAX: Final = 2**31 - 2


def last_number(name: str, where: str) -> int | None:
    """The last number in a name; None where there is none."""
    digits = re.findall(r"[0-9]+", name)
    if not digits:
        return None
    number = digits[-1].lstrip("0") or "0"
    if len(number) > len(str(FRAME_MAX)) or int(number) > FRAME_MAX:
        raise InputError(f"{where}: expected the number of a frame up to {FRAME_MAX}, found {number[:20]}")
    return int(number)
