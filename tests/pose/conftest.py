"""A small model file, and the simulated film that tracking is tested on."""

from pathlib import Path

import pytest

from asyconv.pose.model_file import Model, load_model, save_model
from asyconv.simulation.infant import Infant
from asyconv.simulation.scene import BARE, make_infant
from asyconv.simulation.seeds import TEST_SEED
from tests.helpers.films import TIME_S
from tests.helpers.model_files import CARD, networks


@pytest.fixture(scope="session")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_model(path, *networks(), CARD)
    return path.read_bytes()


@pytest.fixture
def saved(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "tiny.safetensors"
    path.write_bytes(content)
    return path


@pytest.fixture(scope="session")
def model() -> Model:
    return load_model("compact")


@pytest.fixture(scope="session")
def infant() -> Infant:
    return make_infant(TEST_SEED, 3, TIME_S, condition=BARE)
