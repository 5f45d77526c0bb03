"""The data dictionary: what every column and measure means."""

from typing import Final

from asyconv.analysis.measures.registry import DEFINITION_VERSION, REGISTRY
from asyconv.notice import NOTICE

KEYS: Final = (
    ("recording_id", "", "pseudonym of the recording"),
    ("infant_id", "", "pseudonym of the infant; several recordings may be of one infant"),
    ("ga_birth_days", "d", "gestational age at birth, as stated in the sheet"),
    ("pma_days", "d", "postmenstrual age on the day of the recording, as stated in the sheet"),
    ("epoch_start_s", "s", "start of the epoch; a recording up to 210 s is one epoch"),
    ("epoch_s", "s", "length of the epoch"),
    ("minute_start_s", "s", "start of the minute; recordings of more than 10 minutes have a table of them"),
    ("limb", "", "right and left are the infant's"),
    ("part", "", "a limb, or the body: it moves while any limb does, where all four are seen"),
    ("recording_quality", "", "A to D by coverage and speed floor; of the recording, not of the infant"),
    ("lower_bound", "", "measures of the row that are to be read as at least"),
    ("withheld", "", "measures of the row that are empty, each with the reason; in CSV files one reason"),
)
"""Columns that are no measures: name, unit, meaning."""


def data_dictionary() -> list[dict[str, str]]:
    """One row per key column and per measure of the registry; the last row is the notice."""
    rows = [
        {
            "name": m.name,
            "label": m.label,
            "unit": m.unit,
            "scope": m.scope,
            "formula": m.formula,
            "gates": m.conditions,
            "caution": m.caution,
            "source": m.source,
            "tier": m.tier,
            "definition_version": str(DEFINITION_VERSION),
        }
        for m in REGISTRY
    ]
    empty = dict.fromkeys(rows[0], "")
    keys = [{**empty, "name": name, "unit": unit, "scope": "key", "formula": words} for name, unit, words in KEYS]
    return [*keys, *rows, {**empty, "name": "notice", "formula": NOTICE}]
