"""The rooms of the house, and what each may take from which: ``python -m tests.house`` prints both.

A room is a folder. The files at the top of `asyconv` and of `analysis` are the lowest rooms, because every other room
may take from them; those that only pass on public names are their fronts, and the highest rooms.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

from tests.helpers.real_data import ROOT

PACKAGES: Final = {
    "kernels": "asyconv.kernels",
    "asyconv": "asyconv",
    "analysis": "asyconv.analysis",
    "cli": "asyconv.cli",
}
"""The dotted name of each top folder."""

FRONTS: Final = {
    "asyconv.recording": "asyconv fronts",
    "asyconv.pipeline": "asyconv fronts",
    "asyconv.weights": "asyconv fronts",
    "asyconv.networks": "asyconv fronts",
    "asyconv.analysis": "analysis fronts",
    "asyconv.analysis.pipeline": "analysis fronts",
}

POSES: Final = (
    "asyconv",
    "asyconv/recordings",
    "asyconv/pose",
    "asyconv/labels",
    "asyconv/labelling",
    "asyconv/simulation",
    "asyconv/training",
    "asyconv/evaluation",
    "asyconv fronts",
)
MOVEMENT: Final = (
    "analysis",
    "analysis/formulas",
    "analysis/cleaning",
    "analysis/series",
    "analysis/measures",
    "analysis/tables",
    "analysis fronts",
    "analysis/report",
    "analysis/cohort",
    "analysis/evaluation",
)
"""In both, each room takes from those before it."""

SEAM: Final = {
    "asyconv.skeleton", "asyconv.tracks", "asyconv.tracks_check", "asyconv.notice", "asyconv.errors",
    "asyconv.whole_files", "asyconv.jit", "asyconv.motion_evidence", "asyconv.activity", "asyconv.words",
}  # fmt: skip
"""All that `analysis` takes from the top of `asyconv`."""

MAY_TAKE: Final[dict[str, set[str]]] = {
    "kernels": set(),
    **{room: set(POSES[:n]) for n, room in enumerate(POSES)},
    **{room: {"asyconv", *MOVEMENT[:n]} for n, room in enumerate(MOVEMENT)},
    "asyconv/night": {"asyconv", "asyconv/recordings"},
    "asyconv/exchange": {"asyconv"},
    "cli": {"kernels", "asyconv/night", "asyconv/exchange", *POSES, *MOVEMENT},
}
MAY_TAKE["asyconv/pose"].add("kernels")
MAY_TAKE["asyconv/evaluation"].add("kernels")


@dataclass(frozen=True)
class Import:
    """An import of one module of this package by another, anywhere in its file."""

    module: str
    line: int
    target: str


def module_of(path: Path) -> str:
    """Dotted name of the module in a file below one of the four folders; a folder's own file is named as the folder."""
    folder, *parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join([PACKAGES[folder], *(part for part in parts if part != "__init__")])


FILES: Final = {module_of(path): path for folder in PACKAGES for path in sorted((ROOT / folder).rglob("*.py"))}


def room_of(module: str) -> str:
    """The room in which a module lies."""
    return FRONTS.get(module) or FILES[module].parent.relative_to(ROOT).as_posix()


def names(path: Path, *, top_level_only: bool = False) -> Iterator[tuple[int, str]]:
    """Line and name of every import; ``from a.b import c`` names ``a.b.c`` where that is a module, else ``a.b``."""
    tree = ast.parse(path.read_text(encoding="utf8"))
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield node.lineno, whole if whole in FILES else node.module or ""


def imports() -> list[Import]:
    """All imports of one module of this package by another."""
    return [
        Import(module, line, name)
        for module, path in FILES.items()
        for line, name in names(path)
        if name in FILES and name not in (module, "asyconv")  # `asyconv` itself holds the version only
    ]


def wrong_arrows(found: list[Import]) -> list[str]:
    """Each import that a room must not make, in words."""
    wrong = []
    for item in found:
        room, target = room_of(item.module), room_of(item.target)
        at_seam = not room.startswith("analysis") or target != "asyconv" or item.target in SEAM
        if target != room and target not in MAY_TAKE[room] or not at_seam:
            wrong.append(f"{item.module}, line {item.line}: {room} must not take {item.target}")
    return wrong


def circle(found: list[Import]) -> list[str]:
    """Modules that import each other in a circle; empty where there is none."""
    graph: dict[str, set[str]] = {}
    for item in found:
        graph.setdefault(item.module, set()).add(item.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def main() -> None:
    """Print one line a room: its files and lines, what it holds, and the rooms it takes from."""
    found = imports()
    for room in MAY_TAKE:
        modules = [module for module in FILES if module != "asyconv" and room_of(module) == room]
        lines = sum(len(FILES[module].read_text(encoding="utf8").splitlines()) for module in modules)
        taken = {room_of(item.target) for item in found if room_of(item.module) == room} - {room}
        arrows = ", ".join(other for other in MAY_TAKE if other in taken)
        print(f"{room:<20} {len(modules):>3} files {lines:>5} lines  <- {arrows}")
        holder = ROOT / room / "__init__.py"
        if holder.is_file():
            print(f"{'':<20} {(ast.get_docstring(ast.parse(holder.read_text(encoding='utf8'))) or '').splitlines()[0]}")


if __name__ == "__main__":
    main()
