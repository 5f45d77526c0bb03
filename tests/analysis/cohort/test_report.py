"""The cohort's report: what it counts, draws and links, and that hostile text, strata and infants stay apart."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from asyconv.analysis.cohort.by_age import percentiles
from asyconv.analysis.cohort.coverage_map import blocks, coverage_rows, shade
from asyconv.analysis.cohort.distribution import distribution_table
from asyconv.analysis.cohort.drawing import spread
from asyconv.analysis.cohort.drawn_measures import DRAWN, NO_BAND, bands_of, drawn_values, once_each, weeks
from asyconv.analysis.cohort.inclusion import inclusion
from asyconv.analysis.cohort.pages import Page, Section, cell_of, html, table_of
from asyconv.analysis.tables.files import METADATA_KEY
from asyconv.cli.main import main
from asyconv.night.results import failed
from asyconv.notice import NOTICE
from asyconv.skeleton import LIMBS
from tests.helpers.hostile_text import IN_COHORT
from tests.helpers.made_cohort import Made, make_results

VERDICTS = re.compile(r"\b(normal|abnormal|risk|score|grade)\b", re.IGNORECASE)


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


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """21 infants at 30 Hz, 11 of them twice, 3 at 6 Hz simulated, one excluded, one copy, two withheld, two failed."""
    results = tmp_path_factory.mktemp("mixed") / "results"
    once = [
        Made(f"r-{k:02d}", f"i-{k:02d}", 219 + k % 3, k + 1.0, floor_mm_s=3.0 if k < 15 else 7.0) for k in range(21)
    ]
    twice = [Made(f"s-{k:02d}", f"i-{k:02d}", 222 + k % 3, k + 1.5 + k % 2) for k in range(11)]
    slow = [Made(f"t-{k}", f"j-{k}", 230, 50.0, rate_hz=6.0, simulated=True) for k in range(3)]
    others = [
        Made("u-0", "i-90", 220, sheet=(("exclude_reason", IN_COHORT[0]), ("site", IN_COHORT[1]))),
        Made("u-1", "i-91", 220, sha256="r-03"),
        Made("u-2", "i-92", 220),
        Made("u-3", None, None),
    ]
    make_results(results, [*once, *twice, *slow, *others])
    (results / "r-00" / "report.html").write_text("<!DOCTYPE html><title>r-00</title>")
    withhold(results, "u-2", 43)
    withhold(results, "u-3", 51)
    for k in range(2):
        fail(results, f"v-{k}", f"v-{k}: expected depth frames, found none that is whole")
    fail(results, "r-01", "it failed once and was made later")
    report(results)
    return results


def test_failures_are_those_without_a_result(mixed: Path) -> None:
    assert failed(mixed) == {k: f"{k}: expected depth frames, found none that is whole" for k in ("v-0", "v-1")}
    (mixed / ".failed" / "w.json").write_text("{")
    assert failed(mixed)["w"] == "its record of failure cannot be read"
    (mixed / ".failed" / "w.json").unlink()


def test_the_flow_adds_up(mixed: Path) -> None:
    table = {
        (stage, reason): (n, infants)
        for stage, reason, n, infants in pl.read_csv(mixed / "cohort" / "figures" / "inclusion.csv").iter_rows()
    }
    assert table == {
        ("found", None): (41, 27),
        ("failed", None): (2, 0),
        ("failed", "expected depth frames, found none that is whole"): (2, 0),
        ("excluded", None): (2, 2),
        ("excluded", IN_COHORT[0]): (1, 1),
        ("excluded", "the same input as another recording"): (1, 1),
        ("withheld", None): (2, 1),
        ("withheld", "coverage … %, needs 70 %"): (2, 1),
        ("used", None): (35, 24),
        ("compared", None): (35, 24),
    }
    words = pages_of(mixed / "cohort")["report.html"].words
    assert "Of 41 recordings found, 2 failed, 2 are excluded, 2 have all amounts withheld" in words


def test_a_recording_counts_once_under_the_reason_of_most_limbs() -> None:
    recordings = pl.DataFrame({"recording_id": ["r"], "infant_id": ["i"], "pma_days": [220], "left_out": [None]})
    values = pl.DataFrame(
        {
            "recording_id": ["r"] * 4,
            "feature": ["moving_pct"] * 4,
            "epoch_start_s": [0.0] * 4,
            "value": pl.Series([None] * 4, dtype=pl.Float64),
            "reason": ["b", "coverage 10 %, needs 70 %", "coverage 20.5 %, needs 70 %", "a"],
        }
    )
    failed = pl.DataFrame(schema={"recording_id": pl.String, "reason": pl.String})
    found = inclusion(recordings, values, failed).filter(pl.col("stage") == "withheld")
    assert found["reason"].to_list() == [None, "coverage … %, needs 70 %"]


def test_strata_and_floors_stand_apart(mixed: Path) -> None:
    pages = pages_of(mixed / "cohort")
    assert {"report.html", "stratum-01.html", "stratum-02.html"} == set(pages)
    values = {k: pl.read_csv(mixed / "cohort" / "figures" / f"distribution_{k:02d}.csv") for k in (1, 2)}
    by_stratum = [set(table["recording_id"].str.slice(0, 1)) for table in values.values()]
    assert by_stratum == [{"r", "u"}, {"t"}]  # an infant is drawn once, by its first recording; u-2 has its angles
    assert "u-2" not in set(values[1].filter(pl.col("feature") == "moving_pct")["recording_id"])
    bands = values[1].filter(pl.col("feature") == "moving_pct").group_by("floor_band_mm_s").len().sort("len")
    assert bands.rows() == [("6.25 to 7.81", 24), ("to 6.25", 60)]
    table = pl.read_csv(mixed / "cohort" / "figures" / "distribution_01_table.csv")
    amounts = table.filter((pl.col("measure") == "Moving (%)") & (pl.col("limb") == "left arm"))
    assert amounts.select("floor_band_mm_s", "infants", "median").rows() == [
        ("to 6.25", 15, None),
        ("6.25 to 7.81", 6, None),
    ]
    bends = table.filter(pl.col("measure").str.starts_with("Elbow") & (pl.col("limb") == "left arm"))
    assert bends.select("floor_band_mm_s", "infants").rows() == [(NO_BAND, 23)]  # and u-2, u-3
    assert bends["median"][0] is not None
    assert "SIMULATED" in pages["report.html"].words
    assert "3 of 39 recordings are SIMULATED" in pages["stratum-01.html"].words


def test_values_by_hand() -> None:
    values = pl.DataFrame(
        {
            "stratum": ["s"] * 41,
            "band": ["to 6.25"] * 40 + ["7.81 to 9.77"],
            "key": ["moving_pct"] * 41,
            "part": ["left_arm"] * 41,
            "pma_days": [220] * 20 + [210] * 20 + [220],
            "recording_id": [f"r-{k}" for k in range(41)],
            "who": [f"infant {k % 20}" for k in range(40)] + ["infant 0"],
            "value": [float(k) for k in range(41)],
        }
    )
    once = once_each(values)
    assert sorted(once["value"]) == [*map(float, range(20, 40)), 40.0]  # the younger one of each; the other band too
    rows = distribution_table(once).rows()
    assert rows[0] == ("Moving (%)", "left arm", "to 6.25", 20, 20.0, 24.75, 29.5, 34.25, 39.0)
    assert rows[1] == ("Moving (%)", "left arm", "7.81 to 9.77", 1, 40.0, None, None, None, 40.0)
    assert bands_of(values.reverse()) == ["to 6.25", "7.81 to 9.77"]
    assert (weeks(None), weeks(220), weeks(217)) == ("–", "31+3", "31+0")
    assert spread(4) == [0.0, 0.0, -0.25, 0.25]
    assert len({place for place in spread(300)[1:]}) == 299
    assert all(-0.5 <= place <= 0.5 for place in spread(300))


def test_percentiles_come_only_where_n_allows() -> None:
    def of(n: int, ages: list[float]) -> pl.DataFrame:
        infant = [f"i{k}" for k in range(n)]
        return percentiles(np.resize(np.array(ages), n), infant, np.arange(n, dtype=float))

    assert of(19, [220]).height == 0
    level = of(20, [220, 260])
    assert level.rows() == [pytest.approx((age, 20, 1.9, 9.5, 17.1)) for age in (220.0, 260.0)]
    assert of(49, [220, 260])["infants"].to_list() == [49, 49]
    running = of(50, [220.0, 300.0])  # 25 infants at either age, none between
    assert set(running["infants"]) == {25}
    assert all(min(abs(age - 220), abs(age - 300)) <= 14 for age in running["age_days"])
    assert running.filter(pl.col("age_days") == 220)["p50"].to_list() == [24.0]  # of 0, 2, ... 48
    assert of(50, [200.0, 230.0, 260.0]).height == 0  # 17 at most within two weeks
    twice = percentiles(np.repeat([220.0, 221.0], 19), [f"i{k % 19}" for k in range(38)], np.arange(38.0))
    assert twice.height == 0  # 38 recordings, but 19 infants


def test_percentiles_take_one_recording_of_an_infant_the_nearest_in_age() -> None:
    age = np.array([*np.linspace(215, 225, 50), 220.0, 226.0])
    infant = [*(f"i{k}" for k in range(50)), "twin", "twin"]
    value = np.array([*np.zeros(50), 1000.0, 7.0])
    found = percentiles(age, infant, value)
    assert set(found["infants"]) == {51}
    at_217 = found.filter(pl.col("age_days") == 217)
    assert at_217.select("p10", "p50", "p90").row(0) == (0.0, 0.0, 0.0)


def luminance(colour: str) -> float:
    parts = colour.lstrip("#")
    parts = "".join(2 * c for c in parts) if len(parts) == 3 else parts
    linear = [
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
        for c in (int(parts[k : k + 2], 16) / 255 for k in (0, 2, 4))
    ]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def contrast(first: str, second: str) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_every_shade_can_be_read_and_gets_darker_steadily() -> None:
    styles = [re.fullmatch(r"background:(#\w{6});color:(#\w{3})", shade(value)) for value in range(101)]
    pairs = [style.groups() for style in styles if style]
    assert len(pairs) == 101
    assert min(contrast(ground, ink) for ground, ink in pairs) >= 4.5
    light = [luminance(ground) for ground, _ in pairs]
    assert (np.diff(light) < 0).all()


def test_text_stands_out(mixed: Path) -> None:
    page = (mixed / "cohort" / "report.html").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--(\w+): (#\w{6})", page))
    assert {"ink", "muted", "accent", "warn"} <= set(colours)
    for name in ("ink", "muted", "accent", "warn"):
        assert contrast(colours[name], "#ffffff") >= 4.5, name


def test_every_page_is_whole_offline_and_in_order(mixed: Path) -> None:
    for name, page in pages_of(mixed / "cohort").items():
        assert page.all("html")[0]["lang"] == "en"
        policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv"))
        digest = base64.b64encode(hashlib.sha256("".join(page.scripts).encode()).digest()).decode()
        assert policy == f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
        assert len(page.all("script")) == 1
        assert not page.all("button"), "buttons come from the script"
        levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))
        assert page.words.count(NOTICE) == 2
        assert not VERDICTS.search(page.words), VERDICTS.search(page.words)
        for picture in page.all("img"):
            assert (picture["src"] or "").startswith("data:image/png;base64,")
            assert len(picture["alt"] or "") > 40
        assert len(page.all("img")) == len(page.all("figcaption")) <= len(page.all("details"))
        assert all(head["scope"] in ("col", "row") for head in page.all("th"))
        assert name != "report.html" or len(page.all("img")) == 2


def test_every_link_leads_somewhere(mixed: Path) -> None:
    targets = set()
    for page in pages_of(mixed / "cohort").values():
        targets |= {unquote(str(link["href"])) for link in page.all("a")}
    assert "../r-00/report.html" in targets
    assert not any(target.startswith("../") for target in targets - {"../r-00/report.html"})
    for target in targets:
        assert (mixed / "cohort" / target).is_file(), target
    figures = {path.stem for path in (mixed / "cohort" / "figures").glob("*.png")}
    assert figures == {path.stem for path in (mixed / "cohort" / "figures").glob("*.svg")}
    assert {"inclusion", "coverage", "distribution_01", "age_01_00", "age_01_01", "reliability_01"} <= figures
    for name in figures:
        assert (mixed / "cohort" / "figures" / f"{name}.csv").is_file()


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    results = tmp_path / "results"
    cells = [
        (("site", text), ("state", text), ("exclude_reason", text if k == 1 else ""))
        for k, text in enumerate(IN_COHORT)
    ]
    names = ["<script>x'\"$", "b'><i>", "c" * 200, "\u202ed שלום"]
    make_results(
        results, [Made(name, text, 220, sheet=cell) for name, text, cell in zip(names, IN_COHORT, cells, strict=True)]
    )
    fail(results, "v-0", f"v-0: {IN_COHORT[0]} $x$ {IN_COHORT[3]}")
    for name in names:
        (results / name / "report.html").write_text("")
    pages = pages_of(report(results))
    assert set(pages) == {"report.html"}
    page = pages["report.html"]
    assert len(page.all("script")) == 1
    assert not page.all("i")
    assert all((image["src"] or "").startswith("data:") and "onerror" not in image for image in page.all("img"))
    for text in (*IN_COHORT, *names):
        assert sum(text in part for part in page.text) >= 2, text
    links = {unquote(str(link["href"])) for link in page.all("a")}
    assert {f"../{name}/report.html" for name in names} <= links
    assert page.words.count("not infants") == 0


def test_a_page_escapes_titles_and_columns() -> None:
    table = table_of(pl.DataFrame({IN_COHORT[0]: [IN_COHORT[1]]}), IN_COHORT[0])
    page = Page(
        "report",
        IN_COHORT[0],
        IN_COHORT[1],
        (Section(IN_COHORT[0], (IN_COHORT[1],), (table,), links=(cell_of(IN_COHORT[1]),)),),
    )
    seen = Seen(html(page, [page], {}, simulated=IN_COHORT[0]))
    assert len(seen.all("script")) == 1
    assert not seen.all("img")


def test_numbers_are_shown_to_four_digits_and_sorted_by_their_value() -> None:
    assert cell_of(1234567.0).text == "1234567"
    assert cell_of(-0.00001234).text == "\N{MINUS SIGN}0.0000"
    assert (cell_of(12.345678).text, cell_of(12.345678).value) == ("12.35", "12.345678")
    assert (cell_of(None).text, cell_of(None).value) == ("–", "")
    assert cell_of(True).text == "yes"


def test_long_cohorts_are_cut_into_pages(tmp_path: Path) -> None:
    coverage = pl.DataFrame(
        {
            "recording_id": [f"r-{k}" for k in range(120)],
            "infant_id": [f"i-{k // 2:03d}" for k in range(110)] + [None] * 10,
            "pma_days": [None] * 120,
            "left_out": [None] * 120,
            **{limb: [None if k == 3 else 50.0 + k % 50 for k in range(120)] for limb in LIMBS},
        }
    )
    pieces = blocks(coverage)
    assert [piece.height for piece in pieces] == [100, 20]  # 50 infants of two, then 5 of two and 10 unnamed
    rows = coverage_rows(pieces[0]).rows
    assert [cell.text for cell in rows[3]] == ["i-001", "r-3", "–", "–", "–", "–", "–", "–"]
    assert rows[4][3].text == "54"
    assert "background" in rows[4][3].shade
    assert not rows[3][3].shade


def test_more_than_fifty_infants_have_pages_of_their_own(tmp_path: Path) -> None:
    results = tmp_path / "results"
    make_results(results, [Made(f"r-{k:03d}", f"i-{k:03d}", None, 5.0) for k in range(51)])
    pages = pages_of(report(results))
    assert set(pages) == {"report.html", "coverage-01.html", "coverage-02.html"}
    assert "i-050" in pages["coverage-02.html"].words
    assert "i-050" not in pages["coverage-01.html"].words
    assert "No recording with a value states both infant and age." in pages["report.html"].words
    assert "51 recordings state no age" in pages["report.html"].words


def test_two_builds_are_the_same_bytes(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results", [Made(f"r-{k}", f"i-{k}", 220 + k, 5.0 + k) for k in range(3)])
    folder = report(results)
    first = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    report(results)
    assert {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()} == first
    assert len([name for name in first if name.suffix == ".svg"]) >= 4
    for content in first.values():
        assert str(tmp_path).encode() not in content


def test_nobody_left_is_a_page_that_says_so(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results", [Made("r-0", "i-0")])
    (results / "r-0" / "features_long.parquet").write_bytes(b"PAR1")
    words = pages_of(report(results))["report.html"].words
    assert "No recording is left to compare." in words
    assert "its tables cannot be read" in words
    assert "No tables could be read." in words


def test_shown_values_leave_out_what_is_left_out(mixed: Path) -> None:
    values = drawn_values(pl.read_parquet(mixed / "cohort" / "features_compared.parquet"))
    assert {"u-0", "u-1"}.isdisjoint(values["recording_id"])
    assert set(values["key"]) <= {one.key for one in DRAWN}
    assert values.filter(pl.col("recording_id") == "u-3")["who"].unique().to_list() == ["recording u-3"]
