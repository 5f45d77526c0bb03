"""Simulated infants as an annotated data set in babyPose's layout, clean or with the flaws of real ones.

`OUT/pz1/1_16bit.png, 6_16bit.png, ...` with `OUT/result_pz1.csv`; the truth lies in `OUT/truth`: the sheet without
flaws, the infant, and `flaws.csv`, all that `asyconv check OUT` must name. Everything here is simulated.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.labels.annotations import ANNOTATED_STEP
from asyconv.labels.check import Finding, as_csv
from asyconv.labels.label_sheets import write_label_sheet
from asyconv.recordings.png_folder import write_png_folder
from asyconv.simulation.body import Array
from asyconv.simulation.flaws import natural, plant, with_gaps
from asyconv.simulation.frames import Progress, told_of
from asyconv.simulation.infant import Infant, frame_times
from asyconv.simulation.labels import annotators_labels
from asyconv.simulation.scene import ON_THE_BACK, Condition, Conditions, make_infant, sensed_depth, true_depth
from asyconv.simulation.truth import truth_of
from asyconv.simulation.truth_files import make_truth_folder, write_infant
from asyconv.simulation.visible import visible_joints
from asyconv.skeleton import N_JOINTS


def simulate_annotated(
    out: Path,
    infants: int,
    seconds: float,
    seed: int,
    *,
    flaws: bool = False,
    condition: Condition | Conditions = ON_THE_BACK,
    progress: Progress = lambda done, total: None,
) -> list[Path]:
    """Write `infants` annotated infants of `seconds` into `out`, with their truth; give the sheets' paths.

    With `flaws`, sheets and pictures have what real ones have (paper.md 12). `progress(done, total)` is told of
    pictures.
    """
    if infants < 1 or seconds < 0.5:
        raise InputError(f"simulation: expected at least 1 infant and 0.5 s, got {infants} and {seconds:g} s")
    time_s = frame_times(seconds)
    frames = list(range(1, len(time_s) + 1, ANNOTATED_STEP))
    if flaws:
        frames = with_gaps(frames)
    truth_folder = make_truth_folder(out)
    flaw_list: list[Finding] = []
    sheets = []
    for number in range(infants):
        infant = make_infant(seed, number, time_s, condition=condition)
        name = f"pz{number + 1}"
        tell = told_of(progress, number * len(frames), infants * len(frames))
        labels = _write_pictures(infant, frames, out / name, tell)
        rng = np.random.default_rng(np.random.SeedSequence([seed, number, 78]))
        written = plant(frames, labels, name, rng) if flaws else natural(frames, labels, name)
        for frame in set(frames) - set(written.pictures):
            (out / name / f"{frame}_16bit.png").unlink()
        sheets.append(out / f"result_{name}.csv")
        write_label_sheet(sheets[-1], written.rows, "\r\n" if flaws and number % 2 == 0 else "\n")
        write_infant(infant, truth_folder / name)
        write_label_sheet(truth_folder / name / sheets[-1].name, natural(frames, labels, name).rows)
        flaw_list += written.flaws
    (truth_folder / "flaws.csv").write_text(as_csv(flaw_list), encoding="utf8")
    return sheets


def _write_pictures(infant: Infant, frames: list[int], folder: Path, tell: Callable[[int], None]) -> Array:
    """Write the pictures of `frames`; give the annotators' labels [M, 12, 2], NaN = not visible."""
    seen = np.zeros((len(infant.motion.time_s), N_JOINTS), bool)

    def depths() -> Iterator[npt.NDArray[np.uint16]]:
        for done, frame in enumerate(frames, start=1):
            z_mm, part = true_depth(infant, frame - 1)
            seen[frame - 1] = visible_joints(infant, frame - 1, z_mm, part)
            tell(done)
            yield sensed_depth(infant, frame - 1, z_mm)

    write_png_folder(folder, depths(), numbers=frames, suffix="_16bit", simulated=True)
    labels = annotators_labels(truth_of(infant, seen), infant)
    return np.asarray(labels[[(frame - 1) // ANNOTATED_STEP for frame in frames]])
