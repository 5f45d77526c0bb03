"""Pages of the site that are made from the program: each command, the data dictionary, the API; a hook of MkDocs."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from asyconv.analysis.tables.dictionary import data_dictionary
from asyconv.cli.main import COMMANDS, main

ROOT = Path(__file__).parent.parent
OF_THE_ROOT = {
    "start.md": "README.md",
    "contributing.md": "CONTRIBUTING.md",
    "security.md": "SECURITY.md",
    "changelog.md": "CHANGELOG.md",
}
"""Page of the site, and the file of the repository that it shows."""

API = {
    "Recordings": ["asyconv.recording"],
    "Poses": ["asyconv.pipeline", "asyconv.weights", "asyconv.networks"],
    "Tracks": ["asyconv.tracks", "asyconv.skeleton", "asyconv.errors"],
    "Movement": ["asyconv.analysis", "asyconv.analysis.report"],
    "Kernels": ["asyconv.kernels"],
}
"""The public modules."""

COLUMNS = ("name", "unit", "scope", "tier", "formula", "gates", "caution", "source")


def leaf_commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that can be called, with its name; subcommands in the place of their group."""
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {sub}", below) for sub, below in command.commands.items())


def command_page(name: str, command: click.Command) -> str:
    """The help of a command, as the terminal shows it."""
    parent: click.Context | None = None
    for word in ["asyconv", *name.split()[:-1]]:
        parent = click.Context(main, parent=parent, info_name=word)
    context = click.Context(command, parent=parent, info_name=name.split()[-1], terminal_width=100)
    first = " ".join((command.help or "").split("\n\n")[0].split())
    return f"# asyconv {name}\n\n{first}\n\n```text\n{command.get_help(context)}\n```\n"


def dictionary_page() -> str:
    """Every column and measure of the tables."""

    def cell(text: str) -> str:
        return re.sub(r"([|*_<\\])", r"\\\1", " ".join(text.split()))

    rows = [f"| {' | '.join(cell(str(row[name])) for name in COLUMNS)} |" for row in data_dictionary()]
    head = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}"
    words = "Each folder of results holds these rows as `data_dictionary.csv`. `gates` says when a value is withheld."
    return f"# Data dictionary\n\n{words}\n\n{head}\n" + "\n".join(rows) + "\n"


def api_page() -> str:
    """The public functions and types, from their docstrings."""
    parts = ["# Python API\n\nThese names are stable. The commands use nothing else.\n"]
    for title, modules in API.items():
        parts.append(f"## {title}\n")
        parts += [f"::: {module}\n    options:\n      heading_level: 3\n" for module in modules]
    return "\n".join(parts)


def made_pages() -> dict[str, str]:
    """Content by name of every page that no file of `docs/` holds."""
    pages = {f"commands/{name.replace(' ', '-')}.md": command_page(name, command) for name, command in leaf_commands()}
    whole = {page: (ROOT / file).read_text(encoding="utf8") for page, file in OF_THE_ROOT.items()}
    return pages | whole | {"data-dictionary.md": dictionary_page(), "api.md": api_page()}


def for_site(markdown: str) -> str:
    """Let links between the repository's files lead to pages of the site; folders and tables are named only."""
    markdown = re.sub(r"\]\((\.\./)?docs/", "](", markdown)
    for page, file in OF_THE_ROOT.items():
        markdown = re.sub(rf"\]\((\.\./)?{re.escape(file)}", f"]({page}", markdown)
    return re.sub(r"\[([^\]]*)\]\((?:\.\./|LICENSE|CITATION\.cff|benchmarks/)[^\s)]*\)", r"`\1`", markdown)


def copy_package(target: Path) -> None:
    """Copy the four folders of the repository as they are installed, for what reads docstrings from files."""
    shutil.rmtree(target, ignore_errors=True)
    for folder, place in {"asyconv": "", "kernels": "kernels", "analysis": "analysis", "cli": "cli"}.items():
        for path in (ROOT / folder).rglob("*.py"):
            copy = target / "asyconv" / place / path.relative_to(ROOT / folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)


def on_startup(**_: Any) -> None:
    """Copy the package before any plugin looks for it: a folder that is not there yet is passed over."""
    copy_package(ROOT / "build" / "package")


def on_config(config: Any) -> Any:
    """Give each command its line in the navigation."""
    pages = [{name: f"commands/{name.replace(' ', '-')}.md"} for name, _ in leaf_commands()]
    config.nav.insert(3, {"Each command": pages})
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the made pages to those of the folder."""
    from mkdocs.structure.files import File

    for name, content in made_pages().items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Mend the links of each page."""
    return for_site(markdown)
