"""Annotated data sets: sheets of labels matched to folders of depth pictures, and clips of them for training.

A data set is a folder that holds, anywhere below it, sheets (label_sheets.py, coco.py) and pictures. The pictures of
infant ``pz3`` (sheet ``result_pz3.csv``) lie in a folder ``pz3``, or in the sheet's own folder, or in ``images`` beside
it. Frames are put in the order of the integer in their names. Where an infant has 16-bit pictures (mm) they are taken,
else 8-bit ones; which of the two is recorded.

Of several rows of one frame the last stands; a row without picture and a label outside the picture count as not there.
`asyconv.labels.check` names all of them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.labels.annotated_files import (
    Found,
    Picture,
    Pictures,
    depth_bits_of,
    find_annotated,
    no_sheet,
    pictures_of,
    read_sheets,
    short_name,
)
from asyconv.labels.clip_files import read_clip_files, write_clip_files
from asyconv.labels.clip_set import ClipSet
from asyconv.labels.coco import unresolved
from asyconv.labels.label_sheets import LabelSheet, by_frame
from asyconv.labels.unusable import unusable
from asyconv.pose.clips import CLIP_FRAMES, SPACING_S
from asyconv.pose.geometry import MAP_HEIGHT, MAP_WIDTH, Crop, MapGeometry, on_map
from asyconv.pose.infant_crop import infant_crop
from asyconv.recordings.png_files import png_contents
from asyconv.recordings.png_folder import SIMULATED_FILE, decode_png

ANNOTATED_FPS_HZ: Final = 30.0
"""Frames per second that the numbers in the names count; no annotated data set states its own."""
ANNOTATED_STEP: Final = round(ANNOTATED_FPS_HZ * SPACING_S)
"""Between the numbers of two frames of a clip."""

WINDOW_8BIT_MM: Final = (520.0, 650.0)
"""Depths at 0 and 255 of an 8-bit picture (pyOniExtractor); 0 also holds what has no depth and counts as none."""

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Annotated:
    """The annotated frames of one infant that have a picture, in order of their numbers."""

    infant_id: str
    sheet: Path
    format: str  # "babyPose", "pyPointAnnotator" or "COCO"
    frame: npt.NDArray[np.int64]  # [N], ascending
    images: tuple[Path, ...]  # [N]
    xy_px: Array  # [N, 12, 2] native px, NaN = missing
    depth_bits: int  # 16: counts are mm; 8: `WINDOW_8BIT_MM` on 0..255
    width_px: int
    height_px: int
    simulated: bool
    area_px2: Array  # [N], of the infant as the sheet states it, NaN = not stated

    @property
    def depth_source(self) -> str:
        """The pictures' kind in words."""
        low, high = WINDOW_8BIT_MM
        return "16-bit, mm" if self.depth_bits == 16 else f"8-bit, {low:g}..{high:g} mm on 0..255"


def read_annotated(path: Path) -> list[Annotated]:
    """Every infant of the data set at `path` (a folder, or one sheet), by identifier.

    Raises
    ------
    InputError : no sheet, no picture to a sheet, two sheets of one infant, pictures of two sizes, COCO annotations
        whose images are not listed, labels that cannot be those of one infant in these pictures (unusable.py).
    """
    data_set = find_annotated(path)
    sheets = [sheet for file in data_set.sheets for sheet in _read(file)]
    if not sheets and data_set.foreign:
        file, what = data_set.foreign[0]
        raise InputError(f"{file.name}: {no_sheet(what)}")
    if not sheets:
        raise InputError(f"{path.name}: expected sheets of labels (result_*.csv, .xlsx or COCO .json), found none")
    seen: dict[str, Path] = {}
    for sheet in sheets:
        if sheet.infant_id in seen:
            files = f"{seen[sheet.infant_id].name} and {sheet.path.name}"
            raise InputError(f"infant {sheet.infant_id}: expected one sheet, found {files}")
        seen[sheet.infant_id] = sheet.path
    return [_match(sheet, data_set) for sheet in sorted(sheets, key=lambda sheet: sheet.infant_id)]


def _read(file: Path) -> list[LabelSheet]:
    lost = unresolved(file) if file.suffix.lower() == ".json" else []
    if lost:
        raise InputError(
            f"{file.name}: expected every annotation's image in the list of images, found {len(lost)} without "
            f"(the first is annotation {lost[0]})"
        )
    return read_sheets(file)


def _match(sheet: LabelSheet, data_set: Found) -> Annotated:
    where = pictures_of(sheet, data_set)
    folder, pictures = where or (sheet.path.parent, Pictures())
    bits = depth_bits_of(sheet, pictures)
    rows = [row for row in by_frame(sheet.rows) if row.name and bits in pictures.get(row.name, {})]
    if not rows:
        raise InputError(
            f"{sheet.path.name}: expected pictures of its {len(sheet.rows)} rows in a folder {sheet.infant_id} "
            f"or beside it, found {'none' if where is None else 'none of these frames'}"
        )
    chosen = [pictures[row.name][bits] for row in rows if row.name]
    width_px, height_px = _common_size(chosen)
    for row, _, text in unusable(sheet, (width_px, height_px)):
        where_row = "" if row is None else f", row {row}"
        raise InputError(f"{sheet.path.name}{where_row}: {text}")
    MapGeometry(width_px, height_px)  # refuses what is smaller than the map
    xy_px = np.stack([row.xy_px for row in rows])
    xy_px[~inside(xy_px, width_px, height_px)] = np.nan
    frame = np.array([row.name.number for row in rows if row.name], np.int64)
    if len(np.unique(frame)) < len(frame):
        raise InputError(f"{sheet.path.name}: expected each frame number once, found it with two prefixes")
    return Annotated(
        infant_id=sheet.infant_id,
        sheet=sheet.path,
        format=sheet.format,
        frame=frame,
        images=tuple(picture.path for picture in chosen),
        xy_px=xy_px,
        depth_bits=bits,
        width_px=width_px,
        height_px=height_px,
        simulated=(folder / SIMULATED_FILE).is_file(),
        area_px2=np.array([row.area_px2 or np.nan for row in rows]),
    )


def inside(xy_px: Array, width_px: int, height_px: int) -> npt.NDArray[np.bool_]:
    """Whether each point [..., 2] is known and lies in the picture."""
    filled_px = np.nan_to_num(xy_px, nan=-1.0)
    return np.asarray(((filled_px >= 0) & (filled_px <= [width_px - 1, height_px - 1])).all(axis=-1))


def _common_size(pictures: Sequence[Picture]) -> tuple[int, int]:
    sizes = [(picture.header.width_px, picture.header.height_px) for picture in pictures if picture.header]
    for picture, size in zip(pictures, sizes, strict=True):
        if size != sizes[0]:
            raise InputError(
                f"{short_name(picture.path)}: expected {sizes[0][0]}x{sizes[0][1]} as in the infant's first picture, "
                f"found {size[0]}x{size[1]}"
            )
    return sizes[0]


def clip_rows(frame: npt.NDArray[np.int64], *, overlap: bool) -> Rows:
    """Rows [n, 3] of three successive frames 1/6 s apart, never across a gap.

    ``overlap`` shifts clips by one frame (training), else every frame is in one clip at most (test).
    """
    runs = np.split(np.arange(len(frame)), np.flatnonzero(np.diff(frame) != ANNOTATED_STEP) + 1)
    starts = [run[: len(run) - CLIP_FRAMES + 1 : 1 if overlap else CLIP_FRAMES] for run in runs]
    first = np.concatenate(starts).astype(np.int64) if starts else np.empty(0, np.int64)
    return np.asarray(first[:, None] + np.arange(CLIP_FRAMES))


def load_clips(annotated: Annotated, rows: Rows, crop: Crop | None = None) -> ClipSet:
    """Clips `rows` [n, 3] of an infant, of whole pictures or a `crop` of them, beyond which no joint is visible.

    Every picture is decoded once. InputError names a picture that is damaged.
    """
    used, places = np.unique(rows, return_inverse=True)
    geometry = MapGeometry(annotated.width_px, annotated.height_px, crop=crop)
    depth = np.empty((len(used), MAP_HEIGHT, MAP_WIDTH), np.uint16)
    for place, row in enumerate(used):
        depth[place] = _depth_map(annotated, int(row), geometry)
    xy_map = geometry.to_map(annotated.xy_px[rows]).astype(np.float32)
    visible = np.isfinite(xy_map[..., 0]) if crop is None else on_map(xy_map)
    return ClipSet(depth[places.reshape(rows.shape)], np.nan_to_num(xy_map, nan=0.0), visible)


def crop_of(annotated: Annotated) -> Crop | None:
    """The part of the picture round the labels of an infant; None = the whole picture."""
    picture = MapGeometry(annotated.width_px, annotated.height_px)
    return infant_crop(picture.to_map(annotated.xy_px), picture)


def write_clips(
    folder: Path, annotated: Sequence[Annotated], clips: Mapping[str, Rows], *, cropped: bool = False
) -> ClipSet:
    """Clips of several infants as memory-mapped files in `folder`: made infant by infant, reused while nothing changed.

    `clips` gives the rows of each infant (a part of a `Split`); they follow one another in the order of `annotated`.
    `cropped` clips show the part of the picture round the infant's labels.
    """
    chosen = [(infant, clips[infant.infant_id]) for infant in annotated if len(clips.get(infant.infant_id, ()))]
    if not chosen:
        raise InputError(f"{folder.name}: expected clips of three labelled frames 1/6 s apart, found none; label more")
    done = folder / f"clips-{clips_key(chosen)}"
    if not done.is_dir():
        loaded = (load_clips(infant, rows, crop_of(infant) if cropped else None) for infant, rows in chosen)
        names = [infant.infant_id for infant, _ in chosen]
        facts = {"simulated": all(infant.simulated for infant, _ in chosen), "names": names}
        areas = [
            infant.area_px2[rows] / MapGeometry(infant.width_px, infant.height_px).scale_px ** 2
            for infant, rows in chosen
        ]
        write_clip_files(done, [len(rows) for _, rows in chosen], loaded, facts, np.concatenate(areas))
    return read_clip_files(done)


def clips_key(chosen: Sequence[tuple[Annotated, Rows]]) -> str:
    """Hash of everything that the clips depend on; a picture is known by its place, size and time of change."""
    digest = hashlib.sha256()
    for infant, rows in chosen:
        states = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in infant.images]
        digest.update(repr((infant.infant_id, infant.depth_bits, infant.width_px, infant.height_px, states)).encode())
        digest.update(infant.xy_px.tobytes() + infant.area_px2.tobytes())
        digest.update(rows.tobytes())
    return digest.hexdigest()[:16]


def _depth_map(annotated: Annotated, row: int, geometry: MapGeometry) -> npt.NDArray[np.uint16]:
    """Depth in 0.1 mm on the map, [96, 128], 0 = none."""
    path = annotated.images[row]
    picture = decode_png(png_contents(path))
    dtype = np.dtype(np.uint16 if annotated.depth_bits == 16 else np.uint8)
    if picture is not None and picture.ndim == 3 and (picture == picture[..., :1]).all():
        picture = picture[..., 0]  # gray that was stored as colour
    if picture is None or picture.dtype != dtype or picture.shape != (annotated.height_px, annotated.width_px):
        raise InputError(
            f"{short_name(path)}, frame {annotated.frame[row]}: expected a whole {annotated.depth_bits}-bit gray "
            f"picture of {annotated.width_px}x{annotated.height_px}, found a damaged or changed one"
        )
    if annotated.depth_bits == 16:
        tenths = geometry.resize(picture) * 10.0
    else:
        tenths = geometry.resize(_TENTHS_OF_8BIT[picture])
    return np.minimum(np.round(tenths), np.iinfo(np.uint16).max).astype(np.uint16)


_TENTHS_OF_8BIT: Final = np.round(np.linspace(10 * WINDOW_8BIT_MM[0], 10 * WINDOW_8BIT_MM[1], 256)).astype(np.uint16)
_TENTHS_OF_8BIT[0] = 0
_TENTHS_OF_8BIT.flags.writeable = False
