"""Simulated infants as recordings with their truth.

`simulate` writes `OUT/<name>.oni` (or .mkv) for `asyconv process` to find, and the truth into `OUT/truth/<name>/`,
which it does not look into: joints, moving mask, strokes, babyPose-style annotations. Everything here is simulated.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.recordings.oni_writer import OniWriter
from asyconv.recordings.stream import Intrinsics
from asyconv.recordings.video import write_ffv1
from asyconv.simulation.body import Array
from asyconv.simulation.driven import TOO_FAR_S, JointMotion, driven_body, read_joint_motion
from asyconv.simulation.frames import Progress, frames_of, told_of
from asyconv.simulation.infant import FOCAL_PX, FPS_HZ, HEIGHT_PX, HFOV_RAD, VFOV_RAD, WIDTH_PX, Infant, frame_times
from asyconv.simulation.scene import DRIVEN_INFANT, VARIED_INFANT, Condition, Conditions, make_infant
from asyconv.simulation.truth import truth_of
from asyconv.simulation.truth_files import make_truth_folder, write_truth
from asyconv.skeleton import JOINTS
from asyconv.whole_files import whole_file


def simulate(
    out: Path,
    infants: int,
    seconds: float,
    seed: int,
    *,
    motion: Path | None = None,
    fmt: str = "oni",
    condition: Condition | Conditions = VARIED_INFANT,
    progress: Progress = lambda done, total: None,
) -> list[Path]:
    """Write `infants` simulated recordings of `seconds` into `out`, with their truth; give the recordings' paths.

    `motion` names a tracks file or a sheet of labels whose joints the infants follow, with a body fitted to them.
    Joints that it does not give at some time count as hidden, and the infants are `scene.DRIVEN_INFANT`.
    """
    if infants < 1 or seconds < 0.1:
        raise InputError(f"simulation: expected at least 1 infant and 0.1 s, got {infants} and {seconds:g} s")
    if fmt not in ("oni", "mkv"):
        raise InputError(f"simulation: expected format oni or mkv, got {fmt!r}")
    time_s = frame_times(seconds)
    driven = None if motion is None else _motion_of(motion, time_s)
    if driven is not None:
        condition = DRIVEN_INFANT
    body = None if driven is None else partial(driven_body, driven, time_s)
    make_truth_folder(out)
    paths = []
    for number in range(infants):
        infant = make_infant(seed, number, time_s, body=body, condition=condition)
        path = out / f"simulated-{seed}-{number:03d}.{fmt}"
        visible = write_recording(infant, path, told_of(progress, number * len(time_s), infants * len(time_s)))
        if driven is not None:
            visible &= driven.is_given(time_s)
        write_truth(truth_of(infant, visible), infant, out / "truth" / path.stem)
        paths.append(path)
    return paths


def _motion_of(path: Path, time_s: Array) -> JointMotion:
    """Joints of a file that cover `time_s`."""
    motion = read_joint_motion(path)
    if motion.time_s[-1] < time_s[-1] - TOO_FAR_S:
        raise InputError(
            f"{path.name}: expected joints for {time_s[-1]:g} s, found {motion.time_s[-1]:g} s; simulate fewer seconds"
        )
    return motion


def write_recording(infant: Infant, path: Path, tell: Callable[[int], None]) -> npt.NDArray[np.bool_]:
    """Write one recording (under its final name only when whole); give the visibility [N, 12]."""
    seen = np.zeros((len(infant.motion.time_s), len(JOINTS)), bool)

    def depths() -> Iterator[npt.NDArray[np.uint16]]:
        for index, depth, visible in frames_of(infant):
            seen[index] = visible
            tell(index + 1)
            yield depth

    with whole_file(path) as part:
        if path.suffix == ".oni":
            with OniWriter(
                part, WIDTH_PX, HEIGHT_PX, FPS_HZ, hfov_rad=HFOV_RAD, vfov_rad=VFOV_RAD, simulated=True
            ) as writer:
                for index, depth in enumerate(depths()):
                    writer.write(depth, round(index * 1e6 / FPS_HZ))
        else:
            camera = Intrinsics(FOCAL_PX, FOCAL_PX, (WIDTH_PX - 1) / 2, (HEIGHT_PX - 1) / 2, "file")
            write_ffv1(part, depths(), FPS_HZ, simulated=True, depth_unit_mm=1.0, mirrored=False, intrinsics=camera)
    return seen
