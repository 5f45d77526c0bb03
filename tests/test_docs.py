"""README, docs and docstrings do not go stale: what they link is there, and the commands they name are understood."""

import csv
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from asyconv.cli.main import COMMANDS, main
from tests.helpers.commands import parse
from tests.helpers.pages import PAGES, blocks, tokens
from tests.helpers.real_data import ROOT

SOURCES = sorted(
    path for room in ("kernels", "asyconv", "analysis", "cli", "tests") for path in (ROOT / room).rglob("*.py")
)
PLACEHOLDERS = ("COMMAND", "...")


def links(page: Path) -> Iterator[str]:
    """Where the links and the pictures of a page lead, but for other sites."""
    for token in tokens(page):
        target = str(token.attrs.get("href") or token.attrs.get("src") or "")
        if target and "://" not in target:
            yield target


def anchors(page: Path) -> set[str]:
    """Names of a page's headings, as GitHub gives them."""
    parts = list(tokens(page))
    texts = [after.content for token, after in zip(parts, parts[1:], strict=False) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}


def command_lines(page: Path) -> list[str]:
    """Lines of code blocks that call ``asyconv``."""
    return [line for block in blocks(page) for line in block.code.splitlines() if line.startswith("asyconv ")]


def mentions(page: Path) -> list[str]:
    """Commands in the text of a Markdown page."""
    return [
        token.content for token in tokens(page) if token.type == "code_inline" and token.content.startswith("asyconv ")
    ]


def understood(mention: str) -> bool:
    """Whether a command that is named in a text is known; it need not be whole."""
    try:
        parse(mention)
    except (click.MissingParameter, click.BadOptionUsage, click.exceptions.NoArgsIsHelpError):
        return True
    except click.UsageError:
        return any(placeholder in mention for placeholder in PLACEHOLDERS)
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_picture_is_there(page: Path) -> None:
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_is_understood(page: Path) -> None:
    for line in command_lines(page):
        parse(line)
    assert [mention for mention in mentions(page) if not understood(mention)] == []


def test_wrong_command_lines_and_mentions_are_seen() -> None:
    for wrong in ("asyconv evaluate --movement", "asyconv evaluate compact", "asyconv process a -o b --head sideways"):
        with pytest.raises(click.UsageError):
            parse(wrong)
        assert not understood(wrong)
    assert understood("asyconv process --update")
    with pytest.raises(click.MissingParameter):
        parse("asyconv process --update")


def test_every_page_and_every_command_is_in_an_index() -> None:
    index = set(links(ROOT / "docs" / "index.md"))
    assert index >= {page.name for page in PAGES if page.parent.name == "docs"} - {"index.md"}
    named = set(mentions(ROOT / "docs" / "commands.md"))
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        subcommands = [f" {sub}" for sub in command.commands] if isinstance(command, click.Group) else [""]
        assert {f"asyconv {name}{sub}" for sub in subcommands} <= named


def test_the_site_has_every_page_once_and_every_command() -> None:
    """Pages that are made from the program are whole; `make docs` follows the links between all of them."""
    spec = importlib.util.spec_from_file_location("site_pages", ROOT / "docs" / "site_pages.py")
    assert spec is not None
    assert spec.loader is not None
    site = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(site)
    made = site.made_pages()
    listed = re.findall(r"[\w-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf8"))
    assert sorted(listed) == sorted(
        [name for name in made if "/" not in name] + [path.name for path in (ROOT / "docs").glob("*.md")]
    )
    for name, _ in site.leaf_commands():
        assert f"Usage: asyconv {name}" in made[f"commands/{name.replace(' ', '-')}.md"]
    for row in site.data_dictionary():
        assert row["name"].replace("_", r"\_") in made["data-dictionary.md"]
    assert site.for_site("[a](../README.md) [b](docs/x.md) [c](../benchmarks)") == "[a](start.md) [b](x.md) `c`"
    assert site.for_site("row ([c.csv](../benchmarks/c.csv)).") == "row (`c.csv`)."


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf8").splitlines()) <= 200


def test_commands_in_docstrings_messages_benchmarks_and_makefile_are_understood() -> None:
    named = [
        (path.name, " ".join(found.split()))
        for path in SOURCES
        for found in re.findall(r"(?<!`)`{1,2}(asyconv\s[^`]+)`", path.read_text(encoding="utf8"))
    ]
    for path in sorted((ROOT / "benchmarks").glob("*.csv")):
        with path.open(encoding="utf8", newline="") as file:
            commands = {row.get("command") or "" for row in csv.DictReader(file)}
            named += [(path.name, command) for command in sorted(commands) if command.startswith("asyconv ")]
    makefile = (ROOT / "Makefile").read_text(encoding="utf8")
    named += [("Makefile", f"asyconv {words}") for words in re.findall(r"asyconv\.cli\.main (.*)", makefile)]
    assert len(named) > 20
    assert [place for place in named if not understood(place[1])] == []
