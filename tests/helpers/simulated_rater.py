"""A rater of simulated recordings who knows where the joints are: labels through the server of the label page."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from asyconv.cli.label import known_tracks, opened_recordings, sources_of
from asyconv.labelling.choosing import choose
from asyconv.labelling.label_set import ChosenFrame, LabelSet
from asyconv.labelling.rater_file import opened
from asyconv.labelling.server import HOST, make_app
from asyconv.recordings.stream import sha256_of
from asyconv.skeleton import JOINTS

CLICK_NOISE_PX = 2.8  # per axis, as of the babyPose labels


def chosen_from(recordings: Path, results: Path, labels: Path, frames: int) -> LabelSet:
    """Choose frames as `asyconv label RECORDINGS --tracks RESULTS -o LABELS` does before its page opens."""
    known = known_tracks((results,))
    return choose(labels, sources_of(opened_recordings((recordings,), known), known, "compact", None), frames)


def label_like(chosen: LabelSet, recordings: Path) -> None:
    """Label every frame by the truth of its simulated recording, with the noise of clicks."""
    truth = {sha256_of(path): recordings / "truth" / path.stem / "joints.parquet" for path in recordings.glob("*.oni")}
    rng = np.random.default_rng(7)
    with opened(chosen, "anna") as file:
        client: Any = make_app(chosen, file, "token").test_client()
        for frame in chosen.frames:
            address = f"/token/label/{frame.id}"
            before = client.get(address, base_url=f"http://{HOST}").json
            body = _answers(frame, truth[frame.recording_sha256], rng) | {"revision": before["revision"]}
            answer = client.put(address, json=body, base_url=f"http://{HOST}")
            assert (answer.status_code, "warning" in answer.json) == (200, False), answer.json


def _answers(frame: ChosenFrame, truth: Path, rng: np.random.Generator) -> dict[str, Any]:
    rows = pl.read_parquet(truth).filter(pl.col("frame") == frame.frame)
    assert rows["joint"].to_list() == list(JOINTS)
    xy_px = rows.select("x_px", "y_px").to_numpy() + rng.normal(0.0, CLICK_NOISE_PX, (len(JOINTS), 2))
    last = np.array([frame.width_px, frame.height_px]) - 1
    inside = ((xy_px >= 0) & (xy_px <= last)).all(axis=1)
    states = np.where(inside, np.where(rows["visible"].to_numpy(), "visible", "hidden"), "outside").tolist()
    points = [point if state == "visible" else None for point, state in zip(xy_px.tolist(), states, strict=True)]
    return {"states": states, "points": points}
