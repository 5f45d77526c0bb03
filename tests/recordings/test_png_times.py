"""Times of the pictures of a folder: in their names, or in a file beside them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from asyconv.errors import InputError
from asyconv.recordings.opening import open_recording
from tests.helpers.png_folders import named, times_of

TRUE_S = [0.0, 0.033, 0.067, 0.1, 0.133, 0.233]  # two frames are lost


@pytest.mark.parametrize(
    "name",
    [
        lambda t: f"{round(1_617_183_746e6 + t * 1e6)}.png",
        lambda t: f"depth_{round(1_617_183_746e3 + t * 1e3)}.png",
        lambda t: f"{1_617_183_746 + t:.6f}.png",
        lambda t: f"{round(t * 1e3)}.png",
        lambda t: f"frame_{round(t * 30):05d}_{round(t * 1e6)}.png",
    ],
    ids=["us", "ms", "s", "ms from 0", "number and us"],
)
def test_numbers_that_are_clearly_times_are_times(tmp_path: Path, name: Callable[[float], str]) -> None:
    """They were read as frame numbers: a step of 33,333 us was a gap of 18 minutes."""
    recording = open_recording(named(tmp_path / "a", [name(t) for t in TRUE_S]))
    assert times_of(recording) == pytest.approx(TRUE_S, abs=1e-6)
    assert recording.clock().rate_hz == pytest.approx(30, rel=0.01)
    assert recording.clock().measured
    assert recording.warnings == []


@pytest.mark.parametrize("numbers", [[1, 6, 11, 16], [0, 20, 40, 60, 100], [1, 2, 3, 4], [7]])
def test_numbers_in_equal_steps_are_no_times(tmp_path: Path, numbers: list[int]) -> None:
    folder = named(tmp_path / "a", [f"{n}.png" for n in numbers])
    with pytest.raises(InputError, match="state the frame rate"):
        open_recording(folder)
    assert times_of(open_recording(folder, fps_hz=10)) == pytest.approx([(n - numbers[0]) / 10 for n in numbers])


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("timestamps.csv", "frame,timestamp_us\n" + "".join(f"{n},{round(t * 1e6)}\n" for n, t in enumerate(TRUE_S))),
        ("timestamps.csv", "file;time_ms\n" + "".join(f"d/{n}.png;{t * 1e3:.1f}\n" for n, t in enumerate(TRUE_S))),
        ("timestamps.txt", "# seconds\n" + "".join(f"{1e9 + t:.4f}\n" for t in TRUE_S)),
        ("timestamps.txt", "".join(f"{round(1.6e18 + t * 1e9)} {n}.png\n" for n, t in enumerate(TRUE_S))),
        (
            "Timestamps.csv",
            "index,color_timestamp,depth_timestamp\n" + "".join(f"{n},0,{t}\n" for n, t in enumerate(TRUE_S)),
        ),
    ],
)
def test_a_file_of_times_beside_the_pictures_is_read(tmp_path: Path, file: str, text: str) -> None:
    """It was passed over, and the numbers taken to be frames at 30 a second."""
    folder = named(tmp_path / "a", [f"{n}.png" for n in range(6)], text, file)
    recording = open_recording(folder)
    assert times_of(recording) == pytest.approx(TRUE_S, abs=1e-3)
    assert recording.clock().measured
    other = named(tmp_path / "b", [f"{n}.png" for n in range(6)], text + "# later\n", file)
    assert open_recording(other).sha256 != recording.sha256  # the times belong to the recording


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a time for each picture, found lines of different length or none"),
        ("1\n2\n", "expected a time for each of 6 pictures, found 2"),
        ("0,0.0\n1,0.1\n2,0.2\n3,0.3\n4,0.4\n", "found none of 5.png"),
        ("a,b\n" + "a,b\n" * 6, "expected a column of times"),
        ("1,2\n3\n", "found lines of different length or none"),
        ("time\n" + "soon\n" * 6, "expected a number as time, found 'soon'"),
        ("1,2,3\n" * 6, "expected a column of times"),
        ("5\n" * 6, "expected time stamps that rise from frame to frame"),
    ],
)
def test_a_file_of_times_that_does_not_fit_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        open_recording(named(tmp_path / "a", [f"{n}.png" for n in range(6)], text))
