"""What OpenNI 2 itself plays from our files, where its library is installed (Debian: libopenni2-0)."""

import ctypes.util
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from asyconv.recordings.oni_writer import OniWriter
from asyconv.recordings.opening import open_recording
from tests.helpers.real_data import ROOT, shared_data


def library() -> str:
    """Name of the OpenNI 2 library; the test is skipped where it is not installed."""
    folder = os.environ.get("OPENNI2_REDIST64")
    name = str(Path(folder, "libOpenNI2.so.0")) if folder else ctypes.util.find_library("OpenNI2")
    if name is None:
        pytest.skip("OpenNI 2 is not installed (Debian package libopenni2-0)")
    return name


def played(name: str, path: Path, frames: int) -> list[str]:
    player = ROOT / "tests" / "helpers" / "openni2_player.py"
    command = [sys.executable, str(player), name, str(path), str(frames)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout.splitlines()


def ours(path: Path) -> list[str]:
    recording = open_recording(path)
    lines = [str(int(bool(recording.mirrored)))]
    for frame in recording.frames():
        digest = hashlib.sha256(frame.depth.astype("<u2").tobytes()).hexdigest()
        lines.append(f"{frame.number} {round(frame.time_s * 1e6)} {digest}")
    return lines


@pytest.mark.parametrize(("mirrored", "simulated"), [(True, True), (False, False)])
def test_openni_2_plays_what_we_write_bit_for_bit(tmp_path: Path, mirrored: bool, simulated: bool) -> None:
    openni2 = library()
    rng = np.random.default_rng(1)
    path = tmp_path / "a.oni"
    with OniWriter(path, 620, 480, 30, hfov_rad=1.0, vfov_rad=0.8, mirrored=mirrored, simulated=simulated) as writer:
        for number in range(20):  # from flat to rough, so that every kind of code is used
            steps = rng.integers(-number, number + 1, (480, 620)) * (rng.random((480, 620)) < number / 20)
            depth = (1000 + np.cumsum(steps, axis=1) % 9000).astype(np.uint16)
            depth[rng.random((480, 620)) < 0.1] = 0
            writer.write(depth, number * 33_333 + 100_000 * (number > 10))
    lines = played(openni2, path, 20)
    assert len(lines) == 21
    assert lines == ours(path)


def test_openni_2_and_we_read_the_real_recording_alike() -> None:
    path = shared_data("openni_oni") / "openni2_depth_only_finalised.oni"
    assert played(library(), path, 12) == ours(path)
