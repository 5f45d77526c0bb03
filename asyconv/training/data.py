"""What a training step sees: simulated or annotated clips, augmented, ready before they are needed.

What step s sees is a function of (seed, s) alone, whoever asks and whenever, so that a stopped training goes on where
it was and several processes each take their share of the same batch.
"""

import contextlib
import dataclasses
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from asyconv.errors import InputError
from asyconv.labels.annotations import Annotated, clip_rows, read_annotated, write_clips
from asyconv.labels.clip_files import read_clip_files, write_clip_files
from asyconv.labels.clip_set import ClipSet, joined
from asyconv.labels.splits import Split, by_infant, within_infant
from asyconv.pose.clips import normalise
from asyconv.pose.geometry import MAP_HEIGHT, MAP_WIDTH
from asyconv.pose.joints import BORDER_MAP
from asyconv.simulation.clips import condition_of, make_clips
from asyconv.simulation.scene import Condition
from asyconv.simulation.seeds import TUNE_SEED
from asyconv.skeleton import FLIP
from asyconv.training.recipe import Recipe

PARTS: Final = ("train", "validation", "test")
CLIPS_PER_INFANT: Final = 6
VALIDATION_INFANTS: Final = 48
VALIDATION_CLIPS: Final = 4
CROP_JITTER_MAP: Final = 16.0
SHAKEN: Final = 0.75
TURNED: Final = 0.5

Float32 = npt.NDArray[np.float32]
Report = Callable[[str, int, int, float], None]
"""``report(stage, done, total, loss)``."""


@dataclass(frozen=True)
class Batch:
    """Input [B, 1, 3, 96, 128], joints [B, 3, 12, 2] map px (NaN = not visible), crops' first pixels [B, 2] (x, y)."""

    x: Tensor
    xy_map: Tensor
    origin_map: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The same on a device."""
        return Batch(*(t.to(device, non_blocking=True) for t in (self.x, self.xy_map, self.origin_map)))


def simulated_clips(
    folder: Path, seed: int, infants: int, per_infant: int, pace: float, varied_share: float, cropped: bool,
    workers: int, report: Report | None = None,
) -> ClipSet:  # fmt: skip
    """Simulated clips, made once into memory-mapped files in `folder` and reused; no workers = in this process."""
    done = folder / f"clips-{seed}-{infants}x{per_infant}-pace-{pace:g}-varied-{varied_share:g}{'-cropped' * cropped}"
    if not done.is_dir():
        conditions = [condition_of(seed, number, varied_share) for number in range(infants)]
        jobs = [(seed, number, per_infant, condition, pace, cropped) for number, condition in enumerate(conditions)]
        with contextlib.ExitStack() as stack:
            made: Iterator[ClipSet] = map(_clips_of, jobs)
            if workers:
                pool = stack.enter_context(ProcessPoolExecutor(workers, mp_context=get_context("spawn")))
                made = pool.map(_clips_of, jobs, chunksize=4)
            told = _told(made, infants * per_infant, report)
            write_clip_files(done, [per_infant] * infants, told, {"simulated": True})
    return read_clip_files(done)


def _told(sets: Iterable[ClipSet], total: int, report: Report | None) -> Iterator[ClipSet]:
    done = 0
    for clips in sets:
        done += len(clips.depth)
        if report:
            report("clips", done, total, float("nan"))
        yield clips


def clips_of(
    folder: Path, recipe: Recipe, annotated: Sequence[Annotated], split: str, workers: int, report: Report | None = None
) -> tuple[Recipe, ClipSet, ClipSet]:
    """The recipe with the hash of what it trains on, and the clips to train on and to choose by, kept in `folder`.

    The infants in `annotated` are divided by `split` ("within" or "fold:I/K"); none = simulated infants.
    """
    folder.mkdir(parents=True, exist_ok=True)
    how = (recipe.pace, recipe.varied_share, recipe.crop_to_infant, workers)
    simulated = not annotated or recipe.simulated_share > 0
    clips = simulated_clips(folder, recipe.seed, recipe.infants, CLIPS_PER_INFANT, *how, report) if simulated else None
    if not annotated:
        tuning = simulated_clips(folder, TUNE_SEED, VALIDATION_INFANTS, VALIDATION_CLIPS, *how)
    else:
        parts = chosen_split(annotated, split)
        own, tuning, _ = (write_clips(folder / name, annotated, getattr(parts, name)) for name in PARTS)
        if recipe.crop_to_infant:  # learnt from beside the whole pictures, by which frames are known again
            own, tuning = (
                write_clips(folder / "cropped" / name, annotated, getattr(parts, name), cropped=True)
                for name in PARTS[:2]
            )
        recipe = dataclasses.replace(recipe, split=parts.name)
        clips = own if clips is None else mixed(own, clips, recipe.simulated_share)
    assert clips is not None
    return dataclasses.replace(recipe, data=clips_hash(clips)), clips, tuning


def read_data_sets(data: Sequence[Path]) -> list[Annotated]:
    """The infants of several annotated data sets, which must not share an identifier."""
    annotated = [infant for path in data for infant in read_annotated(path)]
    twice = [name for name, count in Counter(infant.infant_id for infant in annotated).items() if count > 1]
    if twice:
        raise InputError(f"infant {twice[0]}: expected each infant in one data set, found it in two")
    return annotated


def mixed(own: ClipSet, simulated: ClipSet, simulated_share: float) -> ClipSet:
    """Simulated clips with annotated ones, which are repeated until the simulated ones have the stated share."""
    times = round(len(simulated.depth) * (1.0 / simulated_share - 1.0) / len(own.depth))
    return joined([simulated, *[own] * max(1, times)])


def chosen_split(annotated: Sequence[Annotated], split: str) -> Split:
    """The paper's split for "within"; fold I of K by infant, counted from 1, for "fold:I/K".

    Infants of whom no three labelled frames lie 1/6 s apart take no part in folds.
    """
    if split == "within":
        return within_infant(annotated)
    kind, _, numbers = split.partition(":")
    place, _, folds = numbers.partition("/")
    if kind != "fold" or not (place.isdecimal() and folds.isdecimal() and 1 <= int(place) <= int(folds)):
        raise InputError(f"split: expected within, or fold:I/K such as fold:1/5, got {split!r}")
    with_clips = [infant for infant in annotated if len(clip_rows(infant.frame, overlap=False))]
    return by_infant(with_clips, int(folds))[int(place) - 1]


def clips_hash(clips: ClipSet) -> str:
    """SHA-256 over depth, joints and visibility of a set of clips."""
    digest = hashlib.sha256()
    for name in ("depth", "xy_map", "visible"):
        array = getattr(clips, name)
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        for start in range(0, len(array), 256):
            digest.update(np.ascontiguousarray(array[start : start + 256]).tobytes())
    return digest.hexdigest()


def _clips_of(job: tuple[int, int, int, Condition, float, bool]) -> ClipSet:
    seed, number, clips, condition, pace, cropped = job
    return make_clips(seed, number, clips, condition=condition, pace=pace, cropped=cropped)


class Batches(Dataset[Batch]):
    """One process's share of the batch of every step: item s is what step s sees."""

    def __init__(self, clips: ClipSet, recipe: Recipe, stage: str, rank: int = 0, world: int = 1) -> None:
        self.clips, self.recipe, self.stage = clips, recipe, stage
        self.batch = recipe.stage(stage).batch
        if self.batch % world:
            raise ValueError(f"a batch of {self.batch} clips cannot be shared by {world} processes")
        share = self.batch // world
        self.mine = slice(rank * share, (rank + 1) * share)

    def rows(self, step: int) -> npt.NDArray[np.int64]:
        """Clips of one step over all processes: every epoch takes the clips in an order of its own."""
        count = len(self.clips.depth)
        epoch, turn = divmod(step, steps_per_epoch(count, self.batch))
        order = np.random.default_rng([self.recipe.seed, 1 + (self.stage == "regression"), epoch]).permutation(count)
        rows = np.sort(order[turn * self.batch : (turn + 1) * self.batch])
        return np.resize(rows, self.batch) if len(rows) < self.batch else rows

    def __getitem__(self, step: int) -> Batch:
        """Share of this process of what step `step` sees."""
        rows = self.rows(step)
        kind = 3 + (self.stage == "regression")
        randoms = [np.random.default_rng([self.recipe.seed, kind, step, turn]) for turn in range(self.batch)]
        return make_batch(self.clips, rows[self.mine], self.recipe, self.stage, randoms[self.mine])


def steps_per_epoch(clips: int, batch: int) -> int:
    """Whole batches in an epoch, at least one."""
    return max(1, clips // batch)


def make_batch(
    clips: ClipSet, rows: npt.NDArray[np.int64], recipe: Recipe, stage: str, randoms: list[np.random.Generator] | None
) -> Batch:
    """Normalised clips of `rows`; augmented, and cropped at random, where random generators are given."""
    depth = clips.depth[rows].astype(np.float32) / 10.0
    xy = np.where(clips.visible[rows][..., None], clips.xy_map[rows], np.nan).astype(np.float32)
    origin = np.zeros((len(rows), 2), np.float32)
    crop = recipe.stage(stage).crop
    for b, rng in enumerate(randoms or ()):
        depth[b], xy[b] = augment(rng, depth[b], xy[b], recipe)
        origin[b] = crop_origin(rng, xy[b], crop) if crop else 0.0
    x = normalise(depth, recipe.depth_scale_mm, recipe.depth_limit, recipe.mean_within_mm)
    return Batch(torch.from_numpy(x)[:, None], torch.from_numpy(xy), torch.from_numpy(origin))


def augment(rng: np.random.Generator, depth: Float32, xy: Float32, recipe: Recipe) -> tuple[Float32, Float32]:
    """Mirror half of the clips (left and right change places), turn many of them, shift whole pixels.

    What comes into the picture has no depth; joints that leave it, or come to lie partly outside, are NaN.
    The share `full_circle` of the clips is turned to any direction, half of the others by at most `turn_deg`.
    Three clips in four are shaken: each frame is shifted once more on its own. Most joints of a clip rest, and without
    this a network learns to give all three frames the same mean position, also of a joint that moves.
    """
    if recipe.mirror and rng.random() < 0.5:
        depth = depth[..., ::-1]
        xy = xy[:, FLIP].copy()
        xy[..., 0] = MAP_WIDTH - 1 - xy[..., 0]
    most_deg = 180.0 if rng.random() < recipe.full_circle else recipe.turn_deg if rng.random() < TURNED else None
    if most_deg is not None and (most_deg or recipe.zoom != 1.0):
        angle_deg = rng.uniform(-most_deg, most_deg)
        depth, xy = turned(depth, xy, angle_deg, recipe.zoom ** rng.uniform(-1.0, 1.0))
    shifts = np.tile(rng.integers(-recipe.shift_map, recipe.shift_map + 1, size=2), (len(depth), 1))
    if recipe.shake_map and rng.random() < SHAKEN:
        shifts += rng.integers(-recipe.shake_map, recipe.shake_map + 1, size=shifts.shape)
    shifted = np.stack([_shifted(frame, dx, dy) for frame, (dx, dy) in zip(depth, shifts.tolist(), strict=True)])
    xy = xy + shifts[:, None].astype(np.float32)
    last = np.array([MAP_WIDTH, MAP_HEIGHT]) - 1 - BORDER_MAP
    inside = np.all((xy >= BORDER_MAP) & (xy <= last), axis=-1, keepdims=True)
    return shifted, np.where(inside, xy, np.float32(np.nan)).astype(np.float32)


def turned(depth: Float32, xy: Float32, angle_deg: float, zoom: float) -> tuple[Float32, Float32]:
    """A clip turned round the picture's middle and made `zoom` times as large; joints may leave the picture.

    Depth is interpolated between pixels that have it; where most of the neighbourhood has none, there is none.
    """
    middle = ((MAP_WIDTH - 1) / 2, (MAP_HEIGHT - 1) / 2)
    matrix = cv2.getRotationMatrix2D(middle, angle_deg, zoom)
    size = (MAP_WIDTH, MAP_HEIGHT)
    frames = []
    for frame in depth:
        frame = np.ascontiguousarray(frame)
        share = cv2.warpAffine((frame > 0).astype(np.float32), matrix, size)
        total = cv2.warpAffine(frame, matrix, size)
        frames.append(np.where(share > 0.5, total / np.maximum(share, 0.5), 0.0))
    moved = (xy @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    return np.stack(frames).astype(np.float32), moved


def _shifted(frame: Float32, dx: int, dy: int) -> Float32:
    shifted = np.zeros_like(frame)
    to_y, from_y = slice(max(0, dy), MAP_HEIGHT + min(0, dy)), slice(max(0, -dy), MAP_HEIGHT - max(0, dy))
    to_x, from_x = slice(max(0, dx), MAP_WIDTH + min(0, dx)), slice(max(0, -dx), MAP_WIDTH - max(0, dx))
    shifted[to_y, to_x] = frame[from_y, from_x]
    return shifted


def crop_origin(rng: np.random.Generator, xy: Float32, crop: int) -> tuple[int, int]:
    """First pixel (x, y) of a crop with a random visible joint of the clip [3, 12, 2] in its inner part."""
    seen = xy[np.isfinite(xy[..., 0])]
    x, y = seen[rng.integers(len(seen))] if len(seen) else np.array([MAP_WIDTH / 2, MAP_HEIGHT / 2])
    reach = crop / 2 + rng.uniform(-CROP_JITTER_MAP, CROP_JITTER_MAP, size=2)
    return int(np.clip(x - reach[0], 0, MAP_WIDTH - crop)), int(np.clip(y - reach[1], 0, MAP_HEIGHT - crop))


def batches(dataset: Batches, start: int, stop: int, workers: int) -> Iterator[Batch]:
    """Batches of the steps from `start` on, made ahead in `workers` processes (0 = in this one, when asked for)."""
    loader = DataLoader(
        dataset, batch_size=None, sampler=range(start, stop), num_workers=workers,
        multiprocessing_context="spawn" if workers else None, prefetch_factor=4 if workers else None,
        pin_memory=torch.cuda.is_available(),
    )  # fmt: skip
    return iter(loader)


def whole_batches(clips: ClipSet, recipe: Recipe, stage: str, size: int) -> Iterator[Batch]:
    """All clips once, as they are, in order: for validation."""
    for start in range(0, len(clips.depth), size):
        yield make_batch(clips, np.arange(start, min(start + size, len(clips.depth))), recipe, stage, None)
