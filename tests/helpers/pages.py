"""The pages of the documentation, their parts, and their blocks of code."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.helpers.blocked import without
from tests.helpers.real_data import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
NOT_RUN = re.compile(r"<!-- not run(?: `(?P<start>[^`]+)`)?: (?P<why>\S.*?) -->", re.DOTALL)


class Block(NamedTuple):
    """A block of code, and why it is not run: by the start of a line, or by "" for the whole block."""

    language: str
    code: str
    not_run: dict[str, str]


def run_python(page: Path, folder: Path) -> None:
    """Run the one example in Python of a page as it stands, in a folder and without asyconv."""
    (example,) = [block.code for block in blocks(page) if block.language == "python"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    command = [sys.executable, "-c", without("asyconv") + example]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def tokens(page: Path) -> Iterator[Token]:
    """Every block and every part of a line of a Markdown page."""
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf8")):
        yield token
        yield from token.children or ()


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of code of a page, with the comments that stand right before each."""
    not_run: dict[str, str] = {}
    for token in tokens(page):
        if token.type == "html_block":
            not_run |= {found["start"] or "": found["why"] for found in NOT_RUN.finditer(token.content)}
            continue
        if token.type in ("fence", "code_block"):
            yield Block(token.info.strip(), token.content, not_run)
        not_run = {}
