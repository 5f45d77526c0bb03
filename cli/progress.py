"""How far a command is: a moving line on a terminal, a plain line now and then elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import click

PLAIN_EVERY_S = 10.0

Tell = Callable[[int, int | None], None]
"""``tell(done, total)``; `total` is None where it is not known."""


@contextmanager
def progress(label: str, unit: str = "frames") -> Iterator[Tell]:
    """Show `label`, how many of how many, per second, and the time left, on standard error."""
    with _moving(label, unit) if sys.stderr.isatty() else _plain(label, unit) as tell:
        yield tell


@contextmanager
def stages(unit: str) -> Iterator[Callable[[str, int, int, float], None]]:
    """Show one stage of a training after another; its losses are kept in a file and not shown."""
    with ExitStack() as stack:
        shown: dict[str, Tell] = {}

        def report(stage: str, done: int, total: int, loss: float) -> None:
            if stage not in shown:
                stack.close()
                shown.clear()
                shown[stage] = stack.enter_context(progress(stage, unit))
            shown[stage](done, total)

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
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(label, total=None, rate="")

        def tell(done: int, total: int | None) -> None:
            speed = shown.tasks[0].speed
            shown.update(task, completed=done, total=total, rate=f"{speed:.0f} {unit}/s" if speed else "")

        yield tell


@contextmanager
def _plain(label: str, unit: str) -> Iterator[Tell]:
    start = told = time.monotonic()

    def tell(done: int, total: int | None) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told < PLAIN_EVERY_S:
            return
        told = now
        rate = done / (now - start)
        of_total = f"{done} of {total} {unit}" if total else f"{done} {unit}"
        left = f", {(total - done) / rate:.0f} s left" if total and rate > 0 else ""
        click.echo(f"{label}: {of_total}, {rate:.1f} {unit}/s{left}", err=True)

    yield tell
