"""asyconv status: how far the work on a folder of results is."""

import time
from pathlib import Path

import click

from asyconv.errors import InputError
from asyconv.notice import NOTICE

WATCH_EVERY_S = 2.0


@click.command(name="status", epilog=NOTICE)
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--watch", is_flag=True, help="Go on until nothing is under way.")
def command(results: Path, watch: bool) -> None:
    """Say what in RESULTS is done, made by another version, parked with its reason, or under way, by any run.

    Example: asyconv status results/ --watch
    """
    from rich.console import Console

    from asyconv.cli.view import table
    from asyconv.night.claims import running

    if not results.is_dir():
        raise InputError(f"{results}: expected a folder of results, found none")
    console = Console()
    while watch and running(results):
        console.print(table(results, caption=f"{_n_done(results)} recordings done"))
        time.sleep(WATCH_EVERY_S)
    for line in lines(results):
        click.echo(line)
    if running(results):
        console.print(table(results, caption=""))


def _n_done(results: Path) -> int:
    from asyconv.night.results import manifests

    return len(manifests(results))


def lines(results: Path) -> list[str]:
    """What is done, what another version of this program made, and what is parked, with reasons."""
    from asyconv.analysis import ANALYSIS_VERSION
    from asyconv.night.results import failed, manifests
    from asyconv.tracks import TRACKS_VERSION

    done = manifests(results)
    out = [f"{len(done)} recordings done, {sum(m.get('recorded_s') or 0 for m in done) / 3600:.2f} h of video"]
    for name, part, now in (
        ("tracks_version", "tracking", TRACKS_VERSION),
        ("analysis_version", "analysis", ANALYSIS_VERSION),
    ):
        old = [m for m in done if name in m.get(part, {}) and m[part][name] != now]
        if old:
            found = ", ".join(sorted({str(m[part][name]) for m in old}))
            out.append(f"{len(old)} stale: {name} {found} -> {now}; `asyconv process --update` makes them again")
    return out + [f"{name}: parked: {reason}" for name, reason in failed(results).items()]
