"""Progress of all running recordings, from their claims: a live table on a terminal, else lines and a JSON log."""

import json
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyconv.cli.messages import verbosity
from asyconv.cli.progress import FORETOLD_FROM

if TYPE_CHECKING:
    from rich.table import Table

    from asyconv.night.one_recording import Outcome

PLAIN_EVERY_S = 10.0
LOG = ".log"


@contextmanager
def live_progress(results: Path, run: str, total: int, outcomes: "Sequence[Outcome]") -> Iterator[None]:
    """Show what is under way while the context lasts; `outcomes` grows meanwhile, and `total` are expected."""
    quiet = verbosity() < 0
    if sys.stderr.isatty() and not quiet:
        from rich.console import Console
        from rich.live import Live

        start = time.monotonic()

        def current() -> "Table":
            return table_of_work(results, _counts(total, outcomes, time.monotonic() - start))

        both = sys.stdout.isatty()
        with Live(get_renderable=current, console=Console(stderr=True), refresh_per_second=1, redirect_stdout=both):
            yield
        return
    ended = threading.Event()
    arguments = (results, run, ended, quiet)
    thread = threading.Thread(target=_write_lines, args=arguments, name="asyconv-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def table_of_work(results: Path, caption: str) -> "Table":
    """A table of all recordings in progress in RESULTS, of this run and others."""
    from rich.table import Table

    from asyconv.night.claims import running

    out = Table("recording", "stage", "frames", "frames/s", "time left", caption=caption)
    for facts in running(results):
        done, of, rate, left_s = pace(facts)
        out.add_row(
            str(facts["recording_id"]), str(facts.get("stage", "")), f"{done} of {of}" if of else str(done or ""),
            f"{rate:.1f}" if rate else "", f"{left_s:.0f} s" if left_s is not None else "",
        )  # fmt: skip
    return out


def pace(facts: dict[str, Any]) -> tuple[int, int | None, float, float | None]:
    """Frames done, of how many, per second, and seconds left, of what a claim tells."""
    done, total, seconds = facts.get("done") or 0, facts.get("total"), facts.get("seconds") or 0.0
    rate = done / seconds if seconds else 0.0
    left_s = (total - done) / rate if total and rate and done >= FORETOLD_FROM * total else None
    return done, total, rate, left_s


def _counts(total: int, outcomes: "Sequence[Outcome]", seconds: float) -> str:
    bad = sum(outcome.state in ("refused", "failed") for outcome in outcomes)
    made = sum(outcome.made for outcome in outcomes)
    left = f", about {(total - len(outcomes)) * seconds / made / 60:.0f} min left" if made else ""
    return f"{len(outcomes)} of {total} recordings, {bad} refused or parked{left}"


def _write_lines(results: Path, run: str, ended: threading.Event, quiet: bool) -> None:
    from asyconv.night.claims import running

    while not ended.wait(PLAIN_EVERY_S):
        try:
            (results / LOG).mkdir(exist_ok=True)
            with (results / LOG / f"{run}.jsonl").open("a", encoding="utf8") as log:
                for facts in running(results):
                    done, of, rate, left_s = pace(facts)
                    kept = {"recording_id": facts["recording_id"], "stage": facts.get("stage", ""), "done": done}
                    log.write(json.dumps({**kept, "total": of, "frames_per_s": round(rate, 2)}) + "\n")
                    left = f", {left_s:.0f} s left" if left_s is not None else ""
                    frames = f" {done} of {of or '?'} frames, {rate:.1f} frames/s{left}" if done else ""
                    if not quiet:
                        click.echo(f"{kept['recording_id']}: {kept['stage']}{frames}", err=True)
        except OSError:  # a full disk ends the run in its own time and words
            continue
