"""What failed: the records that a batch leaves in RESULTS/.failed, for recordings that have no result folder."""

import json
from pathlib import Path

from asyconv.results import FAILED, MANIFEST


def failures(results: Path) -> dict[str, str]:
    """Reason of the last attempt by recording_id, of recordings without a finished result; what is unreadable counts.

    The reasons hold pseudonyms in place of source names, as `asyconv.batch` writes them.
    """
    found = {}
    for path in sorted((results / FAILED).glob("*.json")):
        name, reason = path.stem, "its record of failure cannot be read"
        try:
            record = json.loads(path.read_text(encoding="utf8"))
            name, reason = str(record["recording_id"]), str(record["attempts"][-1]["reason"])
        except (OSError, ValueError, KeyError, IndexError, TypeError):
            pass
        if not (results / name / MANIFEST).is_file():
            found[name] = reason
    return found
