"""Progress of a command: a progress bar on a terminal, else a plain line from time to time."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import click

from asyconv.cli.messages import verbosity

PLAIN_EVERY_S = 10.0
FORETOLD_FROM = 0.02
"""Share of the work from which on the time left is told; before, what is done once takes most of the time."""

Tell = Callable[[int, int | None], None]
"""``tell(done, total)``; `total` is None where it is not known."""


@contextmanager
def progress(label: str, unit: str = "frames") -> Iterator[Tell]:
    """Show `label`, how many of how many, per second, and the time left, on standard error."""
    if verbosity() < 0:
        yield lambda done, total: None
        return
    with _moving(label, unit) if sys.stderr.isatty() else _plain(label, unit) as tell:
        yield tell


@contextmanager
def stage_progress(unit: str) -> Iterator[Callable[[str, int, int, float], None]]:
    """Show one stage of a training after another; its losses are kept in a file and not shown."""
    with ExitStack() as stack:
        current: dict[str, Tell] = {}

        def report(stage: str, done: int, total: int, loss: float) -> None:
            if stage not in current:
                stack.close()
                current.clear()
                current[stage] = stack.enter_context(progress(stage, unit))
            current[stage](done, total)

        yield report


@contextmanager
def _moving(label: str, unit: str) -> Iterator[Tell]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None, rate="")

        def tell(done: int, total: int | None) -> None:
            speed = bar.tasks[0].speed
            bar.update(task, completed=done, total=total, rate=f"{speed:.0f} {unit}/s" if speed else "")

        yield tell


@contextmanager
def _plain(label: str, unit: str) -> Iterator[Tell]:
    start = printed = time.monotonic()

    def tell(done: int, total: int | None) -> None:
        nonlocal printed
        now = time.monotonic()
        if now - printed < PLAIN_EVERY_S:
            return
        printed = now
        rate = done / (now - start)
        of_total = f"{done} of {total} {unit}" if total else f"{done} {unit}"
        left = f", {(total - done) / rate:.0f} s left" if total and done >= FORETOLD_FROM * total > 0 else ""
        click.echo(f"{label}: {of_total}, {rate:.1f} {unit}/s{left}", err=True)

    yield tell
