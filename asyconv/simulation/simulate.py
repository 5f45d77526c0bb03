"""Simulated infants as real recordings with their truth, and as clips for training.

`simulate` writes `OUT/<name>.oni` (or .mkv) for `asyconv process` to find, and the truth into `OUT/truth/<name>/`,
which it does not look into: joints, moving mask, strokes, babyPose-style annotations. Everything here is simulated.
"""

import importlib.util
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.labels.label_sheets import cells_of, write_label_sheet
from asyconv.pose.clips import CLIP_FRAMES, SPACING_S
from asyconv.pose.geometry import MAP_HEIGHT, MAP_WIDTH, MapGeometry
from asyconv.recordings.finding import IGNORE_FILE
from asyconv.recordings.stream import Intrinsics
from asyconv.simulation.body import Array
from asyconv.simulation.motion import LIMB_ORDER
from asyconv.simulation.scene import (
    AS_DRAWN,
    FOCAL_PX,
    FPS_HZ,
    HEIGHT_PX,
    HFOV_RAD,
    VFOV_RAD,
    WIDTH_PX,
    Condition,
    Infant,
    make_infant,
    project,
    sensed_depth,
    true_depth,
    visible_joints,
)
from asyconv.skeleton import JOINTS, LIMBS
from asyconv.tracks import DEPTH_SOURCES, SCHEMA_VERSION, Tracks
from asyconv.tracks_file import read_tracks

TRAIN_SEED: Final = 20210001
TUNE_SEED: Final = 20210002
TEST_SEED: Final = 20210003
"""Infants of these seeds serve training, tuning with calibration, and test; they never mix."""

LABEL_NOISE_PX: Final = 2.8  # click noise per axis of the babyPose labels, paper.md 13.5
STILL_MM_S, MOVING_MM_S, SHORTEST_S, PAUSE_S = 10.0, 20.0, 0.2, 0.3  # movement.md 2.5 at a floor of zero


@dataclass(frozen=True)
class Truth:
    """What is true of a simulated recording: native px [N, 12, 2], camera mm [N, 12, 3], visibility, moving mask."""

    frame: npt.NDArray[np.int32]
    time_s: Array
    xy_px: Array
    camera_mm: Array
    visible: npt.NDArray[np.bool_]
    speed_mm_s: Array  # [N, 4], endpoint against its root
    moving: npt.NDArray[np.bool_]  # [N, 4]


def frames_of(infant: Infant) -> Iterator[tuple[int, npt.NDArray[np.uint16], npt.NDArray[np.bool_]]]:
    """Index, sensed depth u16 [480, 640] in mm and visible joints [12] of every frame of `infant`."""
    for index in range(len(infant.motion.time_s)):
        z_mm, part = true_depth(infant, index)
        yield index, sensed_depth(infant, index, z_mm), visible_joints(infant, index, part)


def limb_speeds(camera_mm: Array, time_s: Array) -> Array:
    """Speed of each limb's endpoint against its root, mm/s, [N, 4], by central differences."""
    roots = [chain[0] for chain in LIMBS.values()]
    ends = [chain[2] for chain in LIMBS.values()]
    reach = camera_mm[:, ends] - camera_mm[:, roots]
    return np.asarray(np.linalg.norm(np.gradient(reach, time_s, axis=0), axis=-1))


def moving_mask(speed_mm_s: Array, time_s: Array) -> npt.NDArray[np.bool_]:
    """Hysteresis mask of one limb's true speed [N]: starts above 20, holds above 10 mm/s; short pauses and bouts go."""
    above = speed_mm_s > STILL_MM_S
    edges = np.flatnonzero(np.diff(np.concatenate([[False], above, [False]]).astype(np.int8)))
    runs = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if speed_mm_s[a:b].max() > MOVING_MM_S]
    step_s = float(np.median(np.diff(time_s)))
    merged: list[tuple[int, int]] = []
    for a, b in runs:
        if merged and (a - merged[-1][1]) * step_s <= PAUSE_S + 1e-9:
            merged[-1] = (merged[-1][0], b)
        else:
            merged.append((a, b))
    mask = np.zeros(len(speed_mm_s), bool)
    for a, b in merged:
        if (b - a) * step_s >= SHORTEST_S - 1e-9:
            mask[a:b] = True
    return mask


def truth_of(infant: Infant, visible: npt.NDArray[np.bool_]) -> Truth:
    """Truth of all frames of `infant`, with the visibility [N, 12] found while rendering."""
    camera = infant.to_camera(infant.joints_bed)
    time_s = infant.motion.time_s
    speeds = limb_speeds(camera, time_s)
    moving = np.stack([moving_mask(speeds[:, limb], time_s) for limb in range(4)], axis=-1)
    frames = np.arange(1, len(time_s) + 1, dtype=np.int32)
    return Truth(frames, time_s, project(camera), camera, visible, speeds, moving)


def simulate(
    out: Path,
    infants: int,
    seconds: float,
    seed: int,
    *,
    motion: Path | None = None,
    fmt: str = "oni",
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write `infants` simulated recordings of `seconds` into `out`, with their truth; give the recordings' paths.

    `motion` names a tracks file whose joints (3-D, or 2-D over the mattress) replace the invented movement.
    `progress(done, total)` is told of frames.
    """
    if infants < 1 or seconds < 0.1:
        raise InputError(f"simulation: expected at least 1 infant and 0.1 s, got {infants} and {seconds:g} s")
    if fmt not in ("oni", "mkv"):
        raise InputError(f"simulation: expected format oni or mkv, got {fmt!r}")
    time_s = np.arange(round(seconds * FPS_HZ)) / FPS_HZ
    joints_bed = None if motion is None else _joints_from_tracks(motion, time_s)
    make_truth_folder(out)
    paths = []
    for number in range(infants):
        infant = make_infant(seed, number, time_s, joints_bed=joints_bed)
        path = out / f"simulated-{seed}-{number:03d}.{fmt}"
        visible = write_recording(infant, path, partial(_tell, progress, number * len(time_s), infants * len(time_s)))
        write_truth(truth_of(infant, visible), infant, out / "truth" / path.stem)
        paths.append(path)
    return paths


def make_truth_folder(out: Path) -> Path:
    """Make ``out/truth``, into which asyconv does not look."""
    folder = out / "truth"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / IGNORE_FILE).write_text("The truth of simulated recordings; asyconv does not look in here.\n")
    return folder


def _tell(progress: Callable[[int, int], None] | None, before: int, total: int, done: int) -> None:
    if progress:
        progress(before + done, total)


def write_recording(infant: Infant, path: Path, told: Callable[[int], None]) -> npt.NDArray[np.bool_]:
    """Write one recording (under its final name only when whole); give the visibility [N, 12]."""
    seen = np.zeros((len(infant.motion.time_s), len(JOINTS)), bool)

    def depths() -> Iterator[npt.NDArray[np.uint16]]:
        for index, depth, visible in frames_of(infant):
            seen[index] = visible
            told(index + 1)
            yield depth

    unfinished = path.with_name(f".{path.name}.part")
    if path.suffix == ".oni":
        from asyconv.recordings.oni import OniWriter

        with OniWriter(
            unfinished, WIDTH_PX, HEIGHT_PX, FPS_HZ, hfov_rad=HFOV_RAD, vfov_rad=VFOV_RAD, simulated=True
        ) as writer:
            for index, depth in enumerate(depths()):
                writer.write(depth, round(index * 1e6 / FPS_HZ))
    else:
        from asyconv.recordings.video import write_ffv1

        camera = Intrinsics(FOCAL_PX, FOCAL_PX, (WIDTH_PX - 1) / 2, (HEIGHT_PX - 1) / 2, "file")
        write_ffv1(unfinished, depths(), FPS_HZ, simulated=True, depth_unit_mm=1.0, mirrored=False, intrinsics=camera)
    unfinished.rename(path)
    return seen


def true_tracks(truth: Truth, infant: Infant) -> Tracks:
    """The tracks a perfect tracker would give: joint centres, all found, with the infant's own mattress plane."""
    shape = truth.visible.shape
    camera = truth.camera_mm.astype(np.float32)
    meta = {
        "schema_version": SCHEMA_VERSION,
        "recording_id": f"true-{infant.seed}-{infant.number:03d}",
        "infant_id": None,
        "width_px": WIDTH_PX,
        "height_px": HEIGHT_PX,
        "fps_nominal_hz": FPS_HZ,
        "fps_measured_hz": FPS_HZ,
        "rate": "full",
        "left_right_verified": True,
        "mattress_plane": infant.mattress_plane.tolist(),
        "model_name": "truth",
        "simulated": True,
        "frames_used": shape[0],
        "frames_lost": 0,
        "warnings": [],
    }
    return Tracks(
        frame=truth.frame,
        time_s=truth.time_s,
        x_px=truth.xy_px[..., 0].astype(np.float32),
        y_px=truth.xy_px[..., 1].astype(np.float32),
        depth_mm=camera[..., 2],
        depth_source=np.full(shape, DEPTH_SOURCES.index("measured"), np.uint8),
        x_mm=camera[..., 0],
        y_mm=camera[..., 1],
        z_mm=camera[..., 2],
        confidence=np.ones(shape, np.float32),
        meta=meta,
    )


def write_truth(truth: Truth, infant: Infant, folder: Path) -> None:
    """Write joints, moving mask and strokes as Parquet, annotations as a babyPose sheet, the infant as JSON.

    Where polars is not installed the tables are left out, and a file says so: the same call elsewhere writes them.
    """
    write_infant(infant, folder)
    write_annotations(truth, infant, folder / f"result_pz{infant.number + 1}.csv")
    if importlib.util.find_spec("polars") is None:
        (folder / "tables-left-out.txt").write_text(
            "polars is not installed here; the same command elsewhere adds them\n"
        )
        return
    import polars as pl

    n_frames, n_joints = truth.visible.shape
    pl.DataFrame(
        {
            "frame": np.repeat(truth.frame, n_joints),
            "time_s": np.repeat(truth.time_s, n_joints),
            "joint": list(JOINTS) * n_frames,
            **{f"{axis}_px": truth.xy_px[..., i].ravel() for i, axis in enumerate("xy")},
            **{f"{axis}_mm": truth.camera_mm[..., i].ravel() for i, axis in enumerate("xyz")},
            "visible": truth.visible.ravel(),
        }
    ).write_parquet(folder / "joints.parquet")
    pl.DataFrame(
        {
            "frame": np.repeat(truth.frame, len(LIMBS)),
            "time_s": np.repeat(truth.time_s, len(LIMBS)),
            "limb": list(LIMBS) * n_frames,
            "speed_mm_s": truth.speed_mm_s.ravel(),
            "moving": truth.moving.ravel(),
        }
    ).write_parquet(folder / "moving.parquet")
    pl.DataFrame(
        [
            {"limb": LIMB_ORDER[s.limb], "start_s": s.start_s, "end_s": s.end_s, "bout": s.bout}
            for s in infant.motion.strokes
        ],
        schema={"limb": pl.String, "start_s": pl.Float64, "end_s": pl.Float64, "bout": pl.Int64},
    ).write_parquet(folder / "strokes.parquet")


def write_infant(infant: Infant, folder: Path) -> None:
    """Write what does not change of an infant as JSON into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = {
        "simulated": True,
        "seed": infant.seed,
        "infant": infant.number,
        "anatomy_mm": asdict(infant.anatomy),
        "mattress_plane": infant.mattress_plane.tolist(),
    }
    (folder / "infant.json").write_text(json.dumps(facts, indent=1))


def write_annotations(truth: Truth, infant: Infant, path: Path) -> None:
    """Labels as pyPointAnnotator writes them for babyPose: every fifth frame, whole px, click noise, -1 = unseen."""
    frames = truth.frame[::5].tolist()
    labels = annotators_labels(truth, infant)
    write_label_sheet(path, ((f"{frame}_8bit.png", cells_of(xy)) for frame, xy in zip(frames, labels, strict=True)))


def annotators_labels(truth: Truth, infant: Infant) -> Array:
    """`simulated_labels` of an infant, always the same."""
    return simulated_labels(truth, np.random.default_rng(np.random.SeedSequence([infant.seed, infant.number, 77])))


def simulated_labels(truth: Truth, rng: np.random.Generator) -> Array:
    """Labels at 6 Hz, [M, 12, 2] native px with click noise; NaN where the joint is not visible."""
    xy = truth.xy_px[::5] + rng.normal(0.0, LABEL_NOISE_PX, size=truth.xy_px[::5].shape)
    xy = np.clip(xy, 0, [WIDTH_PX - 1, HEIGHT_PX - 1])  # a click lies in the picture
    return np.where(truth.visible[::5, :, None], xy, np.nan)


def _joints_from_tracks(path: Path, time_s: Array) -> Array:
    """Bed-frame joints [N, 12, 3] at `time_s` of a tracks file: its mm where complete, else its pixels over the bed."""
    tracks = read_tracks(path)
    camera = np.stack([tracks.x_mm, tracks.y_mm, tracks.z_mm], axis=-1).astype(float)
    if np.isfinite(camera).all(axis=(0, 2)).sum() >= len(JOINTS) // 2:
        bed = camera * np.array([1.0, 1.0, -1.0])
        floor = np.nanpercentile(bed[..., 2], 2)
        bed[..., 2] -= floor - 12.0
    else:
        flat = np.stack([tracks.x_px - (WIDTH_PX - 1) / 2, tracks.y_px - (HEIGHT_PX - 1) / 2], axis=-1)
        bed = np.concatenate([flat, np.full((*flat.shape[:2], 1), 28.0)], axis=-1).astype(float)
    out = np.empty((len(time_s), len(JOINTS), 3))
    for joint in range(len(JOINTS)):
        for axis in range(3):
            known = np.isfinite(bed[:, joint, axis])
            if not known.any():
                raise InputError(f"{path}: expected a track for {JOINTS[joint]}, found none")
            out[:, joint, axis] = np.interp(time_s, tracks.time_s[known], bed[known, joint, axis])
    return out


@dataclass(frozen=True)
class ClipSet:
    """Simulated clips: depth in 0.1 mm u16 [n, 3, 96, 128] (0 = none), joints f32 [n, 3, 12, 2] map px, visibility."""

    depth: npt.NDArray[np.uint16]
    xy_map: npt.NDArray[np.float32]
    visible: npt.NDArray[np.bool_]


def make_clips(
    seed: int, number: int, clips: int, span_s: float = 60.0, condition: Condition = AS_DRAWN, pace: float = 1.0
) -> ClipSet:
    """`clips` clips of infant `number` of `seed`, at random times within `span_s` seconds (see `infant_at_clips`)."""
    return infant_clips(infant_at_clips(seed, number, clips, span_s, condition, pace))


def infant_at_clips(
    seed: int, number: int, clips: int, span_s: float = 60.0, condition: Condition = AS_DRAWN, pace: float = 1.0
) -> Infant:
    """Infant `number` of `seed` at the frames of `clips` clips, three after each other.

    The infant moves up to `pace` times as fast, differently in each clip (uniform in the logarithm).
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, number, 11]))
    starts = np.sort(rng.uniform(0.0, span_s, size=clips))
    spacing_s = SPACING_S * pace ** rng.uniform(0.0, 1.0, size=clips)
    times = starts[:, None] + spacing_s[:, None] * np.arange(CLIP_FRAMES)
    return make_infant(seed, number, times[np.argsort(times[:, -1])].ravel(), condition=condition)


def infant_clips(infant: Infant) -> ClipSet:
    """Clips of an infant whose times come in threes."""
    times = len(infant.motion.time_s)
    geometry = MapGeometry(WIDTH_PX, HEIGHT_PX)
    depth = np.empty((times, MAP_HEIGHT, MAP_WIDTH), np.uint16)
    visible = np.empty((times, len(JOINTS)), bool)
    for index, native, seen in frames_of(infant):
        depth[index] = np.round(geometry.resize(native) * 10.0)
        visible[index] = seen
    xy_map = geometry.to_map(project(infant.to_camera(infant.joints_bed))).astype(np.float32)
    shape = (times // CLIP_FRAMES, CLIP_FRAMES)
    return ClipSet(
        depth.reshape(*shape, MAP_HEIGHT, MAP_WIDTH),
        xy_map.reshape(*shape, len(JOINTS), 2),
        visible.reshape(*shape, len(JOINTS)),
    )
