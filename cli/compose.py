"""From one source to one result folder: the function that `process` runs for every recording."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyconv import __version__
from asyconv.cli.machine import device, software
from asyconv.errors import InputError

if TYPE_CHECKING:
    from asyconv.analysis.series.still_clip import StillFloor
    from asyconv.night.one_recording import Job, Tell
    from asyconv.night.sheet import EventRow, Row
    from asyconv.pose.model_card import ModelFile
    from asyconv.pose.model_file import Model
    from asyconv.recordings.stream import Intrinsics, Recording
    from asyconv.stage_times import StageTimes
    from asyconv.tracks import Tracks

PROCESS_RECORDING = "asyconv.cli.compose:process_recording"
"""The function that an engine calls for every recording."""

TRACKED_AGAIN = "tracked again: the earlier tracks were not those of their manifest"
NO_LINE = "the sheet has no line of this recording"
NO_CAMERA = "camera_id {}: no camera of this id was described"


@dataclass(frozen=True)
class StatedFacts:
    """What the user states about all recordings, by option, sheet, events and camera file."""

    infant_id: str | None = None
    head: str | None = None
    mirrored: bool | None = None
    depth_unit_mm: float | None = None
    fps: float | None = None
    stream: str | None = None
    lossy: tuple[float, float] | None = None
    rate: str = "full"
    precision: str = "auto"
    still: "StillFloor | None" = None
    rows: "Mapping[Path, Row] | None" = None
    events: "Mapping[str, list[EventRow]]" = field(default_factory=dict)
    cameras: "Mapping[str | None, Intrinsics]" = field(default_factory=dict)

    def of_recording(self, source: Path) -> "RecordingFacts":
        """Collect what is stated about one recording; an option overrules the sheet."""
        row = (self.rows or {}).get(source)
        facts = row.facts() if row else {}
        camera = self.cameras.get(facts.get("camera_id")) or self.cameras.get(None)
        return RecordingFacts(
            infant_id=self.infant_id or facts.get("infant_id"),
            recording_id=facts.get("recording_id"),
            tracking={
                "head": self.head or facts.get("orientation"),
                "mirrored": facts.get("mirrored") if self.mirrored is None else self.mirrored,
                "depth_unit_mm": self.depth_unit_mm or facts.get("depth_unit_mm"),
                "fps_hz": self.fps or facts.get("fps_hz"),
                "stream": self.stream,
                "lossy_mm": self.lossy,
                "intrinsics": asdict(camera) if camera else None,
                "rate": self.rate,
                "precision": self.precision,
            },
            sheet=facts,
            excluded=row.exclude_reason if row else None,
            unmatched=[
                *([NO_LINE] if self.rows is not None and row is None else []),
                *([NO_CAMERA.format(facts["camera_id"])] if camera is None and "camera_id" in facts else []),
            ],
        )


@dataclass(frozen=True)
class RecordingFacts:
    """What the user states about one recording; None = not stated."""

    infant_id: str | None
    recording_id: str | None
    tracking: dict[str, Any]
    sheet: dict[str, Any]
    excluded: str | None
    unmatched: list[str]
    """What was expected about it and is not stated; for the manifest."""


def open_stated(source: Path, facts: RecordingFacts) -> "Recording":
    """Open a recording with the depth unit, frame rate, stream and depths of levels that the user states."""
    from asyconv.recordings.opening import open_recording

    names = ("depth_unit_mm", "fps_hz", "stream", "lossy_mm")
    return open_recording(source, **{name: facts.tracking[name] for name in names})


def process_recording(arguments: dict[str, Any], began: Callable[..., None]) -> dict[str, Any]:
    """Process one recording with its arguments as plain JSON values, wherever the engine runs it."""
    from asyconv.night.frozen import refuse_change
    from asyconv.night.one_recording import run_recording

    results = Path(arguments["results"])
    stated = RecordingFacts(**arguments["stated"])
    model = _model_file(arguments["model"])

    def prepared(source: Path) -> "Job":
        job = prepare(
            source, stated, arguments["events"], arguments["still"], model.weights_hash, arguments["sha256_by_planning"]
        )
        refuse_change(results, job)
        return job

    def work(job: "Job", folder: Path, tracks_from: Path | None, tell: "Tell") -> dict[str, Any]:
        return track_and_analyse(job, folder, tracks_from, stated, arguments["model"], tell)

    outcome = run_recording(
        Path(arguments["source"]), results, prepared, work,
        update=arguments["update"], run=arguments["run"], attempt=arguments["attempt"],
        began=lambda job: began(recording_id=job.recording_id, length_s=job.length_s), stated_id=stated.recording_id,
    )  # fmt: skip
    return outcome.to_json()


@functools.lru_cache(maxsize=1)
def _model_file(name: str) -> "ModelFile":
    from asyconv.pose.model_card import read_model

    return read_model(name)


@functools.lru_cache(maxsize=1)
def _model(name: str) -> "Model":
    from asyconv.night.one_recording import RunRefused
    from asyconv.pose.model_file import model_of

    try:
        return model_of(_model_file(name))
    except InputError as error:
        raise RunRefused(str(error)) from error


_seen: dict[str, str] = {}
"""SHA-256 by planning hash of what this process has read: who waits for another run's recording reads it once."""


def prepare(
    source: Path, stated: RecordingFacts, events: Mapping[str, list[Any]], still_floor: Any, weights_hash: str,
    sha256_by_planning: Mapping[str, str],
) -> "Job":  # fmt: skip
    """Identity and keys of a recording; its SHA-256, by which all else goes, is looked up by planning hash or read."""
    from asyconv.night.one_recording import Excluded, Job, key_of
    from asyconv.night.sources import default_id, planning_hash
    from asyconv.tracks import TRACKS_VERSION

    if stated.excluded:
        raise Excluded(stated.excluded)
    with open_stated(source, stated) as recording:
        planning = planning_hash(source)
        sha256 = sha256_by_planning.get(planning) or _seen.get(planning) or recording.sha256
        _seen[planning] = sha256
        input_facts = {"sha256": sha256, "planning": planning, "format": recording.format}
        length_s = recording.length_s
    from asyconv.pose.inference import precision_of  # loads torch: only for what can be opened

    recording_id = stated.recording_id or default_id(sha256)
    precision = precision_of(stated.tracking["precision"])
    tracking = {**stated.tracking, "model": weights_hash, "tracks_version": TRACKS_VERSION, "precision": precision}
    track_key = key_of({"input": sha256, **tracking})
    analysis = analysis_facts(stated.infant_id, stated.sheet, events.get(recording_id, []), still_floor)
    facts: dict[str, Any] = {"input": input_facts, "tracking": tracking, "analysis": analysis}
    facts |= {"unmatched": stated.unmatched} if stated.unmatched else {}
    return Job(source, recording_id, track_key, key_of({"tracks": track_key, **analysis}), facts, length_s)


def decisive_facts(stated: StatedFacts, weights_hash: str) -> dict[str, dict[str, Any]]:
    """Settings that must be the same for every recording of a frozen study."""
    from asyconv.analysis import ANALYSIS_VERSION
    from asyconv.pose.inference import precision_of
    from asyconv.tracks import TRACKS_VERSION

    return {
        "tracking": {
            "model": weights_hash,
            "tracks_version": TRACKS_VERSION,
            "rate": stated.rate,
            "precision": precision_of(stated.precision),
        },
        "analysis": {"analysis_version": ANALYSIS_VERSION},
    }


def analysis_facts(
    infant_id: str | None, sheet: dict[str, Any], events: list[dict[str, Any]], still_floor: dict[str, Any] | None
) -> dict[str, Any]:
    """Everything on which the tables depend, except the tracks."""
    from asyconv.analysis import ANALYSIS_VERSION

    return {
        "analysis_version": ANALYSIS_VERSION,
        "infant_id": infant_id,
        "sheet": sheet,
        "events": events,
        "still": still_floor,
    }


def track_and_analyse(
    job: "Job", folder: Path, tracks_from: Path | None, stated: RecordingFacts, model: str, tell: "Tell"
) -> dict[str, Any]:
    """Fill `folder` from a recording, or from the tracks of an earlier result."""
    from asyconv.cli.tracks_files import manifest_beside
    from asyconv.stage_times import StageTimes
    from asyconv.tracks_file import read_tracks

    times, again = StageTimes(), {}
    if tracks_from is not None:
        try:
            old = manifest_beside(tracks_from / "tracks.parquet")
            tracks = read_tracks(tracks_from / "tracks.parquet")
        except InputError:
            tracks_from, again = None, {"tracked_again": TRACKED_AGAIN}
        else:
            noted = {"made_by": old.get("made_by", {})}
    if tracks_from is None:
        tracks = _track(job, stated, model, times, tell)
        made_by = {**software("torch", "numpy", "numba"), "model": tracks.meta["model_name"], "device": device()}
        noted = {"made_by": made_by, **again}
    noted |= analyse_into(job, folder, tracks, times, tell)
    return noted | {"stages": times.facts()}


def _track(job: "Job", stated: RecordingFacts, model: str, times: "StageTimes", tell: "Tell") -> "Tracks":
    from asyconv.pose.tracking import track
    from asyconv.recordings.stream import Intrinsics

    intrinsics = stated.tracking["intrinsics"]
    with open_stated(job.source, stated) as recording:
        return track(
            recording,
            _model(model),
            recording_id=job.recording_id,
            infant_id=stated.infant_id,
            head=stated.tracking["head"],
            mirrored=stated.tracking["mirrored"],
            intrinsics=Intrinsics(**intrinsics) if intrinsics else None,
            rate=stated.tracking["rate"],
            precision=stated.tracking["precision"],
            progress=lambda done, total: tell("tracking", done, total),
            times=times,
        )


def analyse_into(job: "Job", folder: Path, tracks: "Tracks", times: "StageTimes", tell: "Tell") -> dict[str, Any]:
    """Write tracks, tables, figures and report into `folder`."""
    from asyconv.activity_file import write_suggested_events
    from asyconv.analysis import analyse
    from asyconv.analysis.report.canvas import write_drawings
    from asyconv.analysis.report.drawings import drawings
    from asyconv.analysis.report.page import write_report
    from asyconv.analysis.series.still_clip import StillFloor, check_fits
    from asyconv.analysis.tables.files import write_tables
    from asyconv.cli.tracks_files import events_in
    from asyconv.notice import NOTICE
    from asyconv.tracks_file import write_tracks

    analysis = job.facts["analysis"]
    ids = {"recording_id": job.recording_id, "infant_id": analysis["infant_id"]}
    floor: dict[str, Any] = {"still_floor_mm_s": None}
    if analysis["still"] is not None:
        still_floor = StillFloor(**analysis["still"])
        check_fits(still_floor, tracks.meta)
        floor = {"still_floor_mm_s": still_floor.limbs_mm_s}
    tracks = replace(tracks, meta={**tracks.meta, **ids, **floor})
    with times.of("tables"):
        write_tracks(tracks, folder / "tracks.parquet")
        if tracks.activity is not None:
            write_suggested_events(tracks.activity, tracks.time_s, job.recording_id, folder / "suggested_events.csv")
    tell("analysis", 0, None)
    with times.of("analysis"):
        movement = analyse(tracks, events_in(job.facts), analysis["sheet"])
    with times.of("tables"):
        write_tables(movement, folder)
    tell("report", 0, None)
    with times.of("report"):
        write_drawings(drawings(movement), folder / "figures")
        write_report(movement, folder / "report.html", folder / "figures")
    kept = ("frames_used", "frames_lost", "warnings", "model_name", "left_right_verified", "simulated")
    return {
        **{name: tracks.meta.get(name) for name in kept},
        "recorded_s": round(len(tracks.frame) / tracks.meta["fps_measured_hz"], 3),
        "software": {**software("numpy", "scipy", "polars"), "asyconv": __version__},
        "notice": NOTICE,
    }
