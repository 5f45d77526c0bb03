"""The repository itself: links, settings, commands and words that must stay as they are."""

import re
import subprocess
import tomllib
from typing import Any

import pytest

import asyconv
from asyconv.notice import NOTICE
from tests.helpers.real_data import ROOT

LINKS = {
    "__init__.py": "../../asyconv/__init__.py",
    "kernels": "../../kernels",
    "analysis": "../../analysis",
    "cli": "../../cli",
}


@pytest.fixture
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))


def test_type_checkers_see_the_installed_shape() -> None:
    links = ROOT / ".links" / "asyconv"
    assert {path.name: str(path.readlink()) for path in links.iterdir()} == LINKS


def test_only_lower_bounds(project: dict[str, Any]) -> None:
    extras = project["project"]["optional-dependencies"]
    bounds = project["project"]["dependencies"] + [bound for extra in extras.values() for bound in extra]
    assert all(re.fullmatch(r"[A-Za-z0-9-]+>=[0-9.]+(; .+)?", bound) for bound in bounds), bounds


def test_one_opencv_and_it_needs_no_display(project: dict[str, Any]) -> None:
    names = [bound.split(">=")[0] for bound in project["project"]["dependencies"]]
    assert [name for name in names if name.startswith("opencv")] == ["opencv-python-headless"]


def test_constraints_are_bare_versions() -> None:
    lines = (ROOT / "constraints" / "py311-cpu.txt").read_text(encoding="utf8").splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9A-Za-z.]+", line) for line in lines), lines
    assert "torch==2.13.0" in lines


def test_constraints_name_every_dependency(project: dict[str, Any]) -> None:
    lines = (ROOT / "constraints" / "py311-cpu.txt").read_text(encoding="utf8").lower().splitlines()
    fixed = {line.split("==")[0] for line in lines}
    wanted = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["dev"]
    assert {bound.split(">=")[0] for bound in wanted} - {"setuptools"} <= fixed


def test_make_prints_its_commands_in_a_path_with_a_space() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf8")
    assert "$(CURDIR)" not in makefile
    assert "abspath" not in makefile
    for target in ("setup", "docs", "dist", "browser", "demo", "test", "fuzz", "lint", "gpu-check", "bench"):
        done = subprocess.run(
            ["make", "--no-print-directory", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert str(ROOT) not in done.stdout


def test_the_notice_is_whole() -> None:
    assert NOTICE.startswith("For research use only. Not a medical device;")
    assert NOTICE.endswith("do not replace the General Movements Assessment or clinical examination.")


def test_version_has_three_numbers() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", asyconv.__version__)
