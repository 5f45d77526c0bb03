"""Files of an annotated data set: sheets of labels, and folders of pictures by the number in their names."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asyconv.errors import InputError
from asyconv.labels.coco import is_coco, read_coco
from asyconv.labels.foreign import what_labels
from asyconv.labels.label_sheets import HEADERS, ImageName, LabelSheet, image_name, is_label_sheet, read_label_sheet
from asyconv.recordings.finding import IGNORE_FILE
from asyconv.recordings.png_files import PngHeader, png_header


@dataclass(frozen=True)
class Picture:
    """One PNG file and what its first bytes say; None where it is no PNG."""

    path: Path
    header: PngHeader | None


Pictures = dict[ImageName, dict[int, Picture]]
"""Pictures of a folder by their name without suffix, then by bits (0 where the file is no gray PNG)."""


@dataclass(frozen=True)
class Found:
    """Files of a data set: the files of labels, and the pictures of each folder."""

    root: Path
    sheets: tuple[Path, ...]
    folders: dict[Path, Pictures]
    foreign: tuple[tuple[Path, str], ...] = ()  # files that look like labels and cannot be read, and what they are


def find_annotated(path: Path) -> Found:
    """Search a data set; hidden folders and those that hold a file ``.asyconv-ignore`` are not entered."""
    if not path.exists():
        raise InputError(f"{path.name}: expected a data set, found nothing at this place")
    root = path if path.is_dir() else path.parent
    sheets, folders, foreign = [], {}, []
    for name, below, files in os.walk(root):
        if IGNORE_FILE in files:
            below.clear()
            continue
        below[:] = sorted(folder for folder in below if not folder.startswith("."))
        places = (Path(name, file) for file in sorted(files) if not file.startswith("."))
        paths = [file for file in places if file.is_file()]  # a pipe may never end
        pictures = _index([file for file in paths if file.suffix.lower() == ".png"])
        if pictures:
            folders[Path(name)] = pictures
        if path.is_dir():
            label_files = [file for file in paths if is_label_sheet(file) or is_coco(file)]
            foreign += [(file, what) for file in paths if file not in label_files and (what := what_labels(file))]
            sheets += label_files
    return Found(root, tuple(sheets) if path.is_dir() else (path,), folders, tuple(foreign))


def read_sheets(file: Path) -> list[LabelSheet]:
    """The sheets of one file: one of a table, one for each infant of a COCO file."""
    return read_coco(file) if file.suffix.lower() == ".json" else [read_label_sheet(file)]


def pictures_of(sheet: LabelSheet, data_set: Found) -> tuple[Path, Pictures] | None:
    """Folder with the pictures of a sheet and what is in it; None where there is none."""
    own = sheet.path.parent
    named = [folder for folder in data_set.folders if folder.name == sheet.infant_id]
    if len(named) > 1:
        where = " and ".join(str(folder.relative_to(data_set.root)) for folder in named[:2])
        raise InputError(f"infant {sheet.infant_id}: expected one folder of pictures, found {where}")
    for folder in (*named, own, own / "images"):
        if folder in data_set.folders:
            return folder, data_set.folders[folder]
    return None


def no_sheet(what: str) -> str:
    """Say what was expected in place of a file that looks like labels."""
    return f"expected a sheet of labels with the header {HEADERS} (UTF-8), or COCO key points, found {what}"


def size_of(sheet: LabelSheet, pictures: Pictures) -> tuple[int, int]:
    """Width and height of most pictures of a sheet; without any, what the sheet states, else babyPose's."""
    bits = depth_bits_of(sheet, pictures)
    headers = [there[bits].header for row in sheet.rows if row.name and bits in (there := pictures.get(row.name, {}))]
    sizes = Counter((header.width_px, header.height_px) for header in headers if header)
    stated = Counter(row.size_px for row in sheet.rows if row.size_px)
    return next((count.most_common(1)[0][0] for count in (sizes, stated) if count), (640, 480))


def depth_bits_of(sheet: LabelSheet, pictures: Pictures) -> int:
    """16 where any row of the sheet has a 16-bit picture, else 8."""
    return 16 if any(16 in pictures.get(row.name, {}) for row in sheet.rows if row.name) else 8


def _index(paths: Sequence[Path]) -> Pictures:
    pictures: Pictures = {}
    for path in paths:
        name = image_name(path.name)
        if name is not None:
            header = png_header(path)
            bits = header.bits if header and header.bits in (8, 16) else 0
            pictures.setdefault(name, {}).setdefault(bits, Picture(path, header))
    return pictures


def short_name(path: Path) -> str:
    """A file and its folder: enough for a sentence."""
    return f"{path.parent.name}/{path.name}"
