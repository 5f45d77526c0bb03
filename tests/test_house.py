"""The house: no room takes what it must not, no module imports in a circle, and each room knows few packages."""

import pytest

from tests.helpers.real_data import ROOT
from tests.house import FILES, MAY_TAKE, PACKAGES, Import, circle, imports, main, names, room_of, wrong_arrows

NEVER = {
    "kernels": {"click", "rich", "polars", "av", "cv2", "jinja2", "matplotlib"},
    "asyconv": {"click", "rich", "jinja2", "matplotlib", "cupy"},
    "analysis": {"click", "rich", "torch", "cupy", "av", "cv2"},
    "cli": {"cupy"},
}
"""Packages that no file of a top folder imports; a bare ``import kernels`` would load a second copy of ours."""


def test_no_arrow_turns_back() -> None:
    wrong = wrong_arrows(imports())
    assert not wrong, "\n".join(wrong)


def test_no_circle() -> None:
    assert not circle(imports())


@pytest.mark.parametrize(
    ("module", "target"),
    [
        ("asyconv.kernels.cascade", "asyconv.tracks"),
        ("asyconv.tracks", "asyconv.recordings.stream"),
        ("asyconv.pose.clips", "asyconv.analysis.tables.tables"),
        ("asyconv.pose.tracking", "asyconv.simulation.scene"),
        ("asyconv.labels.clip_set", "asyconv.training.recipe"),
        ("asyconv.night.batch", "asyconv.pose.geometry"),
        ("asyconv.pose.tracking", "asyconv.recording"),
        ("asyconv.analysis.series.floor", "asyconv.pose.networks"),
        ("asyconv.analysis.series.floor", "asyconv.kernels.reference"),
        ("asyconv.analysis.series.floor", "asyconv.tracks_file"),
        ("asyconv.analysis.series.floor", "asyconv.analysis.measures.gates"),
        ("asyconv.analysis.report.page", "asyconv.analysis.evaluation.gain"),
    ],
)
def test_a_wrong_arrow_is_seen(module: str, target: str) -> None:
    assert {module, target} <= set(FILES)
    assert wrong_arrows([Import(module, 1, target)])


def test_a_circle_is_seen() -> None:
    a, b = Import("asyconv.tracks", 1, "asyconv.errors"), Import("asyconv.errors", 1, "asyconv.tracks")
    assert set(circle([a, b])) == {"asyconv.tracks", "asyconv.errors"}


def test_every_folder_is_a_room() -> None:
    assert {room_of(module) for module in FILES} == set(MAY_TAKE)


@pytest.mark.parametrize("folder", PACKAGES)
def test_packages(folder: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}, line {line}: imports {name}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, name in names(path)
        if name.split(".")[0] in NEVER[folder] | {"kernels", "analysis", "cli"}
    ]
    assert not wrong, "\n".join(wrong)


def test_no_test_file_is_imported() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}, line {line}: imports {name}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for line, name in names(path)
        if name.startswith("tests.") and any(part.startswith("test_") for part in name.split("."))
    ]
    assert not wrong, "\n".join(wrong)


def test_the_tree_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    printed = capsys.readouterr().out
    assert all(line in printed for line in ("asyconv/pose ", "<- kernels, asyconv, asyconv/recordings\n"))
