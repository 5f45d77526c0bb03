"""Who may import whom, what stays light, and what must run on a computer that lacks some packages."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.blocked import without
from tests.helpers.real_data import ROOT

ROOMS = {
    "kernels": "asyconv.kernels",
    "asyconv": "asyconv",
    "analysis": "asyconv.analysis",
    "cli": "asyconv.cli",
}
SEAM = {"asyconv.skeleton", "asyconv.tracks", "asyconv.tracks_check", "asyconv.notice", "asyconv.errors"}
"""All that the analysis may take from `asyconv`."""

NEVER = {
    "kernels": {"click", "rich", "polars", "av", "cv2", "jinja2", "matplotlib"},
    "asyconv": {"click", "rich", "jinja2", "matplotlib", "cupy"},
    "analysis": {"click", "rich", "torch", "cupy", "av", "cv2"},
    "cli": {"cupy"},
}


def module_of(room: str, path: Path) -> str:
    """Dotted name of the file at `path` of a room, whatever its depth; a folder's own file is named as the folder."""
    parts = path.relative_to(ROOT / room).with_suffix("").parts
    return ".".join([ROOMS[room], *(part for part in parts if part != "__init__")])


FILES = {room: sorted((ROOT / room).rglob("*.py")) for room in ROOMS}
MODULES = {module_of(room, path) for room, paths in FILES.items() for path in paths}
LIGHT = {"click", "asyconv", "asyconv.cli", "asyconv.errors", "asyconv.notice", *sys.stdlib_module_names}
"""All that a file of `cli` may import while it is itself imported."""


def room_of(module: str) -> str:
    """Room of a module of this package, by its dotted name."""
    part = module.split(".")[1] if "." in module else ""
    return part if part in ("kernels", "analysis", "cli") else "asyconv"


def imports(path: Path, *, top_level_only: bool = False) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every import; ``from a.b import c`` gives ``a.b`` and ``a.b.c``."""
    tree = ast.parse(path.read_text(encoding="utf8"))
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield node.lineno, node.module or ""
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def wrong_arrow(room: str, target: str) -> bool:
    """Whether a file of `room` must not import the module `target` of this package."""
    if target == "asyconv":
        return False  # only the version: the front door imports nothing
    at = room_of(target)
    if room == "kernels":
        return at != "kernels"
    if room == "asyconv":
        return at not in ("kernels", "asyconv")
    if room == "analysis":
        return at != "analysis" and target not in SEAM
    return False


@pytest.mark.parametrize("room", ROOMS)
def test_arrows(room: str) -> None:
    assert FILES[room]
    wrong = []
    for path in FILES[room]:
        for line, name in imports(path):
            package = name.split(".")[0]
            ours = name in MODULES
            refused = package in NEVER[room] or package in ("kernels", "analysis", "cli")
            if refused or (ours and wrong_arrow(room, name)):
                wrong.append(f"{path.relative_to(ROOT)}:{line}: imports {name}")
    assert not wrong, "\n".join(wrong)


def test_a_wrong_arrow_is_seen() -> None:
    assert wrong_arrow("kernels", "asyconv.tracks")
    assert wrong_arrow("asyconv", "asyconv.analysis.tables.tables")
    assert wrong_arrow("analysis", "asyconv.pose.networks")
    assert wrong_arrow("analysis", "asyconv.kernels.reference")
    assert wrong_arrow("analysis", "asyconv.tracks_checked")
    assert not wrong_arrow("analysis", "asyconv.tracks")
    assert not wrong_arrow("asyconv", "asyconv.kernels.reference")


def test_commands_import_heavy_packages_only_inside() -> None:
    wrong = []
    for path in FILES["cli"]:
        for line, name in imports(path, top_level_only=True):
            is_ours = name in MODULES
            light = name in LIGHT or room_of(name) == "cli" if is_ours else name.split(".")[0] in LIGHT
            if not light:
                wrong.append(f"cli/{path.name}:{line}: imports {name} at import time")
    assert not wrong, "\n".join(wrong)


def loaded_by(code: str, *, blocked: tuple[str, ...] = ()) -> set[str]:
    """Names in ``sys.modules`` after `code` ran in a fresh interpreter that lacks the packages `blocked`."""
    program = f"{without(*blocked)}\n{code}\nimport sys; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


HEAVY = {"torch", "numpy", "scipy", "numba", "polars", "matplotlib", "cv2", "av", "rich", "jinja2"}


def test_front_door_imports_nothing() -> None:
    with_package = loaded_by("import asyconv")
    assert {name for name in with_package if name.startswith("asyconv")} == {"asyconv"}
    assert not with_package & HEAVY


def test_help_loads_nothing_heavy() -> None:
    code = """
from asyconv.cli.main import main
try:
    main(["--help"])
except SystemExit as stop:
    assert not stop.code
"""
    assert not loaded_by(code) & HEAVY


def test_status_loads_nothing_that_computes(tmp_path: Path) -> None:
    code = f"from asyconv.cli.main import main; main(['status', {str(tmp_path)!r}], standalone_mode=False)"
    assert not loaded_by(code) & {"torch", "scipy", "numba", "polars", "matplotlib", "cv2", "av"}


def test_a_recipe_loads_nothing_heavy() -> None:
    assert not loaded_by("import asyconv.training.recipe") & HEAVY


def test_analysis_loads_no_torch() -> None:
    code = "import asyconv.analysis, asyconv.analysis.tables.tables, asyconv.analysis.report.page"
    assert "torch" not in loaded_by(code, blocked=("torch",))


@pytest.mark.parametrize("module", ["simulation.simulate", "training.loop", "pipeline"])
def test_needs_no_package_that_gpu_hosts_lack(module: str) -> None:
    blocked = ("polars", "av", "pydantic", "dask", "distributed", "click", "rich")
    assert f"asyconv.{module}" in loaded_by(f"import asyconv.{module}", blocked=blocked)


def test_one_copy_of_every_module() -> None:
    loaded = loaded_by("import " + ", ".join(sorted(MODULES)))
    assert loaded >= MODULES
    assert not loaded & {"kernels", "analysis", "cli"}


GPU_HOST = """
import sys
from pathlib import Path
import numpy as np
import torch
from asyconv.pose.networks import AsymmetricRegression, Detection
from asyconv.recordings.oni_writer import OniWriter
from asyconv.pose.tracking import track
from asyconv.recordings.opening import open_recording
from asyconv.simulation.clips import make_clips
from asyconv.pose.model_file import Model, ModelSettings

path = Path(sys.argv[1])
with OniWriter(path, 640, 480, 30.0, hfov_rad=1.0, vfov_rad=0.8) as writer:
    for n in range(12):
        writer.write(np.full((480, 640), 700 + n, np.uint16), round(n * 1e6 / 30))
settings = ModelSettings(
    "asymmetric", 0.25, 60.0, 3.0, 3.0, 2.0, 0.9, (0.9,) * 12, 0.05, 13,
    (((0.0, 0.0),) * 12,) * 3, ((0.0, 0.0), (1.0, 1.0)),
)
model = Model("random", Detection(0.25).eval(), AsymmetricRegression(0.25).eval(), settings, {}, "")
with open_recording(path) as recording:
    assert track(recording, model).x_px.shape == (12, 12)
assert make_clips(1, 0, 1).depth.shape == (1, 3, 96, 128)
"""


def test_tracks_and_training_clips_without_the_packages_that_gpu_hosts_lack(tmp_path: Path) -> None:
    program = f"{without('polars', 'av', 'pydantic', 'dask', 'distributed', 'click', 'rich')}\n{GPU_HOST}"
    command = [sys.executable, "-c", program, str(tmp_path / "a.oni")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
