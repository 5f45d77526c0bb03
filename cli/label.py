"""asyconv label: label joints by hand, on a page in the browser that this computer serves to itself."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyconv.cli.messages import note, writing
from asyconv.cli.options import PATH, asyconv_command, head_option, model_option, option, output_option
from asyconv.cli.outputs import check_folder, check_shows_infant
from asyconv.errors import InputError

if TYPE_CHECKING:
    from asyconv.labelling.choosing import Source
    from asyconv.labelling.label_set import LabelSet
    from asyconv.labelling.rater_file import Labels
    from asyconv.recordings.stream import Recording
    from asyconv.tracks import Tracks

    Known = tuple[Path, dict[str, Any]]

OUT = "Labels for other programs"
FRAMES = 60
FORMS = ("coco", "babypose", "pypointannotator", "sleap")


@asyconv_command("label", example="asyconv label recordings/ --tracks results/ -o labels/ --rater anna")
@click.argument("recordings", metavar="[RECORDING]...", nargs=-1, type=PATH)
@output_option("The folder of labels. It SHOWS THE INFANT.", required=True)
@option(
    "--tracks", metavar="RESULTS", multiple=True, type=PATH,
    help="Tracks of the recordings, or folders of results.  [default: the model is run at 6 Hz]",
)  # fmt: skip
@option("--frames", type=click.IntRange(min=3), help="Frames to label, of all infants.  [default: 60]")
@option("--rater", default="1", show_default=True, metavar="NAME", help="Who labels; each rater has an own file.")
@option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port of the page on 127.0.0.1.  [default: a free one]"
)
@model_option()
@head_option("Where the head lies in the pictures of recordings without tracks.")
@option("--compare", is_flag=True, section=OUT, help="Only print how far the raters disagree.")
@option("--export", type=PATH, section=OUT, metavar="FOLDER", help="Only write the labels and pictures to this folder.")
@option("--form", type=click.Choice(FORMS), default="coco", show_default=True, section=OUT, help="Format of --export.")
def command(
    recordings: tuple[Path, ...], output: Path, tracks: tuple[Path, ...], frames: int | None, rater: str, port: int,
    model: str, head: str | None, compare: bool, export: Path | None, form: str,
) -> None:  # fmt: skip
    """Choose frames worth labelling and label their joints on a page in the browser.

    RECORDING is a depth recording or a folder of them. Frames are chosen once, spread over infants: those that the
    model is least certain of, the most different poses, and some at random. Every frame is saved when you go on to the
    next; the same command, or one without RECORDING, goes on where you stopped. `asyconv check` and `asyconv train
    --data` take the folder of labels as it is.
    """
    from asyconv.labelling.choosing import choose
    from asyconv.labelling.label_set import read_label_set

    check_shows_infant(export or output)
    chosen = read_label_set(output)
    if recordings:
        check_folder(output, (*recordings, *tracks), may_hold=None)
        known = known_tracks(tracks)
        opened = opened_recordings(recordings, known)
        wanted = frames or FRAMES
        if chosen is None or not chosen.has([one.sha256 for one in opened], wanted):
            with writing(output, "labels"):
                chosen = choose(output, sources_of(opened, known, model, head), wanted)
    elif frames or tracks:
        raise InputError("--frames, --tracks: expected the recordings to choose frames of, found none")
    if chosen is None:
        raise InputError(f"{output}: expected a folder of labels, or recordings to choose frames of, found neither")
    if compare:
        print_disagreement(chosen)
    elif export is not None:
        export_labels(chosen, export, form)
    else:
        serve(chosen, rater, port)


def serve(chosen: "LabelSet", rater: str, port: int) -> None:
    """Serve the page until Ctrl-C."""
    from asyconv.labelling.data_set import update_data_set
    from asyconv.labelling.rater_file import opened, rater_names
    from asyconv.labelling.server import serving

    with writing(chosen.folder, "labels"), opened(chosen, rater) as file:
        if rater_names(chosen.folder):
            update_data_set(chosen)
        with serving(chosen, file, port) as (server, address):
            click.echo(address)
            note("Open this address in a browser on this computer. Ctrl-C ends the page; what was saved is kept.")
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                click.echo(err=True)
        note(f"rater {rater}: {len(file.labels)} of {len(chosen.frames)} frames labelled")


def print_disagreement(chosen: "LabelSet") -> None:
    """Print the table of disagreement."""
    from asyconv.labelling.agreement import as_table, disagreement
    from asyconv.labelling.data_set import of_all_raters

    rows = disagreement(chosen, of_all_raters(chosen))
    if not rows:
        raise InputError(f"{chosen.folder}: expected frames that two raters labelled, found none")
    click.echo(as_table(rows))


def export_labels(chosen: "LabelSet", folder: Path, form: str) -> None:
    """Write labels and pictures for other programs."""
    from asyconv.labelling.data_set import of_all_raters, write_data_set

    check_folder(folder, (chosen.folder,))
    labels = of_all_raters(chosen)
    if not any(labels.values()):
        raise InputError(f"{chosen.folder}: expected labelled frames, found none")
    with writing(folder, "the labels"):
        folder.mkdir(parents=True, exist_ok=True)
        if form == "sleap":
            count = write_sleap(chosen, labels, folder / "labels.pkg.slp")
        else:
            count = write_data_set(chosen, labels, folder, form)
    note(f"{count} frames")
    click.echo(folder)


def write_sleap(chosen: "LabelSet", labels: "dict[str, Labels]", path: Path) -> int:
    """Write the labels and grey pictures as one package of SLEAP; how many frames it has."""
    import numpy as np

    from asyconv.exchange.sleap_package import LabelledVideo, write_package
    from asyconv.labelling.data_set import grey_png, labelled_frames

    infants = labelled_frames(chosen, labels)
    videos = [
        LabelledVideo(
            infant,
            np.array([one.frame.number for one in frames]),
            np.stack([one.xy_px for one in frames]),
            tuple(grey_png(chosen, one.frame) for one in frames),
            frames[0].frame.width_px,
            frames[0].frame.height_px,
        )
        for infant, frames in infants.items()
    ]
    write_package(videos, path)
    return sum(len(frames) for frames in infants.values())


def opened_recordings(given: tuple[Path, ...], known: "list[Known]") -> "list[Recording]":
    """The recordings at and below the places that are given, opened as those of `known` tracks were."""
    from asyconv.recordings.finding import find_recordings
    from asyconv.recordings.joining import joined

    found = joined(sorted({path for place in given for path in find_recordings(place)}))
    if not found:
        raise InputError(f"{given[0]}: expected depth recordings, found none")
    stated = {(facts.get("fps_hz"), facts.get("stream")) for _, manifest in known if (facts := manifest["tracking"])}
    return [open_as(path, sorted(stated, key=str) or [(None, None)]) for path in found]


def open_as(path: Path, stated: list[tuple[float | None, str | None]]) -> "Recording":
    """Open a recording with the first of some frame rates and streams that fit it."""
    from asyconv.recordings.opening import open_recording

    for fps_hz, stream in stated[:-1]:
        with contextlib.suppress(InputError):
            return open_recording(path, fps_hz=fps_hz, stream=stream)
    fps_hz, stream = stated[-1]
    return open_recording(path, fps_hz=fps_hz, stream=stream)


def known_tracks(given: tuple[Path, ...]) -> "list[Known]":
    """Tracks files at and below the places that are given, and what the manifest beside each says."""
    from asyconv.cli.tracks_files import find_tracks, manifest_beside

    nothing: dict[str, dict[str, Any]] = {"input": {}, "tracking": {}, "analysis": {}}
    return [(file, nothing | manifest_beside(file)) for file in find_tracks(*given)]


def sources_of(recordings: "list[Recording]", known: "list[Known]", model: str, head: str | None) -> "list[Source]":
    """Every recording with its tracks: those that its bytes belong to, or new ones where none are known."""
    from asyconv.labelling.choosing import Source
    from asyconv.tracks_check import check_stated
    from asyconv.tracks_file import read_tracks

    by_sha256 = {manifest["input"].get("sha256"): (file, manifest) for file, manifest in known}
    sources = []
    for recording in recordings:
        beside = by_sha256.get(recording.sha256)
        if len(known) == len(recordings) == 1:  # compared frame by frame when the pictures are read
            beside = beside or by_sha256.get(None)
        if beside is not None:
            joints, infant_id = read_tracks(beside[0]), beside[1]["analysis"].get("infant_id")
            check_stated(joints.meta, ("width_px", "height_px"), "tracks")
        elif known:
            raise InputError(
                f"{recording.path.name}: expected its tracks among those of --tracks, found none with its SHA-256"
            )
        else:
            joints, infant_id = tracks_by(model, recording, head), None
        sources.append(Source(recording, recording.sha256, joints, infant_id))
    return sources


def tracks_by(model: str, recording: "Recording", head: str | None) -> "Tracks":
    """Tracks of a recording, six frames a second; only this needs torch."""
    from asyconv.cli.progress import progress
    from asyconv.pipeline import track
    from asyconv.weights import load_model

    with progress(recording.path.name) as tell:
        return track(recording, load_model(model), rate="6", head=head, progress=tell)
