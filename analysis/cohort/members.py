"""Members: the recordings of a cohort, and statements about them that contradict one another."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Member:
    """One finished recording: its folder, what is stated of it, and why it is left out, if it is."""

    recording_id: str
    folder: Path
    input_sha256: str | None
    facts: dict[str, Any]
    left_out: str = ""


@dataclass(frozen=True)
class Mismatch:
    """A contradiction: its kind, the recording or the line of the sheet, and a sentence for the user."""

    kind: str
    sentence: str
    recording_id: str | None = None
    sheet_line: int | None = None
