"""asyconv evaluate, the parts about movement: amounts beside the truth, effect of noise, gain by frequency."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyconv.cli.progress import progress

if TYPE_CHECKING:
    from asyconv.analysis.evaluation.amount_summary import LimbError
    from asyconv.pose.model_file import Model
    from asyconv.simulation.infant import Infant
    from asyconv.simulation.scene import Condition, Conditions
    from asyconv.simulation.truth import Truth
    from asyconv.tracks import Tracks

TRACKS = "tracks"
"""Folder of the tracks that a second call takes again."""
OF_TRACKS = ("tracker_band_hz", "speed_noise_sds", "interval_factors")
"""Facts of a model's card that tracks carry: tracks that were kept get those of the card as it is now."""
TURNTABLE_S = 20.0


def compare_amounts(model: "Model", infants: int, seconds: float, seed: int, output: Path | None = None) -> str:
    """Simulate recordings, track them, analyse true and predicted tracks, and set both beside the truth.

    The noise that is taken off the speeds is that of the model's card, or what it is here where the card states none.
    With `output`, the values of every recording as CSV and a picture go there, a copy of the model whose card states
    this noise and the factors of intervals that hold here, and the predicted tracks: given again, the command analyses
    those that the same model left, without the networks.
    """
    from asyconv.analysis import analyse
    from asyconv.analysis.evaluation import agreement
    from asyconv.analysis.evaluation.amount_intervals import factors_that_hold, interval_rows, intervals_text
    from asyconv.analysis.evaluation.amount_summary import limb_errors, summary_text
    from asyconv.analysis.evaluation.jitter import jitter_of, jitter_rows, jitter_text
    from asyconv.analysis.evaluation.speed_noise import speed_noise_sds
    from asyconv.evaluation.calibration import export_with
    from asyconv.simulation.frames import limbs_visible_pct
    from asyconv.simulation.infant import FPS_HZ
    from asyconv.simulation.truth import true_tracks

    truth, true, predicted, jitter, intervals = [], [], [], [], []
    errors: dict[str, list[LimbError]] = {"true tracks": [], "predicted": []}
    recordings = [
        (known_truth, limbs_visible_pct(infant), analyse(true_tracks(known_truth, infant)), tracks)
        for known_truth, infant, tracks in _tracked(model, infants, seconds, seed, output and output / TRACKS)
    ]
    noise_sds = model.card.get("speed_noise_sds") or speed_noise_sds(
        [(from_true.limbs, analyse(tracks).limbs) for _, _, from_true, tracks in recordings], FPS_HZ
    )
    for known_truth, visible_pct, from_true, tracks in recordings:
        from_predicted = analyse(replace(tracks, meta={**tracks.meta, "speed_noise_sds": noise_sds}))
        true.append(agreement.measured_amounts(from_true))
        amounts = agreement.true_amounts(known_truth.speed_mm_s, known_truth.moving, known_truth.time_s)
        truth.append(agreement.with_ranges(amounts, true[-1]))
        predicted.append(agreement.measured_amounts(from_predicted))
        jitter.append(jitter_of(from_true, from_predicted))
        intervals += interval_rows(from_predicted, amounts, len(truth))
        known = (amounts, known_truth.moving, visible_pct)
        errors["true tracks"] += limb_errors(from_true, true[-1], *known)
        errors["predicted"] += limb_errors(from_predicted, predicted[-1], *known, jitter[-1])
    measured = {"true tracks": true, "predicted": predicted}
    if output is not None:
        _write(agreement.rows(truth, measured), jitter_rows(jitter), intervals, output)
        if factors := factors_that_hold(intervals):
            measured_here = {"speed_noise_sds": noise_sds, "interval_factors": factors}
            export_with(output / f"{model.name}.safetensors", model, measured_here)
    where = "the model's card" if model.card.get("speed_noise_sds") else "measured on these infants"
    noise = f"speed noise taken off: {noise_sds or 0:g} SDs of a speed ({where})"
    texts = [summary_text(errors), agreement.table(truth, measured), jitter_text(jitter), intervals_text(intervals)]
    return "\n\n".join([*texts, noise])


def amounts_by_condition(
    model: "Model", infants: int, seconds: float, seed: int, output: Path | None = None, *, other_hospital: bool = False
) -> str:
    """The same infants under one condition after another, and how far their amounts are from the truth.

    With `other_hospital`, infants of that hospital take the place of all conditions. With `output`, the figures go
    there as CSV, and the predicted tracks, which a second call takes again.
    """
    import polars as pl

    from asyconv.analysis import analyse
    from asyconv.analysis.evaluation import agreement
    from asyconv.analysis.evaluation.amount_summary import figures, limb_errors, summary_text
    from asyconv.analysis.evaluation.jitter import jitter_of
    from asyconv.analysis.tables.files import write_csv
    from asyconv.evaluation.conditions import MOVEMENT_CONDITIONS
    from asyconv.simulation.frames import limbs_visible_pct
    from asyconv.simulation.other_hospital import other_hospital as hospital
    from asyconv.simulation.truth import true_tracks

    conditions: Mapping[str, Condition | Conditions] = MOVEMENT_CONDITIONS
    if other_hospital:
        conditions = {"another hospital": partial(hospital, seed)}
    errors: dict[str, list[LimbError]] = {}
    for name, condition in conditions.items():
        of_condition = errors.setdefault(name, [])
        kept = output and output / TRACKS / "-".join(re.findall(r"\w+", name))
        for truth, infant, tracks in _tracked(model, infants, seconds, seed, kept, condition):
            movement = analyse(tracks)
            amounts = agreement.true_amounts(truth.speed_mm_s, truth.moving, truth.time_s)
            jitter = jitter_of(analyse(true_tracks(truth, infant)), movement)
            of_condition += limb_errors(
                movement, agreement.measured_amounts(movement), amounts, truth.moving, limbs_visible_pct(infant), jitter
            )
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        rows = [{"condition": name, **figures(limbs)} for name, limbs in errors.items()]
        write_csv(pl.DataFrame(rows), output / "movement_conditions.csv")
    return summary_text(errors)


def _tracked(
    model: "Model",
    infants: int,
    seconds: float,
    seed: int,
    kept: Path | None,
    condition: "Condition | Conditions | None" = None,
) -> "Iterator[tuple[Truth, Infant, Tracks]]":
    """Truth, infant and predicted tracks of each infant, the tracks read from `kept` where they are, else written.

    The infants are under `condition`, by default calm ones. One recording lies on the disk at a time.
    """
    from asyconv.simulation.infant import frame_times
    from asyconv.simulation.scene import CALM_INFANT, make_infant
    from asyconv.simulation.truth import truth_of
    from asyconv.tracks import TRACKS_VERSION
    from asyconv.tracks_file import read_tracks, write_tracks

    for number in range(infants):
        infant = make_infant(seed, number, frame_times(seconds), condition=condition or CALM_INFANT)
        name = f"simulated-{seed}-{number:03d}"
        kept_file = kept and kept / f"{name}-{seconds:g}s-{model.weights_hash[:12]}-{TRACKS_VERSION}.parquet"
        if kept_file and kept_file.is_file():
            tracks = read_tracks(kept_file)
            tracks = replace(tracks, meta={**tracks.meta, **{fact: model.card.get(fact) for fact in OF_TRACKS}})
        else:
            with tempfile.TemporaryDirectory() as folder:
                tracks = _track_infant(model, infant, Path(folder) / f"{name}.oni")
            if kept_file:
                kept_file.parent.mkdir(parents=True, exist_ok=True)
                write_tracks(tracks, kept_file)
        yield truth_of(infant), infant, tracks


def _track_infant(model: "Model", infant: "Infant", path: Path) -> "Tracks":
    """Write the infant's recording to `path` and track it as any other."""
    from asyconv.pose.tracking import track
    from asyconv.recordings.opening import open_recording
    from asyconv.simulation.simulate import write_recording

    frames = len(infant.motion.time_s)
    with progress(f"simulating infant {infant.number + 1}") as tell:
        write_recording(infant, path, lambda done: tell(done, frames))
    with open_recording(path) as recording, progress(path.name) as tell:
        return track(recording, model, progress=tell)


def _write(
    rows: list[dict[str, Any]], jitter: list[dict[str, Any]], intervals: list[dict[str, Any]], output: Path
) -> None:
    import polars as pl

    from asyconv.analysis.evaluation.agreement_plot import agreement_picture
    from asyconv.analysis.tables.files import write_csv

    output.mkdir(parents=True, exist_ok=True)
    for name, content in (("movement", rows), ("floors", jitter), ("intervals", intervals)):
        write_csv(pl.DataFrame(content, infer_schema_length=None), output / f"{name}.csv")
    picture = agreement_picture([row for row in rows if row["source"] == "predicted"])
    (output / "movement.png").write_bytes(picture.png())


def amounts_under_noise(infants: int, seconds: float, seed: int) -> str:
    """Add noise to the true joints of simulated infants and analyse them as any others; no model takes part."""
    from asyconv.analysis.evaluation import agreement
    from asyconv.analysis.evaluation.noise_table import Known, noise_rows, noise_text
    from asyconv.simulation.infant import frame_times
    from asyconv.simulation.scene import make_infant
    from asyconv.simulation.truth import true_tracks, truth_of

    recordings = []
    for number in range(infants):
        infant = make_infant(seed, number, frame_times(seconds))
        truth = truth_of(infant)
        amounts = agreement.true_amounts(truth.speed_mm_s, truth.moving, truth.time_s)
        recordings.append(Known(true_tracks(truth, infant), amounts, truth.speed_mm_s, truth.moving))
    return noise_text(list(noise_rows(recordings)), infants)


def gain_by_frequency(model: "Model", infants: int, seed: int, output: Path | None = None) -> str:
    """Simulate limbs that swing as sines, track and analyse them, and print the gain at each frequency.

    With `output`, the model goes there with the measured band in its card.
    """
    from asyconv.analysis.evaluation.gain import band_hz, gain_text, mean_gains, measured_gains
    from asyconv.analysis.evaluation.turntable import turned, turntable_text
    from asyconv.evaluation.calibration import export_with
    from asyconv.simulation.infant import frame_times
    from asyconv.simulation.scene import BARE, make_infant
    from asyconv.simulation.sines import EDGE_S, swinging_infant, swings
    from asyconv.simulation.truth import true_tracks, truth_of

    measured = []
    for number in range(infants):
        infant = swinging_infant(seed, number)
        with tempfile.TemporaryDirectory() as folder:
            predicted = _track_infant(model, infant, Path(folder) / f"swinging-{seed}-{number:03d}.oni")
        true = true_tracks(truth_of(infant), infant)
        spans = [(s.limb, s.frequency_hz, (s.start_s + EDGE_S, s.end_s - EDGE_S)) for s in swings()]
        measured += measured_gains(true, predicted, spans)
    gains = mean_gains(measured)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        measured_band = {"tracker_band_hz": round(band_hz(gains), 2) or None}
        export_with(output / f"{model.name}.safetensors", model, measured_band)
    still = make_infant(seed, 0, frame_times(TURNTABLE_S), moving=False, condition=BARE)
    on_turntable = turned(true_tracks(truth_of(still), still))
    return gain_text(gains, len(measured)) + "\n" + turntable_text(on_turntable)


def coverage_of_intervals(infants: int, seconds: float, seed: int) -> str:
    """Coverage of every measure's intervals on long simulated recordings, as the lines of a CSV file."""
    from asyconv.analysis.evaluation.interval_coverage import JITTER_MM, interval_coverage, jittered, table
    from asyconv.simulation.infant import frame_times
    from asyconv.simulation.scene import BARE, make_infant
    from asyconv.simulation.truth import true_tracks, truth_of

    def recordings() -> "Iterator[Tracks]":
        for number in range(infants):
            infant = make_infant(seed, number, frame_times(seconds), condition=BARE)
            yield jittered(true_tracks(truth_of(infant), infant), JITTER_MM, number)

    return table(interval_coverage(recordings()))
