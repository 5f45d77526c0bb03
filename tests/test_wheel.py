"""The wheel holds exactly the files of the four folders, under their installed names."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

from tests.helpers.real_data import ROOT

FOLDERS = {
    "asyconv": "asyconv",
    "kernels": "asyconv/kernels",
    "analysis": "asyconv/analysis",
    "cli": "asyconv/cli",
}


def copy_sources(target: Path) -> None:
    """Copy what a build reads, so that it leaves nothing behind in the checkout."""
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    for name in ("pyproject.toml", "LICENSE", "README.md"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, target / name)


def build_wheel(source: Path, out: Path) -> set[str]:
    """Names in the wheel built from `source`, its own metadata left out."""
    program = f"from setuptools import build_meta; build_meta.build_wheel({str(out)!r})"
    done = subprocess.run([sys.executable, "-c", program], cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(out.glob("*.whl"))) as wheel:
        return {name for name in wheel.namelist() if ".dist-info/" not in name}


def expected_files(source: Path) -> set[str]:
    """Every file of the four folders under its installed name, whatever its suffix and depth."""
    return {
        f"{installed}/{path.relative_to(source / folder).as_posix()}"
        for folder, installed in FOLDERS.items()
        for path in (source / folder).rglob("*")
        if path.is_file()
    }


def test_wheel_holds_every_source_file_but_those_of_a_folder_that_is_not_listed(tmp_path: Path) -> None:
    source = tmp_path / "source"
    copy_sources(source)
    (source / "kernels" / "probe.cu").write_text("// a kernel\n")
    expected = expected_files(source)
    assert {"asyconv/kernels/probe.cu", "asyconv/cli/main.py", "asyconv/py.typed"} <= expected
    (source / "analysis" / "deep").mkdir()
    (source / "analysis" / "deep" / "module.py").write_text("")
    assert build_wheel(source, tmp_path) == expected


def test_every_folder_of_code_is_listed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))
    folders = {
        ".".join([*installed.split("/"), *path.parent.relative_to(ROOT / folder).parts])
        for folder, installed in FOLDERS.items()
        for path in (ROOT / folder).rglob("*.py")
    }
    of_data = {"asyconv.pose.models", "asyconv.labelling.page"}  # a build warns of data in folders that are not listed
    assert set(project["tool"]["setuptools"]["packages"]) == folders | of_data
