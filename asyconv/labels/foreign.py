"""What a file that was meant as a sheet of labels looks like, where it is none that can be read."""

import codecs
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from asyconv.skeleton import JOINTS

LOOKED_AT: Final = 10
"""Rows of a file that are looked at."""

_SEPARATORS: Final = {";": None, ",": "separated by commas", "\t": "separated by tabs"}
_WORDS: Final = ("label", "annotation", "keypoint", "collecteddata")
_PARTS: Final = {part for joint in JOINTS for part in joint.split("_")[1:]} | {"hand", "foot"}


def what_table(rows: Sequence[Sequence[str]]) -> str | None:
    """What the first rows of a table are, if anything like labels."""
    first = [re.split(r"[,;\t]", row[0])[0].strip().lower() if row else "" for row in rows[:LOOKED_AT]]
    if first[:1] == ["scorer"] or "bodyparts" in first[:3]:
        return "a table of DeepLabCut"
    if "image" in first[1:]:
        return f"a table of labels whose header is row {first.index('image', 1) + 1}"
    parts = [cell for cell in (rows[0] if rows else ()) if _PARTS & set(re.split(r"[\W_]+", cell.lower()))]
    if len(parts) >= len(_PARTS) or first[:1] == ["image"]:
        return "a table of labels with other columns"
    return None


def what_encoding(data: bytes) -> str | None:
    """How text that is no UTF-8 is written; None for UTF-8."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or 4 * data[:200].count(0) > len(data[:200]):
        return "text in UTF-16"
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "text in a code page such as cp1252"
    return None


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def what_labels(path: Path) -> str | None:
    """What a file looks like that is no sheet of labels but may have been meant as one; None where it is not."""
    if path.suffix.lower() not in (".csv", ".tsv", ".json"):
        return None
    named = any(word in path.stem.lower() for word in _WORDS)
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if path.suffix.lower() == ".json":
        return "a half-written one" if (named or b'"images"' in data) and not _is_json(data) else None
    data = data[: 1 << 20]
    text = data.decode("utf-16" if what_encoding(data) == "text in UTF-16" else "latin-1", errors="replace")
    lines = text.lstrip("\ufeff\xef\xbb\xbf").splitlines()[:LOOKED_AT]
    separator = max(_SEPARATORS, key="\n".join(lines).count)
    kind = what_table([line.split(separator) for line in lines])
    if kind is not None:
        remarks = (what_encoding(data), _SEPARATORS[separator] if "labels" in kind else None)
        return ", ".join([kind, *(remark for remark in remarks if remark)])
    return "a table that its name calls labels" if named else None
