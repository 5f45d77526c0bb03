"""Recordings on their way to chosen frames: with tracks or without, several of an infant, other rates."""

from pathlib import Path

import numpy as np
import pytest

from asyconv.cli.label import known_tracks, opened_recordings, sources_of
from asyconv.errors import InputError
from asyconv.labelling.choosing import OF_RECORDING, Source, choose
from asyconv.recordings.opening import open_recording
from tests.helpers.closed_form import make_tracks
from tests.helpers.labelled import source, tracks_of
from tests.helpers.result_folders import write_result
from tests.helpers.sloped_wall import wall


def test_without_tracks_the_model_is_run_at_six_frames_a_second(model: Path, tmp_path: Path) -> None:
    wall(tmp_path / "r.mkv", 60)
    (recording,) = opened_recordings((tmp_path,), [])
    (made,) = sources_of([recording], [], str(model), "up")
    assert np.diff(made.tracks.frame).tolist() == [5] * 11
    chosen = choose(tmp_path / "labels", [made], 3)
    assert [frame.number for frame in chosen.frames] == [frame.frame for frame in chosen.frames]
    assert chosen.frames[0].infant_id == f"rec-{recording.sha256[:12]}"  # nobody says whose recording it is
    assert chosen.depth_mm(chosen.frames[0].pictures["0"])[470, 630] == 0  # the head is up, so it was turned


def test_recordings_of_one_infant_have_numbers_apart(tmp_path: Path) -> None:
    tracks = [make_tracks(3.0, infant_id="inf-1", recording_id=f"rec-{n}", noise_mm=0.5, seed=n) for n in (1, 2)]
    sources = []
    for n, of_one in enumerate(tracks):
        recording = open_recording(wall(tmp_path / f"{n}.mkv", 90, level=700 + n))
        sources.append(Source(recording, recording.sha256, of_one))
    frames = choose(tmp_path / "labels", sources, 12).frames
    assert len({frame.id for frame in frames}) == len(frames) == 12
    assert {(frame.recording_id, frame.number // OF_RECORDING) for frame in frames} == {("rec-1", 0), ("rec-2", 1)}


def test_numbers_count_thirty_a_second_at_another_rate(tmp_path: Path) -> None:
    recording = open_recording(wall(tmp_path / "r.mkv", 75, fps_hz=25.0))
    tracks = make_tracks(3.0, fs_hz=25.0, noise_mm=0.5)
    frames = choose(tmp_path / "labels", [Source(recording, recording.sha256, tracks)], 3).frames
    assert np.diff([frame.frame for frame in frames]).tolist() == [4, 4]
    assert np.diff([frame.number for frame in frames]).tolist() == [5, 5]


def test_tracks_are_found_by_the_bytes_of_their_recording_and_name_the_infant(tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    for n in (1, 2):
        recording = source(tmp_path / "recordings", n).recording.path
        stated = {"fps_hz": None if n == 1 else 30.0, "stream": None}
        write_result(
            tmp_path / "results" / f"rec-{n}", tracks_of(n), recording, tracking=stated,
            analysis={"infant_id": f"own-{n}"},
        )  # fmt: skip
    known = known_tracks((tmp_path / "results",))
    opened = opened_recordings((tmp_path / "recordings",), known)
    sources = sources_of(opened, known, "compact", None)
    assert [(one.infant_id, one.recording_id) for one in sources] == [("own-1", "rec-1"), ("own-2", "rec-2")]
    with pytest.raises(InputError, match=r"r2.mkv: expected its tracks among those of --tracks, found none"):
        sources_of(opened, known_tracks((tmp_path / "results" / "rec-1",)), "compact", None)


def test_tracks_of_another_recording_are_refused_when_pictures_are_read(tmp_path: Path) -> None:
    recording = open_recording(wall(tmp_path / "r.mkv", 60))
    short = Source(recording, recording.sha256, make_tracks(3.0, noise_mm=0.5))
    with pytest.raises(InputError, match="expected the recording of these tracks, with frame 61, found no such frame"):
        choose(tmp_path / "labels", [short], 3)
    assert not (tmp_path / "labels" / "frames.json").exists()
