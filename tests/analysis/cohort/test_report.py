"""Pages of the cohort's report: whole, offline, linked, readable, and hostile text stays text."""

import base64
import hashlib
import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import polars as pl

from asyconv.analysis.cohort.coverage_map import blocks, coverage_rows, shade
from asyconv.analysis.cohort.pages import Page, Section, cell_of, html, table_of
from asyconv.notice import NOTICE
from asyconv.skeleton import LIMBS
from tests.helpers.cohort_report import fail, pages_of, report
from tests.helpers.hostile_text import IN_COHORT
from tests.helpers.html_page import Page as Shown
from tests.helpers.made_cohort import Made, make_results

VERDICTS = re.compile(r"\b(normal|abnormal|risk|score|grade)\b", re.IGNORECASE)


def luminance(colour: str) -> float:
    parts = colour.lstrip("#")
    parts = "".join(2 * c for c in parts) if len(parts) == 3 else parts
    shares = (int(parts[k : k + 2], 16) / 255 for k in (0, 2, 4))
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
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
        assert page.count("script") == 1
        assert not page.all("button"), "buttons come from the script"
        assert page.headings[0] == 1
        assert page.headings.count(1) == 1
        assert all(b - a <= 1 for a, b in pairwise(page.headings))
        assert page.words.count(NOTICE) == 1
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
        assert sum(text in piece for piece in page.pieces) >= 2, text
    links = {unquote(str(link["href"])) for link in page.all("a")}
    assert {f"../{name}/report.html" for name in names} <= links
    assert page.words.count("not infants") == 0


def test_a_page_escapes_titles_and_columns() -> None:
    table = table_of(pl.DataFrame({IN_COHORT[0]: [IN_COHORT[1]]}), IN_COHORT[0])
    section = Section(IN_COHORT[0], (IN_COHORT[1],), (table,), links=(cell_of(IN_COHORT[1]),))
    page = Page("report", IN_COHORT[0], IN_COHORT[1], (section,))
    seen = Shown(html(page, [page], {}, simulated=IN_COHORT[0]))
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


def test_a_stratum_has_one_number_though_others_are_left_out_whole(tmp_path: Path) -> None:
    slow = Made("r-0", "i-0", rate_hz=15.0, sheet=(("exclude_reason", "sedated"),))
    page = pages_of(report(make_results(tmp_path / "results", [slow, Made("r-1", "i-1")])))["report.html"]
    assert "Stratum 1 30 Hz" in page.words
    assert re.findall(r"r-\d i-\d 31\+3 – – – – (\S+)", page.words) == ["–", "1"]


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
