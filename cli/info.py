"""asyconv info: format, size, times and depths of recordings."""

import json
from pathlib import Path
from typing import Any

import click

from asyconv.cli.messages import EXIT_REFUSED, complain, plain, writing
from asyconv.cli.options import ABOVE_0, PATH, asyconv_command, join_option, json_option, option, overwrite_option
from asyconv.cli.outputs import check_output, check_shows_infant
from asyconv.cli.progress import progress
from asyconv.errors import InputError


@asyconv_command("info", example="asyconv info ward/004.oni")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=PATH)
@option("--fps", "fps_hz", type=ABOVE_0, help="Frames per second, where the recording holds no times.")
@option("--stream", help="The stream with depth, where a file has several: title or number in a video, topic of a bag.")
@join_option()
@option("--picture", type=PATH, help="Write the middle frame as this .png, outside the results. It SHOWS THE INFANT.")
@overwrite_option
@json_option
@click.pass_context
def command(
    ctx: click.Context, files: tuple[Path, ...], fps_hz: float | None, stream: str | None, join: bool,
    picture: Path | None, overwrite: bool, as_json: bool,
) -> None:  # fmt: skip
    """Tell what each recording is, reading all of its frames. FILE may be a folder of recordings.

    Printed are format, size, the rate that is stated and the one that is measured, lost frames, length, depths, holes,
    the camera's intrinsics and their source, what lies beside the depth and is none, and what is suspicious.

    Exit codes: 0 all could be read, 1 at least one could not, 2 wrong usage.
    """
    from asyconv.recordings.facts import Depths, facts_of
    from asyconv.recordings.opening import open_recording

    if picture is not None:
        check_shows_infant(picture)
        check_output(picture, (".png",), files, overwrite=overwrite)
    paths = [path for file in files for path in _recordings(file, join)]
    if picture is not None and len(paths) != 1:
        raise InputError(f"--picture: expected one recording, got {len(paths)}")
    answers, refused = [], 0
    for path in paths:
        try:
            with open_recording(path, fps_hz=fps_hz, stream=stream, join=join) as recording:
                depths, total, middle = Depths(), recording.frame_count, None
                half = len(recording.clock().time_s) // 2 if picture is not None else 0
                with progress(path.name) as tell:
                    for frame in recording.frames():
                        depths.add(frame)
                        if picture is not None and depths.frames <= max(1, half):
                            middle = frame.depth
                        tell(depths.frames, total)
                facts = {"name": path.name, **facts_of(recording, depths)}
        except InputError as error:
            refused += 1
            complain(str(error))
            continue
        answers.append(facts)
        if not as_json:
            click.echo(plain("\n".join(_lines(facts))))
        if picture is not None and middle is not None:
            from asyconv.recordings.picture import write_picture

            with writing(picture, "the picture"):
                write_picture(picture, middle)
    if as_json:
        click.echo(json.dumps({"recordings": answers, "refused": refused}, indent=1))
    ctx.exit(EXIT_REFUSED if refused else 0)


def _recordings(path: Path, join: bool) -> list[Path]:
    """Recordings below a folder that holds several; what is one, or none, as it is."""
    from asyconv.recordings.finding import search
    from asyconv.recordings.joining import joined

    below = joined(search(path).recordings, force=join) if path.is_dir() else []
    return below if len(below) > 1 else [path]


def _lines(facts: dict[str, Any]) -> list[str]:
    """The facts of one recording for a reader."""
    camera, mirrored = facts["intrinsics"], facts["mirrored"]
    rows = {
        "format": facts["format"] + (", SIMULATED" if facts["simulated"] else ""),
        "size": f"{facts['width_px']}x{facts['height_px']} px",
        "frames": f"{facts['frames']}, {facts['frames_lost']} lost; {facts['length_s']:g} s",
        "rate": f"{_stated(facts['rate_stated_hz'], 'Hz')} stated, {_stated(facts['rate_measured_hz'], 'Hz')} measured",
        "depth": _depths(facts),
        "holes": f"{_stated(facts['holes_pct'], '%')} of the pixels",
        "camera": "intrinsics not stated"
        if camera is None
        else f"fx {camera['fx_px']:g}, fy {camera['fy_px']:g}, cx {camera['cx_px']:g}, cy {camera['cy_px']:g} px "
        f"(from the {camera['source']})",
        "mirrored": "not stated" if mirrored is None else "yes" if mirrored else "no",
    }
    lines = [facts["name"], *(f"  {name + ':':10} {text}" for name, text in rows.items())]
    lines += [f"  {'beside:':10} {what}" for what in facts["beside"]]
    return lines + [f"  {'beware:':10} {sentence}" for sentence in facts["warnings"]]


def _depths(facts: dict[str, Any]) -> str:
    counts, mm = facts["depth_counts"], facts["depth_mm"]
    if counts is None:
        return "none"
    if mm is None:
        return f"{counts['least']} to {counts['most']}, median {counts['median']} counts; their unit is not stated"
    return f"{mm['least']:g} to {mm['most']:g} mm, median {mm['median']:g} mm; {facts['depth_unit_mm']:g} mm a count"


def _stated(value: float | None, unit: str) -> str:
    return "not" if value is None else f"{value:g} {unit}"
