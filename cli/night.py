"""A run over many recordings: progress, audit, orderly stop and summary."""

import itertools
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyconv.cli.live import live_progress
from asyconv.cli.messages import complain, note, print_outcome
from asyconv.errors import InputError, Stopped
from asyconv.words import counted, length_in_words

if TYPE_CHECKING:
    from asyconv.night.audit import Audit
    from asyconv.night.batch import Asked
    from asyconv.night.engines import Engine
    from asyconv.night.one_recording import Outcome


def run_recordings(
    function: str,
    asked: "Sequence[Asked]",
    results: Path,
    engine_for: "Callable[[int], Engine]",
    already: "Sequence[Outcome]" = (),
    unmatched: "Callable[[list[Outcome]], list[str]]" = lambda outcomes: [],
    **options: Any,
) -> "list[Outcome]":
    """Process every recording that is asked for; `already` are the outcomes of those that are done.

    `engine_for` gives the engine for a number of recordings, `options` are those of `asyconv.night.batch.run_batch`.
    Each outcome is printed and noted in the audit as it comes; at the end what the user stated and fits nothing, which
    `unmatched` gives without the name of any file.
    """
    from asyconv.night.audit import Audit, last_noted, manifest_hash
    from asyconv.night.batch import new_run, run_batch
    from asyconv.night.engines import Inline
    from asyconv.night.results import clean_up, manifests, open_results, write_index

    run, start = new_run(), time.monotonic()
    outcomes: list[Outcome] = []
    try:
        open_results(results)
        audit, noted = Audit(results, run), last_noted(results)[0]
        audit.note("run started", recordings=len(already) + len(asked))
        engine, how = engine_for(len(asked)) if asked else Inline(), "stopped"
        try:
            with live_progress(results, run, len(already) + len(asked), outcomes):
                working = run_batch(function, asked, results, engine, run, **options)
                for outcome in itertools.chain(already, working):
                    outcomes.append(outcome)
                    _note(audit, outcome, results, noted)
                    print_outcome(outcome)
            if lines := unmatched(outcomes):
                audit.note("stated, and fits nothing", lines=lines)
            how = "ended"
        finally:
            engine.close()
            clean_up(results)
            write_index(results)
            told = {outcome.recording_id for outcome in outcomes}
            for name in {m["recording_id"] for m in manifests(results) if m.get("run") == run} - told:
                audit.note("made", recording_id=name, manifest_sha256=manifest_hash(results, name))  # while it stopped
            audit.note(f"run {how}", outcomes=len(outcomes))
    except OSError as error:
        raise Stopped(f"{results}: cannot be written to ({error.strerror})") from error
    if line := throughput(results, run, time.monotonic() - start):
        note(line)
    return outcomes


def _note(audit: "Audit", outcome: "Outcome", results: Path, noted: Mapping[str, str]) -> None:
    """Write the outcome of a recording to the audit, and results of a killed run that it could not write there."""
    from asyconv.night.audit import manifest_hash

    name = outcome.recording_id
    if outcome.made or outcome.state == "done":
        assert name is not None
        sha256 = manifest_hash(results, name)
        if outcome.made or noted.get(name) != sha256:
            audit.note("made" if outcome.made else "found made", recording_id=name, manifest_sha256=sha256)
        return
    audit.note(str(outcome.state), recording_id=name, reason=outcome.public)


def throughput(results: Path, run: str, wall_s: float) -> str | None:
    """Say how much video a run has turned into results, how fast, and how busy it kept the device."""
    from asyconv.night.results import manifests
    from asyconv.system import cores

    made = [m for m in manifests(results) if m.get("run") == run and "networks" in m.get("stages", {})]
    if not made:
        return None
    on_cpu = all(m["made_by"]["device"] == "cpu" for m in made)
    busy_s = sum(m["stages"]["networks"]["cpu_s" if on_cpu else "seconds"] for m in made)
    all_s = sum(stage["cpu_s"] for m in made for stage in m["stages"].values())
    devices = cores() if on_cpu else _gpus()
    video = length_in_words(sum(m["recorded_s"] for m in made))
    frames = sum(m["frames_used"] for m in made)
    device = counted(devices, "core" if on_cpu else "GPU")
    stages = f", all stages for {all_s / (wall_s * devices):.1%}" if on_cpu else ""
    return (
        f"{video} of video in {length_in_words(wall_s)}, {frames / wall_s:.1f} frames/s; the networks kept "
        f"{device} busy for {busy_s / (wall_s * devices):.1%} of the time{stages}"
    )


def _gpus() -> int:
    import torch

    return max(1, torch.cuda.device_count())


def unknown_events(events: Iterable[str], outcomes: "list[Outcome]", results: Path) -> list[str]:
    """Name the recordings that have events and are neither in this run nor in RESULTS."""
    from asyconv.night.results import manifests

    there = {outcome.recording_id for outcome in outcomes} | {m["recording_id"] for m in manifests(results)}
    unknown = [f"events: no recording {name}" for name in sorted(set(events) - there)]
    for line in unknown:
        complain(line)
    return unknown


def run_on_finish(command: str, summary: str, code: int) -> None:
    """Run the user's command, with the exit code and the counts in its environment."""
    from asyconv.system import command_line

    variables = {"ASYCONV_EXIT_CODE": str(code), "ASYCONV_SUMMARY": summary}
    try:
        done = subprocess.run(command_line(command), env={**os.environ, **variables}, check=False)
    except (OSError, ValueError) as error:
        raise InputError(f"--on-finish: expected a command that can be run, found {command!r} ({error})") from error
    if done.returncode:
        raise InputError(f"--on-finish: {command!r} ended with exit code {done.returncode}")
