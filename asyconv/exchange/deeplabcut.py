"""Tables of DeepLabCut, CSV or HDF5: three levels of names (four with individuals), pixels and likelihoods."""

import csv
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

import asyconv
from asyconv.errors import InputError
from asyconv.exchange.deeplabcut_h5 import read_h5, write_h5
from asyconv.exchange.facts import facts_beside, facts_of, write_beside
from asyconv.exchange.frame_numbers import last_number
from asyconv.exchange.poses import Poses
from asyconv.exchange.regular import regular
from asyconv.exchange.tables import csv_rows, number_in, text_table
from asyconv.skeleton import JOINTS
from asyconv.tracks import Tracks
from asyconv.whole_files import write_whole

HEADERS: Final = ("scorer", "individuals", "bodyparts", "coords")
COORDS: Final = {"x": "x_px", "y": "y_px", "likelihood": "confidence"}


def write(tracks: Tracks, path: Path) -> list[str]:
    """Write pixels; the scorer names program and model, and says where the infant is simulated."""
    tracks, rate_hz = regular(tracks)
    model = "".join(c if c.isalnum() or c in "-." else "-" for c in str(tracks.meta.get("model_name") or "unknown"))
    scorer = f"asyconv-{asyconv.__version__}_{model}" + ("_SIMULATED" if tracks.meta.get("simulated") else "")
    columns: dict[tuple[str, ...], Any] = {}
    for j, joint in enumerate(JOINTS):
        columns |= {(scorer, joint, coord): getattr(tracks, name)[:, j] for coord, name in COORDS.items()}
    levels = [name for name in HEADERS if name != "individuals"]
    if path.suffix == ".h5":
        write_h5(path, levels, columns, tracks.frame - 1)
    else:
        header = [[name, *cells] for name, cells in zip(levels, zip(*columns, strict=True), strict=True)]
        lines = "".join(",".join(cells) + "\n" for cells in header)
        named = {" ".join(column): values for column, values in columns.items()}
        write_whole(path, lines + text_table({"frame": tracks.frame - 1, **named}))
    write_beside(path, facts_of(tracks, "px", rate_hz=rate_hz))
    return []


def read(path: Path) -> Poses:
    """Read a table with three levels of names, or four with individuals; a point without x or y is missing.

    A row is a frame by its number, or by the number in the name of its picture.
    """
    return _read_h5(path) if path.suffix.lower() == ".h5" else _read_csv(path)


def _read_h5(path: Path) -> Poses:
    levels, columns, frame = read_h5(path)
    if not {"bodyparts", "coords"} <= set(levels):
        raise InputError(f"{path}: expected the levels {', '.join(HEADERS)}, found {', '.join(levels)}")
    places = [dict(zip(levels, column, strict=True)) for column in columns]
    individuals, names = (list(dict.fromkeys(p.get(key, "") for p in places)) for key in ("individuals", "bodyparts"))
    values = np.full((len(individuals), len(frame), len(names), 3), np.nan)
    for place, column in zip(places, columns.values(), strict=True):
        if place["coords"] in COORDS:
            person, name = individuals.index(place.get("individuals", "")), names.index(place["bodyparts"])
            values[person, :, name, list(COORDS).index(place["coords"])] = column
    return _poses(path, names, frame, values, tuple(individuals) if "individuals" in levels else ())


def _read_csv(path: Path) -> Poses:
    rows = [row for row in csv_rows(path, "a table of DeepLabCut (CSV)", csv.reader) if row]
    headers: dict[str, list[str]] = {}
    for row in rows[: len(HEADERS)]:
        if row[0] in HEADERS:
            headers[row[0]] = row
    if not {"bodyparts", "coords"} <= headers.keys():
        raise InputError(f"{path}: expected the header rows {', '.join(HEADERS)}, found {', '.join(headers) or 'none'}")
    parts, coords = headers["bodyparts"], headers["coords"]
    first = next((k for k, cell in enumerate(parts) if k and cell), 1)  # pictures may have several index columns
    people = headers.get("individuals", [""] * len(parts))
    individuals, names = (list(dict.fromkeys(cells[first:])) for cells in (people, parts))
    body = rows[len(headers) :]
    values = np.full((len(individuals), len(body), len(names), 3), np.nan)
    frame = np.zeros(len(body), np.int64)
    for n, row in enumerate(body):
        where = f"{path}, row {len(headers) + n + 1}"
        if not len(row) == len(parts) == len(coords) == len(people):
            raise InputError(f"{where}: expected {len(parts)} cells, found {len(row)}")
        number = last_number(row[first - 1], where)
        frame[n] = n if number is None else number
        for k in range(first, len(row)):
            if coords[k] in COORDS:
                place = individuals.index(people[k]), n, names.index(parts[k]), list(COORDS).index(coords[k])
                values[place] = number_in(row[k], where)
    return _poses(path, names, frame, values, tuple(individuals) if "individuals" in headers else ())


def _poses(
    path: Path, names: list[str], frame: npt.NDArray[np.int64], values: npt.NDArray[np.float64], named: tuple[str, ...]
) -> Poses:
    if (np.diff(frame) <= 0).any():
        raise InputError(f"{path}: expected numbers of frames that rise from row to row")
    return Poses(tuple(names), frame, values[..., :2], values[..., 2], named, facts=facts_beside(path))
