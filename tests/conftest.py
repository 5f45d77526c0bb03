"""Fixtures and settings that every test shares."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.helpers.commands import invoke

hypothesis.settings.register_profile("default", deadline=None)
hypothesis.settings.register_profile("fuzz", deadline=None, max_examples=5000)
hypothesis.settings.load_profile(os.environ.get("ASYCONV_HYPOTHESIS", "default"))

# Relative and absolute tolerance by dtype, for one operation on values near 1. A 3x3 convolution over 64
# channels sums 576 rounded terms (units 2e-16 and 6e-8, errors partly cancelling); the half types sum in
# float32 and are rounded on the way in and out (5e-4 and 4e-3 each).
TOLERANCES: dict[str, dict[str, float]] = {
    "float64": {"rtol": 1e-12, "atol": 1e-12},
    "float32": {"rtol": 1e-5, "atol": 1e-5},
    "float16": {"rtol": 2e-3, "atol": 2e-3},
    "bfloat16": {"rtol": 1.6e-2, "atol": 1.6e-2},
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that asks for ``device`` on the CPU, and on CUDA where there is one."""
    if "device" in metafunc.fixturenames:
        import torch  # only suites that need it pay for it

        metafunc.parametrize("device", ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"])


@pytest.fixture
def tolerance() -> Callable[[object], dict[str, float]]:
    """``tolerance(dtype)`` gives ``{"rtol", "atol"}`` for a torch or numpy dtype."""
    return lambda dtype: TOLERANCES[str(dtype).removeprefix("torch.")]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a model file of the compact shape whose weights are random."""
    import torch

    from asyconv.pose.model_file import save_model
    from asyconv.pose.networks import AsymmetricRegression, Detection
    from tests.helpers.model_files import SETTINGS

    settings = replace(
        SETTINGS, width=0.25, depth_scale_mm=60.0, joint_threshold=0.9, presence_thresholds=(0.9,) * 12,
        position_bias_map=tuple(((0.0, 0.0),) * 12 for _ in range(3)), confidence_knots=((0.0, 0.0), (1.0, 1.0)),
    )  # fmt: skip
    path = tmp_path_factory.mktemp("model") / "random.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_model(path, Detection(0.25), AsymmetricRegression(0.25), {"name": "random", "settings": settings})
    return path


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulate two infants for 0.6 s each."""
    out = tmp_path_factory.mktemp("simulated") / "recordings"
    result = invoke("simulate", out, "--infants", 2, "--seconds", 0.6, "--seed", 5)
    assert result.exit_code == 0, result.output
    assert [Path(line).parent for line in result.stdout.splitlines()] == [out, out]
    return out


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where results go; nothing is there yet."""
    return tmp_path / "out"


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser for the whole run; tests that ask for it skip where there is none."""
    from tests.helpers.browser import launched  # only suites that need it pay for it

    with launched(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser
