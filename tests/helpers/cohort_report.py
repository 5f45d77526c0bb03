"""The report of a cohort made by the command, what its pages hold, and recordings that failed or were withheld."""

import json
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
from click.testing import CliRunner

from asyconv.analysis.tables.files import METADATA_KEY
from asyconv.cli.main import main


class Seen(HTMLParser):
    """Everything that a page holds: tags with attributes, text, and text of scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self.inside: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag."""
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Leave a script or style."""
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        """Note the text."""
        (self.scripts if "script" in self.inside else self.text if not self.inside else []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of every such tag."""
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def words(self) -> str:
        """All text in one line."""
        return " ".join(" ".join(self.text).split())


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
    done = CliRunner().invoke(main, ["cohort", str(results)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{results / 'cohort' / 'report.html'}\n"
    return results / "cohort"


def pages_of(folder: Path) -> dict[str, Seen]:
    return {path.name: Seen(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.html"))}
