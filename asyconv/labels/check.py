"""Check of an annotated data set before it is used for a training: each finding has its file and row.

Only sheets and the ends of pictures are read, not their pixels. What a reader does with each finding stands in
`asyconv.labels.annotations`; the limits of what counts as impossible stand in `asyconv.labels.check_labels`.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

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
    size_of,
)
from asyconv.labels.annotations import ANNOTATED_FPS_HZ, ANNOTATED_STEP, inside
from asyconv.labels.check_labels import Labels, suspicious
from asyconv.labels.coco import unresolved
from asyconv.labels.frame_runs import chosen_clips, runs_of
from asyconv.labels.label_sheets import OUTSIDE, ImageName, LabelRow, LabelSheet, by_frame
from asyconv.labels.unusable import Place, unusable
from asyconv.pose.clips import CLIP_FRAMES
from asyconv.recordings.png_files import png_is_whole
from asyconv.skeleton import JOINTS
from asyconv.words import counted

UNREADABLE_SHEET: Final = "unreadable sheet"
TWO_SHEETS: Final = "two sheets of one infant"
NO_LISTED_IMAGE: Final = "annotation without image"
MISSING_IMAGE: Final = "missing image"
NO_ROW: Final = "image without row"
BAD_IMAGE: Final = "unreadable image"
SIZES: Final = "mixed sizes"
DUPLICATE: Final = "duplicate row"
UNORDERED: Final = "unordered rows"
GAP: Final = "gap in frame numbers"
NEVER: Final = "joint never visible"

NEVER_SHARE: Final = 0.01
"""A joint that is labelled in fewer of the frames is never visible in effect: no network learns it."""

_SHOWN: Final = 10


class Finding(NamedTuple):
    """One thing that is wrong: the file (as the data set sees it), the row (as an editor counts) and a sentence."""

    file: str
    row: int | None
    kind: str
    text: str


@dataclass(frozen=True)
class Checked:
    """All findings of a data set, and how much was looked at."""

    infants: int
    rows: int
    findings: tuple[Finding, ...]
    missing_pct: dict[str, float]  # of the annotated frames, by joint


def check(path: Path) -> Checked:
    """Look through the data set at `path`; InputError where there is neither a sheet nor a picture."""
    data_set = find_annotated(path)
    if not data_set.sheets and not data_set.folders and not data_set.foreign:
        raise InputError(f"{path.name}: expected an annotated data set, found no sheet of labels and no pictures")
    findings = [
        Finding(_place(data_set, file), None, UNREADABLE_SHEET, no_sheet(what)) for file, what in data_set.foreign
    ]
    sheets: list[LabelSheet] = []
    for file in data_set.sheets:
        try:
            sheets += read_sheets(file)
            lost = unresolved(file) if file.suffix.lower() == ".json" else []
        except InputError as error:
            findings.append(Finding(_place(data_set, file), None, UNREADABLE_SHEET, str(error)))
            continue
        sentence = "its image_id is not in the list of images"
        findings += [Finding(_place(data_set, file), row, NO_LISTED_IMAGE, sentence) for row in lost]
    sheet_of: dict[str, LabelSheet] = {}
    for sheet in sheets:
        first = sheet_of.setdefault(sheet.infant_id, sheet)
        if first is not sheet:
            text = f"infant {sheet.infant_id} has a sheet {_place(data_set, first.path)} already"
            findings.append(Finding(_place(data_set, sheet.path), None, TWO_SHEETS, text))
    named: dict[Path, set[ImageName]] = {folder: set() for folder in data_set.folders}
    for sheet in sheets:
        findings += _sheet_findings(sheet, data_set, named)
    if path.is_dir():
        for folder, names in named.items():
            findings += _without_row(data_set, folder, names)
    order = sorted(findings, key=lambda finding: (finding.file, finding.row or 0, finding.kind, finding.text))
    rows = sum(len(sheet.rows) for sheet in sheets)
    return Checked(len(sheet_of), rows, tuple(order), _missing_pct(sheets))


def _missing_pct(sheets: Sequence[LabelSheet]) -> dict[str, float]:
    """Share of the annotated frames of all infants in which each joint is not labelled, percent."""
    rows = [row for sheet in sheets for row in by_frame(sheet.rows)]
    if not rows:
        return {}
    missing = np.isnan(np.stack([row.xy_px for row in rows])[..., 0]).mean(axis=0)
    return {joint: 100 * float(share) for joint, share in zip(JOINTS, missing, strict=True)}


def _sheet_findings(sheet: LabelSheet, data_set: Found, named: dict[Path, set[ImageName]]) -> Iterator[Finding]:
    file = _place(data_set, sheet.path)
    try:
        where = pictures_of(sheet, data_set)
    except InputError as error:
        yield Finding(file, None, MISSING_IMAGE, str(error))
        where = None
    else:
        if where is None:
            text = f"no folder {sheet.infant_id} with pictures of its {len(sheet.rows)} rows"
            yield Finding(file, None, MISSING_IMAGE, text)
    pictures: Pictures = {}
    if where is not None:
        folder, pictures = where
        named[folder] |= {row.name for row in sheet.rows if row.name}
        yield from _picture_findings(sheet, pictures, data_set, file)
    yield from (Finding(file, *place) for place in _order_findings(sheet, pictures))
    size = size_of(sheet, pictures)
    yield from (Finding(file, *place) for place in unusable(sheet, size))
    yield from (Finding(file, *place) for place in _label_findings(sheet, *size))


def _label_findings(sheet: LabelSheet, width_px: int, height_px: int) -> Iterator[Place]:
    for row in sheet.rows:
        yield from ((row.row, fault.kind, fault.text) for fault in row.faults)
        outside = np.isfinite(row.xy_px[:, 0]) & ~inside(row.xy_px, width_px, height_px)
        for joint in np.flatnonzero(outside):
            x, y = row.xy_px[joint]
            yield row.row, OUTSIDE, f"{JOINTS[joint]}: expected a point in {width_px}x{height_px}, found {x:g},{y:g}"
    rows = by_frame(sheet.rows)
    if not rows:
        return
    labels = _labels(rows, width_px, height_px)
    yield from ((rows[index].row, kind, text) for index, kind, text in suspicious(labels))
    seen = np.isfinite(labels.xy_px[..., 0]).sum(axis=0)
    for joint in np.flatnonzero(seen < NEVER_SHARE * len(rows)):
        yield None, NEVER, f"{JOINTS[joint]} is labelled in {seen[joint] or 'none'} of {len(rows)} frames"


def _labels(rows: Sequence[LabelRow], width_px: int, height_px: int) -> Labels:
    xy_px = np.stack([row.xy_px for row in rows])
    xy_px[~inside(xy_px, width_px, height_px)] = np.nan
    frame = np.array([row.name.number for row in rows if row.name])
    return Labels(frame / ANNOTATED_FPS_HZ, xy_px, width_px)


def _picture_findings(sheet: LabelSheet, pictures: Pictures, data_set: Found, file: str) -> Iterator[Finding]:
    bits = depth_bits_of(sheet, pictures)
    size = size_of(sheet, pictures)
    chosen: dict[Path, Picture] = {}
    for row in sheet.rows:
        if row.name is None:
            continue
        there = pictures.get(row.name, {})
        if bits in there:
            chosen[there[bits].path] = there[bits]
        elif 0 in there:
            text = "expected a gray PNG picture of 8 or 16 bits"
            yield Finding(_place(data_set, there[0].path), None, BAD_IMAGE, text)
        else:
            other = f", only one of {min(there)} bits" if there else ""
            text = f"expected a picture of {bits} bits of frame {row.name.number}, found none{other}"
            yield Finding(file, row.row, MISSING_IMAGE, text)
    for path, picture in chosen.items():
        if not png_is_whole(path):
            yield Finding(_place(data_set, path), None, BAD_IMAGE, "expected a whole PNG picture, found one cut off")
        picture_size = (picture.header.width_px, picture.header.height_px) if picture.header else size
        if picture_size != size:
            text = f"expected {size[0]}x{size[1]} as most of the infant's, found {picture_size[0]}x{picture_size[1]}"
            yield Finding(_place(data_set, path), None, SIZES, text)


def _order_findings(sheet: LabelSheet, pictures: Pictures) -> Iterator[Place]:
    """Repeated rows, the first row out of numeric order, and gaps: the rows' own place, kind and sentence."""
    first: dict[ImageName, int] = {}
    highest, ordered = -1, True
    for row in sheet.rows:
        if row.name is None:
            continue
        if row.name in first:
            yield row.row, DUPLICATE, f"frame {row.name.number} stands in row {first[row.name]} already"
        elif row.name.number < highest and ordered:
            text = f"frame {row.name.number} stands below frame {highest}; rows are read in the order of their numbers"
            yield row.row, UNORDERED, text
            ordered = False
        first.setdefault(row.name, row.row)
        highest = max(highest, row.name.number)
    prefixes = {name.prefix for name in first}
    beside = [name for name in pictures if name.prefix in prefixes]  # a picture without row is told of as such
    there = sorted({name.number for name in (*beside, *first)})
    if chosen_clips(there):
        yield from _outside_clips(sheet, there)
        return
    before = dict(zip(there[1:], there[:-1], strict=True))
    for row in by_frame(sheet.rows):
        last = before.get(row.name.number) if row.name else None
        if row.name and last is not None and row.name.number - last != ANNOTATED_STEP:
            text = f"frame {row.name.number} follows {last}, expected {last + ANNOTATED_STEP}: no clip crosses this"
            yield row.row, GAP, text


def _outside_clips(sheet: LabelSheet, frames: Sequence[int]) -> Iterator[Place]:
    """Frames of a set of chosen clips that are in none: gaps between the clips are meant."""
    alone = {frame for run in runs_of(frames) if len(run) < CLIP_FRAMES for frame in run}
    for row in by_frame(sheet.rows):
        if row.name and row.name.number in alone:
            text = f"frame {row.name.number} is in no clip of three frames {ANNOTATED_STEP} apart: it is not used"
            yield row.row, GAP, text


def _without_row(data_set: Found, folder: Path, named: set[ImageName]) -> Iterator[Finding]:
    """Pictures that no sheet names; several in a row are one finding at the first of them."""
    pictures = data_set.folders[folder]
    names = sorted(pictures)
    runs: list[list[ImageName]] = []
    for place, name in enumerate(names):
        if name in named:
            continue
        if runs and place and runs[-1][-1] == names[place - 1]:
            runs[-1].append(name)
        else:
            runs.append([name])
    for run in runs:
        _, first = max(pictures[run[0]].items(), key=lambda item: item[0])  # its 16-bit one, where there are two
        more = f" and {len(run) - 1} more, up to frame {run[-1].number}" if len(run) > 1 else ""
        yield Finding(_place(data_set, first.path), None, NO_ROW, f"no sheet has a row of this frame{more}")


def _place(data_set: Found, path: Path) -> str:
    return path.relative_to(data_set.root).as_posix()


def as_csv(findings: Iterable[Finding]) -> str:
    """The findings as CSV: file, row, kind, text; no spreadsheet takes the name of a file for a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Finding._fields)
    for finding in findings:
        writer.writerow(("'" * finding.file.startswith(("=", "+", "-", "@")) + finding.file, *finding[1:]))
    return text.getvalue()


def as_table(checked: Checked) -> str:
    """The findings as text, at most ten of a kind and file, and their number by kind."""
    looked = f"{counted(checked.rows, 'row')} of {counted(checked.infants, 'infant')}"
    shares = ", ".join(f"{joint} {share:.1f}" for joint, share in checked.missing_pct.items())
    missing = [f"not labelled, % of the frames: {shares}"] if shares else []
    if not checked.findings:
        return "\n".join([*missing, f"nothing found wrong in {looked}"])
    lines_of_cells: list[tuple[str, ...]] = [("file", "row", "kind", "what")]
    so_far: Counter[tuple[str, str]] = Counter()
    count = Counter((finding.file, finding.kind) for finding in checked.findings)
    for finding in checked.findings:
        so_far[finding.file, finding.kind] += 1
        if so_far[finding.file, finding.kind] <= _SHOWN:
            lines_of_cells.append((finding.file, str(finding.row or ""), finding.kind, finding.text))
        elif so_far[finding.file, finding.kind] == _SHOWN + 1:
            rest = count[finding.file, finding.kind] - _SHOWN
            lines_of_cells.append((finding.file, "...", finding.kind, f"and {rest} more (--csv names them all)"))
    widths = [max(len(row[column]) for row in lines_of_cells) for column in range(3)]
    lines = ["  ".join([*(row[i].ljust(widths[i]) for i in range(3)), row[3]]) for row in lines_of_cells]
    kinds = ", ".join(f"{kind} {number}" for kind, number in sorted(Counter(f.kind for f in checked.findings).items()))
    return "\n".join([*lines, *missing, f"{counted(len(checked.findings), 'finding')} in {looked}: {kinds}"])
