"""The truth of a simulated recording as files."""

import importlib.util
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from asyconv.labels.label_sheets import cells_of, write_label_sheet
from asyconv.recordings.finding import IGNORE_FILE
from asyconv.simulation.infant import Infant
from asyconv.simulation.labels import annotators_labels
from asyconv.simulation.truth import Truth
from asyconv.skeleton import JOINTS, LIMBS


def make_truth_folder(out: Path) -> Path:
    """Make ``out/truth``, into which asyconv does not look."""
    folder = out / "truth"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / IGNORE_FILE).write_text("The truth of simulated recordings; asyconv does not look in here.\n")
    return folder


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
            {"limb": list(LIMBS)[s.limb], "start_s": s.start_s, "end_s": s.end_s, "bout": s.bout}
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
