"""A recording in another lossless format: written, read back, and compared bit by bit before it takes its name."""

import hashlib
import math
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from asyconv.errors import InputError
from asyconv.recordings.oni_writer import OniWriter
from asyconv.recordings.opening import open_recording
from asyconv.recordings.png_folder import write_png_folder
from asyconv.recordings.png_times import TIMES_FILES
from asyconv.recordings.stream import Frame, Intrinsics, Recording
from asyconv.recordings.video import write_ffv1
from asyconv.system import move, sync
from asyconv.whole_files import UNFINISHED

ENDINGS: Final = (".oni", ".mkv", "")
"""OpenNI, FFV1 in Matroska, and a folder of PNG pictures."""

CENTRE_PX: Final = 0.51
"""An .oni file states angles of view, so its axis passes the middle of the picture; a centre farther off is lost."""

Told = Callable[[int, int | None], None]


def convert(recording: Recording, out: Path, progress: Told) -> list[str]:
    """Write all whole frames of `recording` as `out`; give sentences about what the new format cannot hold.

    The format follows the ending of `out`: .oni, .mkv, or none for a folder of pictures. What lies at `out` already is
    replaced. Raises InputError where the format cannot hold the depths, or what was read back differs.
    """
    part = out.with_name(f".{out.stem[:40]}.{uuid.uuid4().hex[:8]}{UNFINISHED}{out.suffix}")
    written = hashlib.sha256()
    try:
        lost = _write(recording, part, _hashed(recording.frames(), written, recording.frame_count, progress))
        fps_hz = None if recording.clock().measured else recording.clock().rate_hz
        read = hashlib.sha256()
        with open_recording(part, depth_unit_mm=recording.depth_unit_mm, fps_hz=fps_hz) as copy:
            for _ in _hashed(copy.frames(), read, copy.frame_count, progress):
                pass
        if read.digest() != written.digest():
            raise InputError(f"{out.name}: expected the same depths when read back, found others; nothing was written")
        sync(part)
        if out.is_dir():
            shutil.rmtree(out)
        move(part, out)
    finally:
        shutil.rmtree(part) if part.is_dir() else part.unlink(missing_ok=True)
    return lost


def _hashed(frames: Iterable[Frame], digest: "hashlib._Hash", total: int | None, progress: Told) -> Iterator[Frame]:
    """Pass frames on, their depths into `digest`."""
    for count, frame in enumerate(frames, start=1):
        digest.update(frame.depth.tobytes())
        progress(count, total)
        yield frame


def _write(recording: Recording, part: Path, frames: Iterator[Frame]) -> list[str]:
    if part.suffix == ".oni":
        return _write_oni(recording, part, frames)
    if part.suffix == ".mkv":
        write_ffv1(
            part, frames, recording.clock().rate_hz, recording.simulated,
            depth_unit_mm=recording.depth_unit_mm, mirrored=recording.mirrored, intrinsics=recording.intrinsics,
        )  # fmt: skip
        return ["Matroska keeps times to the millisecond"]
    return _write_pictures(recording, part, frames)


def _write_oni(recording: Recording, part: Path, frames: Iterator[Frame]) -> list[str]:
    unit_mm, camera, lost = recording.depth_unit_mm, recording.intrinsics, []
    if unit_mm is None:
        raise InputError(
            f"{recording.path.name}: an .oni file states what a count is, and this recording does not; state it "
            "(--depth-unit-mm)"
        )
    if unit_mm not in (1.0, 0.1):
        raise InputError(
            f"{recording.path.name}: an .oni file holds counts of 1 or 0.1 mm, found {unit_mm:g}; give an .mkv file"
        )
    if camera is None:
        lost.append("the intrinsics are not stated")
    elif not _is_centred(camera, recording):
        lost.append("the place of the optical axis is lost: an .oni file has it in the middle of the picture")
    if recording.mirrored is None:
        lost.append("whether the picture is mirrored is not stated; the new file says it is not")
    with OniWriter(
        part, recording.width_px, recording.height_px, recording.clock().rate_hz,
        hfov_rad=None if camera is None else _fov_rad(recording.width_px, camera.fx_px),
        vfov_rad=None if camera is None else _fov_rad(recording.height_px, camera.fy_px),
        mirrored=bool(recording.mirrored), simulated=recording.simulated, depth_unit_mm=unit_mm,
    ) as writer:  # fmt: skip
        for frame in frames:
            writer.write(frame.depth, round(frame.time_s * 1e6))
    return lost


def _is_centred(camera: Intrinsics, recording: Recording) -> bool:
    middle_px = ((recording.width_px - 1) / 2, (recording.height_px - 1) / 2)
    return max(abs(camera.cx_px - middle_px[0]), abs(camera.cy_px - middle_px[1])) <= CENTRE_PX


def _fov_rad(side_px: int, focal_px: float) -> float:
    return 2 * math.atan(side_px / (2 * focal_px))


def _write_pictures(recording: Recording, part: Path, frames: Iterator[Frame]) -> list[str]:
    """Pictures with a file of times beside them; without a clock their numbers count frames, as they were read."""
    clock = recording.clock()
    lost = ["pictures state no unit of depth and no camera: state both when they are processed"]
    times: list[str] = []

    def numbered() -> Iterator[Frame]:
        for frame in frames:
            times.append(f"{frame.number},{round(frame.time_s * 1e6)}\n")
            counted = round(frame.time_s * clock.rate_hz) + 1
            yield frame if clock.measured else replace(frame, number=counted)

    write_png_folder(part, numbered(), simulated=recording.simulated)
    if clock.measured:
        (part / TIMES_FILES[0]).write_text("frame,timestamp_us\n" + "".join(times), encoding="utf8")
    else:
        lost.append(f"the recording has no times: state {clock.rate_hz:g} frames a second for the pictures, too")
    return lost
