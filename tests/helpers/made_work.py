"""Work that takes a moment instead of minutes, and every way in which work goes wrong; called by name, as engines do.

A source is a text file; its result is the text in capitals. What the text says is what happens: ``crash`` ends the
process by a segmentation fault, ``hang`` never ends, ``once`` does either only at the first attempt, ``oom`` is killed
as the system does it without memory, ``raise`` is a defect, ``bad`` is bad input, ``sleep 0.2`` takes that long.
"""

import ctypes
import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asyconv.errors import InputError
from asyconv.night import batch, claims, one_recording, results, sources
from asyconv.night.batch import Asked
from asyconv.night.child import Task
from asyconv.night.engines import Inline
from asyconv.night.one_recording import Job, Outcome, run_recording

MAKE_RESULT = "tests.helpers.made_work:make_result"

SECRET = "Maria Rossi"
"""Stands for what a hospital may put into a file name."""


def prepare(source: Path, settings: dict[str, Any] | None = None) -> Job:
    """Identity by content; `settings` belong to the tracks, ``analysis`` to the analysis."""
    text = source.read_text()
    if "bad" in text:
        raise InputError(f"{source.name}: expected depth, found none in {source}")
    settings = dict(settings or {})
    analysis = settings.pop("analysis", 0)
    track_key = one_recording.key_of({"input": text, **settings})
    return Job(
        source=source,
        recording_id=sources.default_id(one_recording.key_of({"content": text})),
        track_key=track_key,
        analysis_key=one_recording.key_of({"tracks": track_key, "analysis": analysis}),
        facts={"input": {"letters": len(text)}, "tracking": settings, "analysis": {"analysis": analysis}},
        length_s=0.5,
    )


def work(job: Job, folder: Path, tracks_from: Path | None, tell: one_recording.Tell) -> dict[str, Any]:
    """Make a result as `asyconv.night.one_recording.Work` says."""
    text = job.source.read_text()
    tell("tracking", 1, 10)
    if found := re.search(r"sleep ([0-9.]+)", text):
        time.sleep(float(found.group(1)))
    text = text.upper() if tracks_from is None else (tracks_from / "tracks.txt").read_text()
    (folder / "tracks.txt").write_text(text)
    (folder / "figures").mkdir()
    (folder / "figures" / "length.txt").write_text(str(len(text)))
    return {"frames": len(text), "tracked": tracks_from is None}


def make_result(arguments: dict[str, Any], began: Callable[..., None]) -> dict[str, Any]:
    """Do one recording, or go wrong as its text says."""
    source = Path(arguments["source"])

    def fails(job: Job, folder: Path, tracks_from: Path | None, tell: one_recording.Tell) -> dict[str, Any]:
        (folder / "half").write_text("half")
        text = source.read_text()
        if "once" not in text or arguments["attempt"] == 1:
            fail(text)
        (folder / "half").unlink()
        return work(job, folder, tracks_from, tell)

    outcome = one_recording.run_recording(
        source, Path(arguments["results"]), lambda source: prepare(source, arguments.get("settings")), fails,
        update=arguments.get("update", False), run=arguments["run"], attempt=arguments["attempt"],
        began=lambda job: began(recording_id=job.recording_id, length_s=job.length_s),
    )  # fmt: skip
    return outcome.to_json()


def parked(out: Path) -> list[dict[str, Any]]:
    """Records of the recordings that are parked, with all their attempts."""
    return [json.loads(path.read_text()) for path in sorted((out / ".failed").glob("*.json"))]


def fail(text: str) -> None:
    """Go wrong as the text says."""
    if "crash" in text:
        ctypes.string_at(0)
    if "oom" in text:
        os.kill(os.getpid(), signal.SIGKILL)
    if "hang" in text:
        time.sleep(1000)
    if "raise" in text:
        raise FileNotFoundError(2, "No such file", "/somewhere/Maria Rossi 0.txt")


def settled(path: Path, content: str, age_s: float = 1000.0) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    then = time.time() - age_s
    os.utime(path, (then, then))
    return path


def asked(sources: list[Path], out: Path, **settings: Any) -> list[Asked]:
    return [Asked(source, {"results": str(out), **settings}) for source in sources]


def run_sources(sources: list[Path], out: Path, **options: Any) -> list[Outcome]:
    settings = options.pop("settings", {})
    return list(
        batch.run_batch(MAKE_RESULT, asked(sources, out, settings=settings), out, Inline(), batch.new_run(), **options)
    )


def run_source(
    source: Path, out: Path, do: Any = work, settings: dict[str, Any] | None = None, **options: Any
) -> Outcome:
    results.open_results(out)
    return run_recording(source, out, lambda source: prepare(source, settings), do, **options)


def echo(arguments: dict[str, Any], began: Callable[..., None]) -> dict[str, Any]:
    """Answer with the arguments and the process; prints on the way, as libraries do."""
    print("something a library prints")
    began(recording_id="rec-1", length_s=arguments.get("length_s"))
    if arguments.get("refuse"):
        raise InputError("results cannot be written here")
    if signal_number := arguments.get("signal"):
        os.kill(os.getpid(), signal_number)
    if arguments.get("hold"):
        time.sleep(1000)
    return {"pid": os.getpid(), **arguments}


def echo_task(limit_s_per_s: float = 10.0, **arguments: Any) -> Task:
    return Task("tests.helpers.made_work:echo", arguments, limit_s_per_s)


def nothing_left(out: Path) -> bool:
    return not list(out.glob(".tmp-*")) and not list((out / claims.CLAIMS).iterdir())
