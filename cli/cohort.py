"""asyconv cohort: tables and a report over all recordings of a folder of results."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyconv.cli.messages import complain, note, writing
from asyconv.cli.options import PATH, asyconv_command, option

if TYPE_CHECKING:
    from asyconv.analysis.cohort.members import Member, Mismatch
    from asyconv.night.sheet import Row

AGES = ("ga_birth_days", "pma_days")


@asyconv_command("cohort", example="asyconv cohort results/ --sheet recordings.csv")
@click.argument("results", type=PATH)
@option("--sheet", type=PATH, help="CSV file about the recordings; what it states overrules earlier sheets.")
@option("--names", type=PATH, help="The file source_names.csv, for lines of the sheet without a recording_id.")
def command(results: Path, sheet: Path | None, names: Path | None) -> None:
    """Bring all recordings in RESULTS together: tables, figures and report.html in RESULTS/cohort.

    Recordings that differ in frame rate, model, version or speed floor are never pooled. A value is compared with those
    of others only if there are 20 other infants within two weeks of age. Reliability is given only if there are 10
    infants with two recordings.
    """
    from asyconv.analysis.cohort.cohort import make_cohort, write_cohort
    from asyconv.analysis.cohort.report import write_cohort_report
    from asyconv.cli.inputs import refuse_no_results
    from asyconv.night.results import failed, manifests, open_results, replaced

    refuse_no_results(results)
    open_results(results)
    members, mismatches = members_of(results, manifests(results), sheet, names)
    cohort = make_cohort(members, mismatches, failed(results))
    with writing(results, "the cohort"), replaced(results, "cohort") as folder:
        write_cohort(cohort, folder)
        write_cohort_report(cohort, folder)
    for mismatch in mismatches:
        complain(mismatch.sentence)
    for member in members:
        if why := member.facts.get("exclude_reason"):
            complain(f"{member.recording_id}: left out: {why}")
    note(", ".join(cohort.counts))
    click.echo(results / "cohort" / "report.html")


def members_of(
    results: Path, manifests: list[dict[str, Any]], sheet: Path | None, names: Path | None
) -> "tuple[list[Member], list[Mismatch]]":
    """Recordings with the facts stated about them, and all contradictions between these facts."""
    from asyconv.analysis.cohort.members import Member, Mismatch
    from asyconv.errors import InputError
    from asyconv.night.one_recording import EXCLUDED
    from asyconv.night.sheet import join, read_sheet
    from asyconv.night.source_names import read_names

    if not manifests:
        raise InputError(f"{results}: expected finished recordings (folders with a manifest), found none")
    by_id = {str(manifest["recording_id"]): manifest for manifest in manifests}
    rows: dict[str, Row] = {}
    mismatches: list[Mismatch] = []
    if sheet is not None:
        read = read_sheet(sheet)
        rows, unmatched = join(read.rows, list(by_id), read_names(names) if names else {})
        mismatches += [Mismatch("sheet", warning.removeprefix(f"{sheet.name}: ")) for warning in read.warnings]
        mismatches += [Mismatch("join", sentence, name, line) for name, line, sentence in unmatched]
    members = []
    for name, manifest in by_id.items():
        facts, changes = _facts(name, manifest, rows.get(name))
        mismatches += changes
        sha256 = manifest.get("input", {}).get("sha256")
        members.append(Member(name, results / name, sha256, facts, EXCLUDED if facts.get("exclude_reason") else ""))
    return members, mismatches + _birth_ages(members)


def _facts(name: str, manifest: dict[str, Any], row: "Row | None") -> "tuple[dict[str, Any], list[Mismatch]]":
    """Facts about one recording: from the sheet given now, else from the one it was processed with."""
    from asyconv.analysis.cohort.members import Mismatch

    analysis = manifest.get("analysis", {})
    before = {**analysis.get("sheet", {}), "infant_id": analysis.get("infant_id")}
    now = {} if row is None else row.facts()
    line = None if row is None else row.line
    mismatches = [
        Mismatch("changed", f"{name}: {what} was {before[what]} when it was processed, is {now[what]}", name, line)
        for what in ("infant_id", *AGES)
        if before.get(what) is not None and what in now and now[what] != before[what]
    ]
    facts = before | now
    born, age = (facts.get(what) for what in AGES)
    if born is not None and age is not None and age < born:
        mismatches.append(
            Mismatch("age", f"{name}: pma_days {age} before ga_birth_days {born}; neither is used", name, line)
        )
        facts |= dict.fromkeys(AGES)
    return facts, mismatches


def _birth_ages(members: "list[Member]") -> "list[Mismatch]":
    """Name infants whose recordings state different gestational ages at birth."""
    from asyconv.analysis.cohort.members import Mismatch

    stated: dict[str, set[int]] = {}
    for member in members:
        infant, born = member.facts.get("infant_id"), member.facts.get("ga_birth_days")
        if infant is not None and born is not None:
            stated.setdefault(infant, set()).add(born)
    return [
        Mismatch(
            "age", f"infant {infant}: ga_birth_days differs between recordings: {', '.join(map(str, sorted(born)))}"
        )
        for infant, born in sorted(stated.items())
        if len(born) > 1
    ]
