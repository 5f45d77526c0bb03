"""How OpenMP's threads wait in the processes that asyconv starts."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest
import torch

from asyconv.night.child import Child
from asyconv.openmp import SPINS, wait_briefly
from tests.helpers.made_work import echo_task
from tests.helpers.real_data import ROOT

CHOSEN = {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        ({}, {"GOMP_SPINCOUNT": SPINS}),
        ({"GOMP_SPINCOUNT": "7"}, {"GOMP_SPINCOUNT": "7"}),
        ({"OMP_WAIT_POLICY": "active"}, {"OMP_WAIT_POLICY": "active"}),
    ],
)
def test_what_the_user_has_set_stands(stated: Mapping[str, str], found: Mapping[str, str]) -> None:
    environment = dict(stated)
    wait_briefly(environment)
    assert environment == found


@pytest.mark.skipif(
    not list(Path(torch.__file__).parent.glob("lib/libgomp*")), reason="torch comes with another OpenMP than libgomp"
)
@pytest.mark.parametrize(("stated", "found"), [({}, SPINS), ({"GOMP_SPINCOUNT": "7"}, "7")])
def test_a_command_sets_it_before_torch_loads_the_library(stated: Mapping[str, str], found: str) -> None:
    inherited = {name: value for name, value in os.environ.items() if name not in CHOSEN}
    done = subprocess.run(
        [sys.executable, "-m", "asyconv.cli.main", "bench", "explain", "--device", "cpu"],
        env={**inherited, "OMP_DISPLAY_ENV": "VERBOSE", **stated}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"GOMP_SPINCOUNT = '{found}'" in done.stderr


def test_a_child_has_it_whoever_starts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CHOSEN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    child = Child({})
    try:
        assert psutil.Process(child.run(echo_task())["pid"]).environ()["GOMP_SPINCOUNT"] == SPINS
    finally:
        child.close()
