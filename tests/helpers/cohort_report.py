"""The report of a cohort made by the command, what its pages hold, and recordings that failed or were withheld."""

import json
from pathlib import Path

import polars as pl

from asyconv.analysis.tables.files import METADATA_KEY
from tests.helpers.commands import invoke
from tests.helpers.html_page import Page


def fail(results: Path, name: str, reason: str) -> None:
    (results / ".failed").mkdir(exist_ok=True)
    record = {"recording_id": name, "attempts": [{"utc": "", "reason": reason, "steps": []}]}
    (results / ".failed" / f"{name}.json").write_text(json.dumps(record))


def withhold(results: Path, name: str, coverage_pct: int) -> None:
    """Take all amounts from a recording, as too little coverage would."""
    path = results / name / "features_long.parquet"
    meta = {METADATA_KEY: pl.read_parquet_metadata(path)[METADATA_KEY]}
    amount = pl.col("feature") == "moving_pct"
    reason = pl.lit(f"coverage {coverage_pct} %, needs 70 %")
    table = pl.read_parquet(path, memory_map=False).with_columns(
        value=pl.when(amount).then(None).otherwise("value"), reason=pl.when(amount).then(reason).otherwise("reason")
    )
    table.write_parquet(path, metadata=meta)


def report(results: Path) -> Path:
    done = invoke("cohort", results)
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{results / 'cohort' / 'report.html'}\n"
    return results / "cohort"


def pages_of(folder: Path) -> dict[str, Page]:
    return {path.name: Page(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.html"))}
