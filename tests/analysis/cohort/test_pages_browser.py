"""The cohort's pages in a real browser: no network, no error, sorted by click and keyboard, readable and printable."""

from pathlib import Path
from typing import Any

import pytest

from asyconv.analysis.cohort.cohort import make_cohort
from asyconv.analysis.cohort.pages import html
from asyconv.analysis.cohort.report import cohort_pages
from asyconv.cli.cohort import members_of
from asyconv.night.results import manifests
from tests.helpers.browser import opened, printed_pages, serious
from tests.helpers.hostile_text import IN_COHORT
from tests.helpers.made_cohort import Made, make_results


@pytest.fixture(scope="module")
def page_html(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The first page of 12 infants, 11 of them with two recordings; one cell of the sheet is hostile."""
    results = tmp_path_factory.mktemp("results")
    once = [Made(f"r-{k:02d}", f"i-{k:02d}", 219 + k % 7, k + 1.0, simulated=True) for k in range(12)]
    twice = [Made(f"s-{k:02d}", f"i-{k:02d}", 223 + k % 7, k + 1.5 + k % 2, simulated=True) for k in range(11)]
    sheet = tuple(zip(("site", "state", "camera_id"), IN_COHORT[1:], strict=True))
    odd = Made("q-0", IN_COHORT[0], None, sheet=(*sheet, ("exclude_reason", IN_COHORT[2])), simulated=True)
    make_results(results, [*once, *twice, odd])
    members, mismatches = members_of(results, manifests(results), None, None)
    pages = cohort_pages(make_cohort(members, mismatches), lambda name: name == "r-03")
    (page,) = pages
    drawn = [one for s in page.sections for one in (*s.drawings, *(d for below in s.below for d in below.drawings))]
    return html(page, pages, {one.name: one.png() for one in drawn}, simulated="Simulated recordings.")


def column(page: Any, number: int) -> list[str]:
    """Texts of a column of the last table, from top to bottom."""
    cells = page.locator("table.sortable").last.locator(f"tbody tr > :nth-child({number})")
    return [str(text) for text in cells.all_inner_texts()]


def test_it_loads_without_an_error_and_asks_no_network(chromium: Any, page_html: str, tmp_path: Path) -> None:
    with opened(chromium, page_html, tmp_path) as seen:
        assert seen.page.title() == "Cohort report"
        assert seen.page.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth > 100)")
        assert seen.page.locator("img").count() == 6
        assert not seen.errors
        assert not seen.asked_of_a_network


def test_a_table_sorts_by_click_and_by_keyboard_with_nothing_last(
    chromium: Any, page_html: str, tmp_path: Path
) -> None:
    with opened(chromium, page_html, tmp_path) as seen:
        page = seen.page
        before = column(page, 3)
        age = page.locator("table.sortable").last.locator("thead th").nth(2)
        age.locator("button").click()
        up = column(page, 3)
        assert up == sorted(before[1:]) + ["–"]
        assert up != before
        assert age.get_attribute("aria-sort") == "ascending"
        page.keyboard.press("Enter")
        assert column(page, 3) == sorted(before[1:], reverse=True) + ["–"]
        assert age.get_attribute("aria-sort") == "descending"
        page.locator("table.sortable").last.locator("thead th button").first.press("Enter")
        assert column(page, 1) == sorted(column(page, 1))
        assert age.get_attribute("aria-sort") is None
        assert not seen.errors


def test_it_is_complete_without_script(chromium: Any, page_html: str, tmp_path: Path) -> None:
    with opened(chromium, page_html, tmp_path, script=False) as seen:
        bare = seen.page.locator("body").inner_text().split()
        assert seen.page.locator("button").count() == 0
    with opened(chromium, page_html, tmp_path) as seen:
        assert seen.page.locator("body").inner_text().split() == bare
        assert seen.page.locator("button").count() > 10


def test_the_policy_stops_everything_else(chromium: Any, page_html: str, tmp_path: Path) -> None:
    bad = page_html.replace("</main>", "<script>document.title = 'x'</script></main>")
    with opened(chromium, bad, tmp_path) as seen:
        assert seen.page.title() == "Cohort report"
        assert any("violates" in error for error in seen.errors)


@pytest.mark.parametrize("width", [1100, 400])
def test_axe_finds_nothing_serious(chromium: Any, page_html: str, tmp_path: Path, width: int) -> None:
    with opened(chromium, page_html, tmp_path, width=width) as seen:
        seen.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true;")
        assert not serious(seen.page)
        assert seen.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_hostile_cells_are_text(chromium: Any, page_html: str, tmp_path: Path) -> None:
    with opened(chromium, page_html, tmp_path) as seen:
        text = seen.page.locator("body").inner_text()
        for hostile in IN_COHORT:
            assert " ".join(hostile.split()) in " ".join(text.split())
        assert not seen.errors


@pytest.mark.parametrize(("paper", "size_mm"), [("A4", (210, 297)), ("Letter", (215.9, 279.4))])
def test_every_printed_page_carries_the_notice(
    chromium: Any, page_html: str, tmp_path: Path, paper: str, size_mm: tuple[float, float]
) -> None:
    with opened(chromium, page_html, tmp_path) as seen:
        pages = printed_pages(seen.page, "Cohort. For research use only. Not a medical device.", paper, size_mm)
    assert 4 <= len(pages) <= 12
