"""What the user states about recordings: the sheet and the events. Every mismatch is named.

Both are CSV (UTF-8, comma or semicolon). All faults of a file are told in one message.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from asyconv.errors import InputError
from asyconv.night.csv_lines import read_csv
from asyconv.recordings.joining import first_part
from asyconv.skeleton import HEADS

EVENT_COLUMNS: Final = ("recording_id", "start_s", "end_s", "kind", "reason")
EVENT_KINDS: Final = ("handling", "exclude", "state")
TAKEN: Final = re.compile(r"cohort|con|prn|aux|nul|(com|lpt)\d", re.IGNORECASE)
"""What no folder of a recording may be called: RESULTS itself uses the first, Windows the others."""

_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


@dataclass(frozen=True)
class Row:
    """One line of the sheet; None = not stated. Ages are in days, `other` holds the unknown columns."""

    line: int
    file: str
    recording_id: str | None = None
    infant_id: str | None = None
    site: str | None = None
    camera_id: str | None = None
    ga_birth_days: int | None = None
    pma_days: int | None = None
    orientation: str | None = None
    mirrored: bool | None = None
    depth_unit_mm: float | None = None
    fps_hz: float | None = None
    state: str | None = None
    exclude_reason: str | None = None
    other: dict[str, str] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """All that is stated, without the file's name and line."""
        stated = {name: getattr(self, name) for name in COLUMNS}
        return {name: value for name, value in stated.items() if value is not None} | self.other


@dataclass(frozen=True)
class Sheet:
    """The lines of a sheet, and what to tell the user about it."""

    rows: list[Row]
    warnings: list[str]


@dataclass(frozen=True)
class EventRow:
    """A stretch of one recording; `handling` and `exclude` leave every denominator."""

    recording_id: str
    start_s: float
    end_s: float
    kind: str
    reason: str


def check_id(value: str) -> str:
    """Return a pseudonym that is one: letters, digits and hyphens, 32 at most, not a name that RESULTS itself uses."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}", value) or TAKEN.fullmatch(value):
        expected = "1 to 32 letters, digits or hyphens, no hyphen first, and not 'cohort' or a device of Windows"
        raise InputError(f"identifier {value!r}: expected {expected}")
    return value


def id_warning(value: str) -> str | None:
    """Warn of what may identify a person although its form is allowed."""
    if re.search(r"\d{8}", value) or re.search(r"\d{1,4}-\d{1,2}-\d{2,4}", value):
        return f"identifier {value}: looks like a record number or a date; use a pseudonym"
    if re.fullmatch(r"[A-Z][a-z]{2,}(-?[A-Z][a-z]+)*|[a-z]{3,}-[a-z]{3,}", value):
        return f"identifier {value}: looks like a person's name; use a pseudonym"
    return None


def refuse_identifying(infant_ids: Iterable[str | None]) -> None:
    """Raise `InputError` for pseudonyms of infants that look like names, dates or record numbers."""
    warnings = sorted({warning for value in infant_ids if value and (warning := id_warning(value))})
    if warnings:
        raise InputError("; ".join(warnings) + " (--force-ids takes them as they are)")


def read_sheet(path: Path) -> Sheet:
    """Read ``recordings.csv``; refuses what it cannot understand, all of it in one message."""
    lines, columns = read_csv(path, required=("file",))
    unknown = [name for name in columns if name not in ("file", *COLUMNS)]
    rows: list[Row] = []
    faults: list[str] = []
    for line, cells in lines:
        try:
            rows.append(_row(line, cells, unknown))
        except InputError as error:
            faults.append(f"line {line}: {error}")
    for name in ("file", "recording_id"):
        faults += _repeated(rows, name)
    if faults:
        raise InputError(f"{path.name}: " + "; ".join(faults))
    warnings = [f"{path.name}: column kept as it is: {name} (it must not identify anyone)" for name in unknown]
    stated = {row.recording_id for row in rows if row.recording_id}
    warnings += [warning for value in sorted(stated) if (warning := id_warning(value))]
    return Sheet(rows, warnings)


def _row(line: int, cells: dict[str, str], unknown: Sequence[str]) -> Row:
    if not cells.get("file"):
        raise InputError("file: expected the name of a recording, found nothing")

    def read(name: str, convert: Callable[[str], Any]) -> Any:
        text = cells.get(name)
        if not text:
            return None
        try:
            return convert(text)
        except InputError as error:
            raise InputError(f"{name}: {error}") from error

    other = {name: cells[name] for name in unknown if cells.get(name)}
    row = Row(line, cells["file"], other=other, **{name: read(name, convert) for name, convert in COLUMNS.items()})
    if row.ga_birth_days is not None and row.pma_days is not None and row.pma_days < row.ga_birth_days:
        ages = f"found {row.pma_days} and {row.ga_birth_days}"
        raise InputError(f"pma_days: expected an age at the recording of at least ga_birth_days (at birth), {ages}")
    return row


def _days(text: str) -> int:
    """Days, or weeks+days: ``31+4`` is 221."""
    match = re.fullmatch(r"(\d{1,3})(?:\+([0-6]))?", text)
    if not match:
        raise InputError(f"expected days, or weeks+days as 31+4, found {text!r}")
    days = int(match[1]) * 7 + int(match[2]) if match[2] else int(match[1])
    if not 140 <= days <= 700:
        raise InputError(f"expected 140 to 700 days (20 to 100 weeks), found {days}; weeks are written as 31+4")
    return days


def _head(text: str) -> str:
    if text.lower() not in HEADS:
        raise InputError(f"expected {', '.join(HEADS)} (where the head points), found {text!r}")
    return text.lower()


def _yes_or_no(text: str) -> bool:
    if text.lower() not in _TRUE + _FALSE:
        raise InputError(f"expected yes or no, found {text!r}")
    return text.lower() in _TRUE


def _number(text: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = float("nan")
    if not abs(value) < float("inf"):
        raise InputError(f"expected a number, found {text!r}")
    return value


def _positive(text: str) -> float:
    value = _number(text)
    if value <= 0:
        raise InputError(f"expected a number above 0, found {text!r}")
    return value


COLUMNS: Final[dict[str, Callable[[str], Any]]] = {
    "recording_id": check_id, "infant_id": check_id, "site": str, "camera_id": str, "ga_birth_days": _days,
    "pma_days": _days, "orientation": _head, "mirrored": _yes_or_no, "depth_unit_mm": _positive, "fps_hz": _positive,
    "state": str, "exclude_reason": str,
}  # fmt: skip
"""What a sheet may state about a file, and how the text in a cell is read."""


def _repeated(rows: Sequence[Row], name: str) -> list[str]:
    """Name what stands in several lines; identifiers also in other capitals, which are one folder on many systems."""
    lines: dict[str, list[int]] = {}
    for row in rows:
        if value := getattr(row, name):
            lines.setdefault(value.lower() if name == "recording_id" else value, []).append(row.line)
    return [
        f"{name} {value}: expected once, found in lines {', '.join(map(str, at))}"
        for value, at in lines.items()
        if len(at) > 1
    ]


def match(rows: Iterable[Row], sources: Sequence[Path]) -> tuple[dict[Path, Row], list[str]]:
    """Find each source's row by the last parts of its path, and name what has no partner.

    A row says ``rec.oni`` or as many folders before it as make it unique; of a joined recording, its first file.
    """
    row_of: dict[Path, Row] = {}
    messages = []
    by_name: dict[str, list[tuple[Path, list[str]]]] = {}
    for source in sources:
        resolved = Path(os.path.realpath(first_part(source)))
        by_name.setdefault(resolved.name, []).append((source, list(resolved.parts)))
    for row in rows:
        parts = [part for part in re.split(r"[\\/]", row.file) if part not in ("", ".")]
        namesakes = by_name.get(parts[-1], []) if parts else []
        hits = [source for source, names in namesakes if names[-len(parts) :] == parts]
        if len(hits) > 1:
            raise InputError(f"sheet line {row.line}: {row.file} fits {len(hits)} recordings; name more of its folders")
        if not hits:
            messages.append(f"sheet line {row.line}: no recording {row.file}")
        elif hits[0] in row_of:
            raise InputError(f"sheet lines {row_of[hits[0]].line} and {row.line} name the same recording {row.file}")
        else:
            row_of[hits[0]] = row
    messages += [f"no line in the sheet: {source.name}" for source in sources if source not in row_of]
    return row_of, messages


def join(
    rows: Iterable[Row], recording_ids: Sequence[str], sources: Mapping[str, Path]
) -> tuple[dict[str, Row], list[tuple[str | None, int | None, str]]]:
    """Find each recording's row by recording_id, else by its file among `sources` (by recording_id).

    Returns the rows and every mismatch: recording, line and a sentence that names no file.
    """
    row_of: dict[str, Row] = {}
    mismatches: list[tuple[str | None, int | None, str]] = []
    files = {path.resolve(): name for name, path in sources.items() if name in recording_ids}
    for row in rows:
        if row.recording_id is not None:
            name = row.recording_id if row.recording_id in recording_ids else None
            why = f"line {row.line}: no finished recording {row.recording_id}"
        else:
            hits, _ = match([row], list(files))
            name = files[next(iter(hits))] if hits else None
            why = f"line {row.line}: states no recording_id, and its file is not in source_names.csv (--names)"
        if name is None:
            mismatches.append((row.recording_id, row.line, why))
        elif name in row_of:
            raise InputError(f"sheet lines {row_of[name].line} and {row.line} name the same recording {name}")
        else:
            row_of[name] = row
    mismatches += [(name, None, f"{name}: no line in the sheet") for name in recording_ids if name not in row_of]
    return row_of, mismatches


def read_events(path: Path) -> dict[str, list[EventRow]]:
    """Read ``events.csv``: the events of each recording, in order of time."""
    lines, _ = read_csv(path, required=EVENT_COLUMNS[:4])
    events: dict[str, list[EventRow]] = {}
    faults = []
    for line, cells in lines:
        try:
            event = _event(cells)
        except InputError as error:
            faults.append(f"line {line}: {error}")
        else:
            events.setdefault(event.recording_id, []).append(event)
    if faults:
        raise InputError(f"{path.name}: " + "; ".join(faults))
    return {name: sorted(of_one, key=lambda event: event.start_s) for name, of_one in events.items()}


def _event(cells: dict[str, str]) -> EventRow:
    kind = cells["kind"]
    if kind not in EVENT_KINDS:
        raise InputError(f"kind: expected {', '.join(EVENT_KINDS)}, found {kind!r}")
    start_s, end_s = _number(cells["start_s"]), _number(cells["end_s"])
    if not 0 <= start_s < end_s:
        raise InputError(f"expected 0 <= start_s < end_s, found {start_s:g} and {end_s:g}")
    return EventRow(check_id(cells["recording_id"]), start_s, end_s, kind, cells.get("reason", ""))
