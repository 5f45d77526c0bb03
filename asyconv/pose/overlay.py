"""A video of the tracks: the skeleton frame by frame on black, with a bar of speed for every limb, time and notice.

The infant is not on it unless depth pictures are given. Frames keep the recording's own times to the millisecond, so
lost frames stay gaps. Joints are drawn where they are in the recording as stored; left and right are the infant's.
"""

import textwrap
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.notice import NOTICE
from asyconv.pose.depth_pictures import Picture, false_colours, frames_of, range_of
from asyconv.recordings.stream import Recording
from asyconv.skeleton import JOINTS, LIMBS
from asyconv.tracks import Tracks
from asyconv.tracks_check import check_stated
from asyconv.whole_files import whole_file

FORMS: Final = {".mp4": "mp4", ".mkv": "matroska"}
WIDTH_MIN_PX: Final = 640
BAR_LEFT_PX: Final = 96
BAR_RIGHT_PX: Final = 110
BAR_PX: Final = 10
ROW_PX: Final = 18
LINE_PX: Final = 14
TOP_MIN: Final = 60.0  # the bars' full length is at least this speed
SUBPIXEL: Final = 4  # bits of a pixel that are drawn

# BGR, light enough for black; left limbs have square joints, so that no side is told by colour alone
COLOURS: Final = {
    "right_arm": (233, 180, 86),
    "left_arm": (0, 159, 230),
    "right_leg": (160, 205, 70),
    "left_leg": (190, 140, 225),
}
INK: Final = (235, 235, 235)
FAINT: Final = (120, 120, 120)
TRUNK: Final = ("right_shoulder", "left_shoulder", "left_hip", "right_hip")

Floats = npt.NDArray[np.float64]


def write_overlay(
    tracks: Tracks,
    path: Path,
    speed: Floats,
    threshold: Floats,
    unit: str,
    *,
    depth: Recording | None = None,
    input_sha256: str | None = None,
) -> None:
    """Write the video to `path` (.mp4 or .mkv), whole or not at all.

    `speed` [F, 4] in `unit` belongs to the frames of `tracks`, NaN = not seen; `threshold` [4] is marked on the bars.
    With `depth`, the recording that the tracks were made from, its depth lies under the skeleton in false colours: the
    infant can be seen then. Another recording is refused, by its size, frames and times and, where `input_sha256` is
    known, by its bytes.
    """
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise InputError(
            f"{path.name}: expected a name that ends in {' or '.join(FORMS)}, found {path.suffix or 'none'}"
        )
    check_stated(tracks.meta, ("width_px", "height_px"), "tracks")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pictures = _on_black(tracks) if depth is None else _over_depth(tracks, depth, input_sha256)
        with whole_file(path) as part:
            _encode(part, form, tracks, _drawn(tracks, pictures, speed, threshold, unit))
    except OSError as error:
        raise InputError(f"{path}: the video cannot be written here ({error.strerror or error})") from error


def size_px(tracks: Tracks) -> tuple[int, int, int]:
    """Width and height of the video (even, as its coding needs), and how many of its pixels a native pixel is wide."""
    zoom = -(-WIDTH_MIN_PX // int(tracks.meta["width_px"]))
    width, height = (zoom * int(tracks.meta[side]) for side in ("width_px", "height_px"))
    height += (len(LIMBS) + 2) * ROW_PX + len(_notice(width)) * LINE_PX + 6
    return width + width % 2, height + height % 2, zoom


def full_speed(speed: Floats) -> float:
    """Speed of a bar at its full length: fixed for the whole video, what 99.5 % of the values stay below."""
    finite = speed[np.isfinite(speed)]
    return max(TOP_MIN, float(np.percentile(finite, 99.5))) if len(finite) else TOP_MIN


def _on_black(tracks: Tracks) -> Iterator[Picture]:
    for _ in tracks.frame:
        yield np.zeros((int(tracks.meta["height_px"]), int(tracks.meta["width_px"]), 3), np.uint8)


def _over_depth(tracks: Tracks, depth: Recording, input_sha256: str | None) -> Iterator[Picture]:
    """Depth pictures of the tracks' frames in false colours, on a scale that the first one fixes."""
    scale: tuple[float, float] | None = None
    for frame in frames_of(tracks, depth, input_sha256):
        scale = scale or range_of(frame.depth)
        yield false_colours(frame, *scale)


def _drawn(
    tracks: Tracks, pictures: Iterator[Picture], speed: Floats, threshold: Floats, unit: str
) -> Iterator[Picture]:
    width, height, zoom = size_px(tracks)
    top = full_speed(speed)
    panel = _panel(tracks, width, threshold, top, unit)
    xy = np.stack([tracks.x_px, tracks.y_px], axis=-1).astype(np.float64)
    at_px = (xy + 0.5) * zoom - 0.5
    for k, picture in enumerate(pictures):
        large = picture if zoom == 1 else np.repeat(np.repeat(picture, zoom, axis=0), zoom, axis=1)
        canvas = np.zeros((height, width, 3), np.uint8)
        canvas[: large.shape[0], : large.shape[1]] = large
        _skeleton(canvas, at_px[k])
        canvas[large.shape[0] :] = panel[: height - large.shape[0]]
        head = f"{tracks.time_s[k]:8.3f} s   frame {tracks.frame[k]}"
        _text(canvas, head, (10, large.shape[0] + ROW_PX - 4), 0.45)
        _bars(canvas[large.shape[0] + ROW_PX :], speed[k], top)
        yield canvas


def _skeleton(canvas: Picture, at_px: Floats) -> None:
    """Bones and joints that were found; the trunk as a faint outline."""
    seen: npt.NDArray[np.bool_] = np.asarray(np.isfinite(at_px).all(axis=-1))
    fixed = np.rint(np.where(seen[:, None], at_px, 0) * 2**SUBPIXEL).astype(int)
    trunk = [JOINTS.index(name) for name in TRUNK]
    bones = [(a, b, FAINT, 1) for a, b in zip(trunk, trunk[1:] + trunk[:1], strict=True)]
    for limb, joints in LIMBS.items():
        bones += [(a, b, COLOURS[limb], 3) for a, b in zip(joints, joints[1:], strict=False)]
    for a, b, colour, thick in bones:
        if seen[a] and seen[b]:
            cv2.line(canvas, tuple(fixed[a]), tuple(fixed[b]), colour, thick, cv2.LINE_AA, SUBPIXEL)
    for limb, joints in LIMBS.items():
        for joint in joints:
            if seen[joint]:
                _joint(canvas, fixed[joint], COLOURS[limb], square=limb.startswith("left"))


def _joint(canvas: Picture, at: npt.NDArray[np.int_], colour: tuple[int, int, int], *, square: bool) -> None:
    size = 5 * 2**SUBPIXEL
    if square:
        cv2.rectangle(canvas, tuple(at - size), tuple(at + size), colour, cv2.FILLED, cv2.LINE_AA, SUBPIXEL)
    else:
        cv2.circle(canvas, tuple(at), size, colour, cv2.FILLED, cv2.LINE_AA, SUBPIXEL)


def _panel(tracks: Tracks, width: int, threshold: Floats, top: float, unit: str) -> Picture:
    """What stands under every frame: names, scale, thresholds, whose tracks these are, the notice."""
    lines = _notice(width)
    panel = np.zeros(((len(LIMBS) + 2) * ROW_PX + len(lines) * LINE_PX + 8, width, 3), np.uint8)
    simulated = "SIMULATED, no infant   " if tracks.meta.get("simulated") else ""
    whose = _plain(f"{simulated}{tracks.meta.get('recording_id', '')}   {tracks.meta.get('model_name') or ''}")
    (text_px, _), _ = cv2.getTextSize(whose, cv2.FONT_HERSHEY_SIMPLEX, 0.4, 1)
    _text(panel, whose, (max(230, width - text_px - 10), ROW_PX - 4), 0.4)
    for row, limb in enumerate(LIMBS, 1):
        y = row * ROW_PX
        _text(panel, limb.replace("_", " "), (10, y + BAR_PX + 1), 0.42, COLOURS[limb])
        cv2.rectangle(panel, (BAR_LEFT_PX, y + 1), (width - BAR_RIGHT_PX, y + BAR_PX), (45, 45, 45), cv2.FILLED)
        if np.isfinite(threshold[row - 1]) and threshold[row - 1] < top:
            x = BAR_LEFT_PX + bar_px(float(threshold[row - 1]), top, width)
            cv2.line(panel, (x, y - 1), (x, y + BAR_PX + 2), INK, 1)
    foot = (len(LIMBS) + 1) * ROW_PX + 8
    scale = f"full bar {top:.0f} {unit}" + ("; mark: movement counts above it" if np.isfinite(threshold).any() else "")
    _text(panel, scale, (BAR_LEFT_PX, foot), 0.38, (170, 170, 170))
    for k, line in enumerate(lines, 1):
        _text(panel, line, (10, foot + 4 + k * LINE_PX), 0.38)
    return panel


def bar_px(speed: float, top: float, width: int) -> int:
    """Length of a bar in pixels of a video `width` wide; as long as it can be at `top` and above."""
    return round((width - BAR_RIGHT_PX - BAR_LEFT_PX) * min(speed / top, 1.0))


def _bars(canvas: Picture, speed: Floats, top: float) -> None:
    """Draw the bars of one frame on the rows of `canvas`, whose top is the first limb's."""
    width = canvas.shape[1]
    for row, (limb, value) in enumerate(zip(LIMBS, speed.tolist(), strict=True)):
        y = row * ROW_PX
        text = f"{value:.0f}" if np.isfinite(value) else "not seen"
        _text(canvas, text, (width - BAR_RIGHT_PX + 8, y + BAR_PX + 1), 0.42)
        if np.isfinite(value) and (length := bar_px(value, top, width)):
            right = BAR_LEFT_PX + length - 1
            cv2.rectangle(canvas, (BAR_LEFT_PX, y + 3), (right, y + BAR_PX - 2), COLOURS[limb], cv2.FILLED)


def _notice(width: int) -> list[str]:
    return textwrap.wrap(_plain(NOTICE.replace("\N{HORIZONTAL ELLIPSIS}", "...")), max(40, int(width / 6.9)))


def _plain(text: str) -> str:
    """`text` as the drawn font has it, which is ASCII; all else as ?."""
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in text)


def _text(canvas: Picture, text: str, at: tuple[int, int], size: float, colour: tuple[int, int, int] = INK) -> None:
    cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)


def _encode(path: Path, form: str, tracks: Tracks, pictures: Iterator[Picture]) -> None:
    """Code `pictures` as H.264 (MPEG-4 where PyAV lacks it), at the tracks' times in ms; the same bytes each time."""
    import av

    width, height, _ = size_px(tracks)
    codec, options = ("libx264", {"preset": "veryfast", "crf": "20", "bf": "0"})
    if codec not in av.codecs_available:
        codec, options = "mpeg4", {"q:v": "4"}
    rate = Fraction(float(tracks.meta.get("fps_measured_hz") or 30)).limit_denominator(1001)
    with av.open(str(path), "w", format=form, container_options={"fflags": "+bitexact"}) as container:
        container.metadata.update({"title": "asyconv overlay", "comment": NOTICE})
        stream: Any = container.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.thread_count = 1
        for picture, time_s in zip(pictures, tracks.time_s.tolist(), strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = round(time_s * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
