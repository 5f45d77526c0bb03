"""Make the pictures of reports in docs/: ``python -m tests.report_pictures docs FOLDER``, after `make browser`.

Recordings, tracks and results are made in FOLDER, in some minutes. All are simulated. Four recordings run through the
whole pipeline with the shipped model: one in which everything is seen, the same at 6 Hz, the same infant with cloths
over a hand and a foot, and a bed with nobody in it. The cohort is made of true joints with added noise.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from asyconv.analysis import analyse
from asyconv.analysis.evaluation.noise_table import with_noise
from asyconv.analysis.report.page import render
from asyconv.analysis.tables.files import write_tables
from asyconv.pose.model_file import load_model
from asyconv.pose.tracking import track
from asyconv.recordings.oni_writer import OniWriter
from asyconv.recordings.opening import open_recording
from asyconv.simulation.infant import FPS_HZ, HEIGHT_PX, HFOV_RAD, VFOV_RAD, WIDTH_PX, Infant
from asyconv.simulation.scene import BARE, Condition, make_infant, sensed_depth
from asyconv.simulation.simulate import write_recording
from asyconv.simulation.truth import true_tracks, truth_of
from asyconv.skeleton import JOINTS
from asyconv.tracks_file import read_tracks, write_tracks
from tests.helpers.browser import launched, opened
from tests.helpers.cohort_report import report

SEED, NUMBER = 3, 8  # without cloths and hands every joint is visible all the time
HALF = Condition(occluded=False, covered=(JOINTS.index("right_wrist"), JOINTS.index("left_ankle")))
SECONDS, EMPTY_SECONDS = 75.0, 20.0
AGES = {"pma_days": 221, "ga_birth_days": 204}
INFANTS, COHORT_SEED = 24, 60
PAGE_PX, COHORT_PX, GAP_PX = 1060, 1300, 24
COLOURS = 160


def infant_of(seconds: float, condition: Condition) -> Infant:
    """The infant of all pictures, under one condition."""
    return make_infant(SEED, NUMBER, np.arange(round(seconds * FPS_HZ)) / FPS_HZ, condition=condition)


def write_empty_bed(path: Path) -> None:
    """A recording of the same bed with nobody in it."""
    bed = infant_of(EMPTY_SECONDS, BARE)
    with OniWriter(path, WIDTH_PX, HEIGHT_PX, FPS_HZ, hfov_rad=HFOV_RAD, vfov_rad=VFOV_RAD, simulated=True) as writer:
        for index in range(len(bed.motion.time_s)):
            writer.write(sensed_depth(bed, index, bed.background_mm), round(index * 1e6 / FPS_HZ))


def tracked(name: str, recording: Path, folder: Path, **settings: Any) -> Path:
    """Tracks of a recording in `folder`; those that are there already are kept."""
    path = folder / f"{name}.parquet"
    if not path.exists():
        with open_recording(recording) as depth:
            tracks = track(depth, load_model("compact"), infant_id="inf-017", head="down", mirrored=False, **settings)
        write_tracks(replace(tracks, meta={**tracks.meta, "recording_id": f"simulated-{recording.stem}"}), path)
    return path


def all_tracks(folder: Path) -> Iterator[Path]:
    """Tracks of the four recordings, the quickest first."""
    seen, half, empty = (folder / f"{name}.oni" for name in ("seen", "half", "empty"))
    if not empty.exists():
        write_empty_bed(empty)
    yield tracked("report_nothing_found", empty, folder)
    for path, condition in ((seen, BARE), (half, HALF)):
        if not path.exists():
            write_recording(infant_of(SECONDS, condition), path, lambda done: None)
    yield tracked("report_6hz", seen, folder, rate="6")
    yield tracked("report", seen, folder)
    yield tracked("report_half_occluded", half, folder)


def take(browser: Any, html: str, path: Path, folder: Path) -> Path:
    """The page down to its player, or to its steps where there is none, as a PNG of few colours."""
    with opened(browser, html, folder, width=PAGE_PX) as seen:
        seen.page.add_style_tag(content=".always { display: none }")  # it would lie across the picture
        last, after = seen.page.locator(".player"), seen.page.get_by_role("heading", name="Steps")
        box = last.bounding_box() if last.count() else after.bounding_box() | {"height": -20}
        below_px = box["y"] + box["height"]
        area = {"x": 0, "y": 0, "width": PAGE_PX, "height": below_px + 10}
        return kept(Image.open(BytesIO(seen.page.screenshot(full_page=True, clip=area))), path)


def kept(picture: Image.Image, path: Path) -> Path:
    """Write a picture with few colours."""
    picture = picture.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)
    return path


def cohort_results(results: Path) -> Path:
    """Tables of 24 infants of several ages, each seen by a camera of its own noise, and the cohort's page of them."""
    for number in range(INFANTS):
        name = f"simulated-{number:02d}"
        folder = results / name
        if folder.exists():
            continue
        infant = make_infant(COHORT_SEED, number, np.arange(round(SECONDS * FPS_HZ)) / FPS_HZ)
        seen = truth_of(infant, np.ones((len(infant.motion.time_s), len(JOINTS)), bool))
        tracks = with_noise(true_tracks(seen, infant), "white", 0.4 + 0.02 * number, number)
        meta = {**tracks.meta, "recording_id": name, "infant_id": f"inf-{number:03d}"}
        sheet = {"pma_days": 207 + 2 * number, "ga_birth_days": 204}
        folder.mkdir(parents=True)
        write_tables(analyse(replace(tracks, meta=meta), sheet=sheet), folder)
        manifest = {"recording_id": name, "analysis": {"infant_id": meta["infant_id"], "sheet": sheet}}
        (folder / "manifest.json").write_text(json.dumps(manifest))
    return report(results) / "report.html"


def take_cohort(browser: Any, page: Path, path: Path, folder: Path) -> Path:
    """The top of the cohort's page, and beside it its measures."""
    with opened(browser, page.read_text(encoding="utf8"), folder, width=PAGE_PX) as seen:
        seen.page.add_style_tag(content=".always { display: none }")
        measures = seen.page.get_by_role("heading", name="Measures, infant by infant").bounding_box()["y"]
        both = Image.new("RGB", (2 * PAGE_PX + GAP_PX, COHORT_PX), "#c3cad2")
        for left, top in ((0, 0), (PAGE_PX + GAP_PX, measures - 20)):
            area = {"x": 0, "y": top, "width": PAGE_PX, "height": COHORT_PX}
            both.paste(Image.open(BytesIO(seen.page.screenshot(full_page=True, clip=area))), (left, 0))
    return kept(both.resize((both.width * 2 // 3, both.height * 2 // 3), Image.Resampling.LANCZOS), path)


def main(docs: Path, folder: Path) -> None:
    """Write the pictures into `docs`; recordings, tracks and results stay in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    page = cohort_results(folder / "cohort")
    paths = list(all_tracks(folder))
    with TemporaryDirectory() as empty, launched(Path(empty) / "profile") as browser:
        print(take_cohort(browser, page, docs / "cohort.png", Path(empty)))
        for path in paths:
            html = render([analyse(read_tracks(path), sheet=AGES)])
            print(take(browser, html, docs / f"{path.stem}.png", Path(empty)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
