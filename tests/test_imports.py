"""What stays light, and what must run on a computer that lacks some packages."""

import importlib
import sys
from pathlib import Path

import pytest

from tests.helpers.blocked import without
from tests.helpers.commands import python
from tests.helpers.real_data import ROOT
from tests.house import FILES, names, room_of

LIGHT = {"click", "asyconv", "asyconv.cli", "asyconv.errors", "asyconv.notice", *sys.stdlib_module_names}
LIGHT |= {"asyconv.signals", "asyconv.skeleton", "asyconv.words", "asyconv.simulation.seeds"}
LIGHT |= {"asyconv.exchange", "asyconv.exchange.formats"}
"""All that a file of `cli` may import while it is itself imported."""


def test_commands_import_heavy_packages_only_inside() -> None:
    wrong = []
    for path in sorted((ROOT / "cli").rglob("*.py")):
        for line, name in names(path, top_level_only=True):
            light = name in LIGHT or (room_of(name) == "cli" if name in FILES else name.split(".")[0] in LIGHT)
            if not light:
                wrong.append(f"cli/{path.name}:{line}: imports {name} at import time")
    assert not wrong, "\n".join(wrong)


def loaded_by(code: str, *, blocked: tuple[str, ...] = ()) -> set[str]:
    """Names in ``sys.modules`` after `code` ran in a fresh interpreter that lacks the packages `blocked`."""
    program = f"{without(*blocked)}\n{code}\nimport sys; print('\\n'.join(sys.modules))"
    done = python("-c", program)
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


def test_inference_loads_no_compiler() -> None:
    code = """
import torch
from asyconv.pose.networks import AsymmetricRegression, folded
with torch.inference_mode():
    folded(AsymmetricRegression(0.25))(torch.zeros(1, 21, 3, 8, 8))
"""
    loaded = loaded_by(code)
    assert "asyconv.kernels.cascade" in loaded
    assert "torch._dynamo" not in loaded


def test_an_empty_folder_is_refused_before_anything_that_computes_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code = f"""
from asyconv.cli.main import main
try:
    main(["process", {str(tmp_path / "empty")!r}, "-o", {str(tmp_path / "results")!r}])
except SystemExit as stop:
    assert stop.code == 1
"""
    assert not loaded_by(code) & {"torch", "scipy", "numba", "polars", "matplotlib", "cv2", "av"}


def test_a_recipe_loads_nothing_heavy() -> None:
    assert not loaded_by("import asyconv.training.recipe") & HEAVY


@pytest.mark.parametrize("module", ["simulation.simulate", "training.loop"])
def test_needs_no_package_that_gpu_hosts_lack(module: str) -> None:
    blocked = ("polars", "av", "pydantic", "dask", "distributed", "click", "rich")
    assert f"asyconv.{module}" in loaded_by(f"import asyconv.{module}", blocked=blocked)


def test_one_copy_of_every_module() -> None:
    loaded = loaded_by("import " + ", ".join(sorted(FILES)))
    assert loaded >= set(FILES)
    assert not loaded & {"kernels", "analysis", "cli"}


@pytest.mark.parametrize(
    ("front", "name"),
    [
        ("asyconv.recording", "open_recording"),
        ("asyconv.pipeline", "track"),
        ("asyconv.weights", "load_model"),
        ("asyconv.networks", "AsymmetricRegression"),
        ("asyconv.networks", "Regression3d"),
        ("asyconv.networks", "Detection"),
        ("asyconv.analysis", "analyse"),
        ("asyconv.analysis.report", "write_report"),
        ("asyconv.kernels", "asymmetric_cascade"),
        ("asyconv.kernels", "asymmetric_cascade_heads"),
    ],
)
def test_public_names_stay_where_they_are(front: str, name: str) -> None:
    assert callable(getattr(importlib.import_module(front), name))


GPU_HOST = """
import sys
from pathlib import Path
import numpy as np
import torch
from asyconv.networks import AsymmetricRegression, Detection
from asyconv.recordings.oni_writer import OniWriter
from asyconv.pipeline import track
from asyconv.recording import open_recording
from asyconv.simulation.clips import make_clips
from asyconv.pose.model_card import ModelSettings
from asyconv.weights import Model

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
    done = python("-c", program, tmp_path / "a.oni")
    assert done.returncode == 0, done.stderr
