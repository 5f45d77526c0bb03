"""Pages of the cohort as HTML: sections of words, tables and figures; the script only sorts tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from asyconv.analysis.report.canvas import Drawing
from asyconv.analysis.report.html import data_uri, page_html

DASH: Final = "\N{EN DASH}"
DIGITS: Final = 4
TITLE: Final = "Cohort report"


@dataclass(frozen=True)
class Cell:
    """A cell of a table: text, address of its link, value to sort by (None: the text), colours as CSS."""

    text: str
    href: str = ""
    value: float | str | None = None
    number: bool = False
    shade: str = ""


@dataclass(frozen=True)
class Table:
    """A table under its caption; `folded` behind a line that opens it, `sortable` where the script may sort it."""

    caption: str
    columns: tuple[str, ...]
    rows: list[list[Cell]]
    folded: bool = False
    sortable: bool = False


@dataclass(frozen=True)
class Section:
    """A section of a page: heading, paragraphs, figures, tables, links, and the sections `below` it."""

    title: str
    words: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    drawings: tuple[Drawing, ...] = ()
    links: tuple[Cell, ...] = ()
    below: tuple["Section", ...] = ()


@dataclass(frozen=True)
class Page:
    """One HTML file: its name, its title among the pages, a line about all of them, and its sections."""

    name: str
    title: str
    lead: str
    sections: tuple[Section, ...]


def cell_of(value: object) -> Cell:
    """Show a value of a table: nothing as a dash that sorts last, numbers to four digits, all else as it is."""
    if value is None:
        return Cell(DASH, value="")
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    if isinstance(value, int):
        return Cell(str(value), number=True)
    if isinstance(value, float):
        return Cell(plain_number(value), value=repr(value), number=True)
    return Cell(str(value))


def plain_number(value: float) -> str:
    """`value` to four significant digits, never as a power of ten."""
    text = f"{value:.{DIGITS}g}"
    text = f"{value:.0f}" if "e+" in text else f"{value:.4f}" if "e-" in text else text
    return text.replace("-", "\N{MINUS SIGN}")


def table_of(frame: pl.DataFrame, caption: str, *, folded: bool = False) -> Table:
    """Make a table that shows every row and column of `frame`."""
    columns = tuple(name.replace("_", " ") for name in frame.columns)
    return Table(caption, columns, [[cell_of(v) for v in row] for row in frame.rows()], folded)


def html(page: Page, pages: Sequence[Page], pngs: Mapping[str, bytes], *, simulated: str) -> str:
    """Write `page` as HTML text, with links to all of `pages`; `simulated` is said on top where it is not empty.

    `pngs` are its figures by name.
    """
    return page_html(
        "cohort/cohort.html",
        "cohort/sorting.js",
        page=page,
        title=TITLE if page is pages[0] else f"{TITLE}, {page.title.lower()}",
        pages=pages,
        simulated=simulated,
        print_simulated=" With simulated recordings." if simulated else "",
        table_of=_drawn_table,
        inlined={name: data_uri(png, "image/png") for name, png in pngs.items()},
    )


def _drawn_table(drawing: Drawing) -> Any:
    numbers = drawing.data if drawing.table is None else drawing.table
    return table_of(numbers, f"{drawing.title}: the numbers", folded=True)
