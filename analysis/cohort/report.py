"""The report about a cohort: what was found and used, how much was seen, and the shown measures, stratum by stratum.

RESULTS/cohort/report.html leads to further pages where one would be too long: a page per stratum, one per 50 infants
for coverage, one per 2000 recordings for the table. Small cohorts have all on one page. The same tables give the same
bytes; no page holds a time, a path or a file name.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import polars as pl

from asyconv.analysis.cohort.age_matched import AGE_MAX_DAYS, INFANTS_MIN
from asyconv.analysis.cohort.by_age import by_age
from asyconv.analysis.cohort.cohort import Cohort
from asyconv.analysis.cohort.coverage_map import blocks, coverage_overview, coverage_rows, coverage_table
from asyconv.analysis.cohort.distribution import distribution
from asyconv.analysis.cohort.drawn_measures import NO_BAND, bands_of, drawn_values, weeks
from asyconv.analysis.cohort.inclusion import inclusion, inclusion_flow, inclusion_words, whose
from asyconv.analysis.cohort.pages import Cell, Page, Section, Table, cell_of, html, table_of
from asyconv.analysis.cohort.reliability_plot import reliability_figure, shown_reliability
from asyconv.analysis.measures.gates import COVERAGE_MIN_PCT
from asyconv.analysis.report.canvas import Drawing, write_drawings
from asyconv.skeleton import LIMBS

RECORDINGS_HERE: Final = 200
"""Up to so many recordings stand in a table on the first page."""

RECORDINGS_A_PAGE: Final = 2000
MAIN: Final = "report"


def write_cohort_report(cohort: Cohort, folder: Path) -> list[Path]:
    """Write the report's pages and its figures into the existing `folder`, RESULTS/cohort or what will become it.

    Reports of recordings are linked where they stand: beside `folder`, in folders named after the recordings.
    """
    pages = cohort_pages(cohort, lambda name: (folder.parent / name / "report.html").is_file())
    figures = folder / "figures"
    drawings = [drawing for page in pages for drawing in _drawings(page.sections)]
    written = write_drawings(drawings, figures, tables=True)
    pngs = {drawing.name: (figures / f"{drawing.name}.png").read_bytes() for drawing in drawings}
    said = _simulated(cohort.tables["recordings"])
    for page in pages:
        path = folder / f"{page.name}.html"
        path.write_text(html(page, pages, pngs, simulated=said), encoding="utf-8")
        written.append(path)
    return written


def _drawings(sections: tuple[Section, ...]) -> list[Drawing]:
    return [drawing for section in sections for drawing in (*section.drawings, *_drawings(section.below))]


def cohort_pages(cohort: Cohort, has_report: Callable[[str], bool]) -> list[Page]:
    """Make all pages, the first one first."""
    tables = cohort.tables
    recordings = tables["recordings"]
    values = drawn_values(tables["features_compared"])
    strata = [
        _stratum(cohort, values.filter(pl.col("stratum") == row["stratum"]), row, k)
        for k, row in enumerate(tables["strata"].iter_rows(named=True), 1)
    ]
    covered = coverage_table(recordings, tables.get("limb_summary"))
    coverage = _coverage(covered)
    listed = _listed(tables, has_report)
    main = [_glance(cohort, covered), _strata_overview(tables["strata"], values)]
    further: list[Page] = []
    for what, sections, overview, on_main in (
        ("stratum", strata, None, len(strata) == 1),
        ("coverage", coverage[1], coverage[0], len(coverage[1]) == 1),
        ("recordings", listed, None, recordings.height <= RECORDINGS_HERE),
    ):
        main += ([overview] if overview and not on_main else []) + (sections if on_main else [])
        if not on_main:
            further += [
                Page(f"{what}-{k:02d}", f"{what.capitalize()} {k}" if len(sections) > 1 else what.capitalize(),
                     _lead(recordings), (section,))
                for k, section in enumerate(sections, 1)
            ]  # fmt: skip
    main.append(_how_to_read())
    return [Page(MAIN, "Overview", _lead(recordings), tuple(main)), *further]


def _lead(recordings: pl.DataFrame) -> str:
    infants = recordings["infant_id"].drop_nulls().n_unique()
    return f"{whose(recordings.height, infants)}, finished"


def _simulated(recordings: pl.DataFrame) -> str:
    count = int(recordings["simulated"].fill_null(False).sum())
    if not count:
        return ""
    if count == recordings.height:
        return "Simulated recordings: these are not infants."
    some = f"{count} of {recordings.height} recordings are SIMULATED"
    return f"{some}: these are not infants and form strata of their own."


def _glance(cohort: Cohort, coverage: pl.DataFrame) -> Section:
    """What was found and used, how much was seen, and what to doubt."""
    tables = cohort.tables
    table = inclusion(tables["recordings"], tables["features_compared"], tables["failed"])
    flow, mismatches, strata = inclusion_flow(table), tables["mismatches"], tables["strata"]
    words = [inclusion_words(table)]
    shares = coverage.filter(pl.col("left_out").is_null()).select(list(LIMBS))
    median = pl.concat([shares[limb] for limb in LIMBS]).median()
    if isinstance(median, float):
        low = (shares.min_horizontal() < COVERAGE_MIN_PCT).sum()
        short = f"In {low} of {shares.height} recordings at least one limb has less than" if low else "Every limb has"
        words.append(
            f"Limbs could be measured {median:.0f} % of the time (median over limbs and recordings). "
            f"{short} the {COVERAGE_MIN_PCT:g} % that an amount needs."
        )
    if strata.height > 1:
        words.append(f"They form {strata.height} groups that may not be pooled: rate, model or version differ.")
    words.append(
        "Before you compare: sleep and waking, care and medication change movement more than most of what is studied. "
        "The reference is this cohort and no norm."
    )
    below = []
    if mismatches.height:
        caption = f"{mismatches.height} contradictions in the sheet, or between it and earlier statements"
        below.append(table_of(mismatches, caption, folded=True))
    return Section("At a glance", tuple(words), tuple(below), (flow,) if flow else ())


def _strata_overview(strata: pl.DataFrame, values: pl.DataFrame) -> Section:
    if not strata.height:
        return Section("Comparable recordings", ("No recording is left to compare.",))
    names = (
        *("stratum", "data", "rate, Hz", "pose model, weights, validation", "analysis / definitions"),
        *("recordings", "named infants", "age, weeks+days", "speed floor, mm/s: recordings"),
    )
    rows = []
    for k, row in enumerate(strata.iter_rows(named=True), 1):
        amounts = values.filter((pl.col("stratum") == row["stratum"]) & (pl.col("band") != NO_BAND))
        bands = ", ".join(
            f"{band}: {amounts.filter(pl.col('band') == band)['recording_id'].n_unique()}" for band in bands_of(amounts)
        )
        weights = None if row["weights_hash"] is None else row["weights_hash"][:12]
        model = ", ".join(str(part) for part in (row["model_name"], weights, row["model_validation"]) if part)
        versions = f"{row['analysis_version']} / {row['definition_version']}"
        oldest = row["pma_max_days"]
        ages = None if oldest is None else f"{weeks(row['pma_min_days'])} to {weeks(oldest)}"
        kind = "SIMULATED" if row["simulated"] else "recorded"
        facts = (k, kind, row["rate_hz"], model or None, versions, row["recordings"], row["infants"], ages, bands)
        rows.append([cell_of(value) for value in facts])
    words = (
        "Recordings of another sampling rate, pose model or version are never pooled: each combination is a stratum. "
        "Within one, measures that depend on the speed floor are compared only inside one floor band, because a higher "
        "floor hides small movements. A recording whose limbs have different floors counts in more than one band.",
    )
    return Section("Comparable recordings", words, (Table("Strata", names, rows),))


def _stratum(cohort: Cohort, values: pl.DataFrame, row: dict[str, Any], number: int) -> Section:
    name = row["stratum"]
    words = [f"{name}. {whose(row['recordings'], row['infants'])}."]
    if row["without_infant_id"]:
        words.append(
            f"{row['without_infant_id']} recordings name no infant: each is drawn as if it were of an infant of its "
            "own, and none is compared with others."
        )
    if row["without_age"]:
        words.append(f"{row['without_age']} recordings state no age and are missing from the figures by age.")
    below = (
        _section("Measures, infant by infant", distribution(values, number), "No shown measure has a value."),
        *_by_age(values, number),
        _reliability(shown_reliability(cohort.tables["reliability"], name), number),
        _against_others(cohort.tables["features_compared"], name),
    )
    return Section(f"Stratum {number}", tuple(words), below=below)


def _section(title: str, drawing: Drawing | None, without: str) -> Section:
    return Section(title, drawings=(drawing,)) if drawing else Section(title, (without,))


def _by_age(values: pl.DataFrame, number: int) -> list[Section]:
    bands = [NO_BAND, *bands_of(values)]
    drawn = [by_age(values, band, f"age_{number:02d}_{k:02d}") for k, band in enumerate(bands)]
    sections = [Section(drawing.title, drawings=(drawing,)) for drawing in drawn if drawing]
    return sections or [Section("Age", ("No recording with a value states both infant and age.",))]


def _reliability(rows: pl.DataFrame, number: int) -> Section:
    reasons = sorted(set(rows["reason"].drop_nulls())) or ["no value states both infant and age"]
    without = f"Not given: {'; '.join(reasons)}. All measures: reliability.csv."
    return _section("Reliability and minutes needed", reliability_figure(rows, number), without)


def _against_others(values: pl.DataFrame, name: str) -> Section:
    """Count which values have a z and why the others have none."""
    of_stratum = values.filter(
        (pl.col("stratum") == name) & pl.col("value").is_not_null() & pl.col("left_out").is_null()
    )
    given = of_stratum["z"].is_not_null().sum()
    words = (
        f"{given} of {of_stratum.height} values of all measures are compared with others (z in "
        "features_compared.parquet): the distance from the median of other infants, in robust standard deviations, "
        f"from {INFANTS_MIN} other infants within {AGE_MAX_DAYS} days of age in the same stratum and floor band, one "
        "recording each.",
    )
    why = of_stratum.filter(pl.col("z").is_null()).with_columns(
        reason=pl.col("z_reason")
        .str.replace(r"^\d+ other", f"fewer than {INFANTS_MIN} other")
        .str.replace(", needs .*", "")
    )
    counted = why.group_by("reason").agg(values=pl.len().cast(pl.Int64))
    counted = counted.sort("values", "reason", descending=[True, False])
    tables = (table_of(counted, "Values that are not compared with others, and why"),) if counted.height else ()
    return Section("Comparison with other infants", words, tables)


def _coverage(table: pl.DataFrame) -> tuple[Section | None, list[Section]]:
    """Build the overview of all pages, and the pages themselves."""
    pieces = blocks(table)
    if not pieces:
        return None, [Section("How much was seen", ("No tables could be read.",))]
    words = (
        "Share of the time in which each limb could be used, in the first epoch of each recording. From "
        f"{COVERAGE_MIN_PCT:g} % on amounts are given.",
    )
    overview = (coverage_overview(pieces),)
    if len(pieces) == 1:
        return None, [Section("How much was seen", words, (coverage_rows(table),), overview)]
    pages = [Section("How much was seen", words, (coverage_rows(piece),)) for piece in pieces]
    ends = [[piece["infant_id"][place] or "not named" for place in (0, -1)] for piece in pieces]
    links = tuple(Cell(f"Page {k}: {' to '.join(two)}", f"coverage-{k:02d}.html") for k, two in enumerate(ends, 1))
    return Section("How much was seen", words, drawings=overview, links=links), pages


def _listed(tables: dict[str, pl.DataFrame], has_report: Callable[[str], bool]) -> list[Section]:
    """List all recordings in tables of 2000, each with a link to its report."""
    number = {name: k for k, name in enumerate(tables["strata"]["stratum"], 1)}
    qualities = _qualities(tables.get("limb_summary"))
    columns = (
        *("recording", "infant", "age, weeks+days", "age at birth", "site", "camera", "state", "stratum"),
        *("recording quality by limb", "left out"),
    )
    rows = []
    for row in tables["recordings"].iter_rows(named=True):
        name = row["recording_id"]
        ages = [Cell(weeks(row[age]), value=row[age] if row[age] is not None else "") for age in _AGES]
        link = f"../{quote(name, safe='')}/report.html" if has_report(name) else ""
        place = number.get(row["stratum"])
        simulated = ", SIMULATED" if row["simulated"] else ""
        stratum = Cell(f"{place}{simulated}", value=place) if place else cell_of(None)
        facts = (cell_of(row[key]) for key in ("site", "camera_id", "state"))
        more = (stratum, cell_of(qualities.get(name)), cell_of(row["left_out"]))
        rows.append([Cell(name, link), cell_of(row["infant_id"]), *ages, *facts, *more])
    limbs = ", ".join(LIMBS).replace("_", " ")
    quality = f"recording quality A to D, in the order {limbs}; of the recording, not the infant"
    words = ("Each recording leads to its own report. All columns of the sheet are in recordings.csv.",)
    pages = (rows[k : k + RECORDINGS_A_PAGE] for k in range(0, len(rows), RECORDINGS_A_PAGE))
    listed = (Table(f"{len(page)} recordings; {quality}", columns, page, sortable=True) for page in pages)
    return [Section("Recordings", words, (table,)) for table in listed]


_AGES: Final = ("pma_days", "ga_birth_days")


def _qualities(limbs: pl.DataFrame | None) -> dict[str, str]:
    """Recording quality of the four limbs in the first epoch, as four letters, by recording."""
    if limbs is None:
        return {}
    first = limbs.filter(pl.col("epoch_start_s") == 0).select("recording_id", "limb", "recording_quality")
    by_name: dict[str, dict[str, Any]] = {}
    for name, limb, letter in first.iter_rows():
        by_name.setdefault(name, {})[limb] = letter
    return {name: " ".join(letters.get(limb) or "\N{EN DASH}" for limb in LIMBS) for name, letters in by_name.items()}


def _how_to_read() -> Section:
    words = (
        "Everything compares the first epoch of a recording (180 s at most). The reference is this cohort as described "
        "above, not a norm; nothing here labels an infant. Left and right are the infant's.",
        "Behavioural state, care, swaddling, lines and medication change movement more than most of what is studied; "
        "compare only what the columns of your sheet let you compare.",
        "Every table of these pages, and all that they leave out, lies beside them: recordings.csv, strata.csv, "
        "features_compared.parquet (every value, its z or the reason why there is none), reliability.csv, "
        "mismatches.csv, failed.csv, and the limb, pair and body summaries; figures/ has each figure as PNG and SVG "
        "with its numbers.",
    )
    return Section("How to read it", words)
