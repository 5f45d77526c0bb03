"""asyconv simulate: recordings with known truth."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from asyconv.cli.outcome import EXIT_REFUSED
from asyconv.cli.progress import progress
from asyconv.errors import InputError
from asyconv.notice import NOTICE

FILE = click.Path(path_type=Path)


@click.command(name="simulate", epilog=NOTICE)
@click.argument("out", required=False, type=FILE)
@click.option("--infants", type=click.IntRange(min=1), help="How many recordings (default 2; with --check 32).")
@click.option("--seconds", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Length of each.")
@click.option("--seed", type=int, help="Same seed, same recordings (default 1; with --check the tuning infants').")
@click.option("--motion", type=FILE, help="Tracks file whose joints move the infants.")
@click.option("--format", "fmt", type=click.Choice(["oni", "mkv"]), default="oni", show_default=True)
@click.option("--annotated", is_flag=True, help="An annotated data set in babyPose's layout instead of recordings.")
@click.option("--flaws", is_flag=True, help="With --annotated: with the flaws that real data sets have.")
@click.option("--check", is_flag=True, help="Print simulated beside real statistics instead; 1 if one is outside.")
@click.pass_context
def command(
    ctx: click.Context,
    out: Path | None,
    infants: int | None,
    seconds: float,
    seed: int | None,
    motion: Path | None,
    fmt: str,
    annotated: bool,
    flaws: bool,
    check: bool,
) -> None:
    """Make simulated recordings in OUT, with their truth in OUT/truth.

    Example: asyconv simulate recordings/ --infants 2 --seconds 60 --seed 1
    """
    if check:
        from asyconv.simulation.realism import check as compare

        stated = {name: value for name, value in (("infants", infants), ("seed", seed)) if value is not None}
        table, inside = compare(**stated)
        click.echo(table)
        ctx.exit(0 if inside else EXIT_REFUSED)
    if out is None:
        raise click.UsageError("Missing argument 'OUT'.", ctx)
    seed = 1 if seed is None else seed
    if flaws and not annotated:
        raise click.UsageError("--flaws goes with --annotated.", ctx)
    if annotated:
        if motion is not None or fmt != "oni":
            raise click.UsageError("--motion and --format are for recordings, not for --annotated.", ctx)
        paths = simulate_annotated(out, infants or 2, seconds, seed, flaws=flaws)
    else:
        paths = simulate(out, infants or 2, seconds, seed, motion=motion, fmt=fmt)
    for path in paths:
        click.echo(path)


def simulate(
    out: Path, infants: int, seconds: float, seed: int, *, motion: Path | None = None, fmt: str = "oni"
) -> list[Path]:
    """Simulate into a folder that holds nothing yet, so that it holds exactly these recordings."""
    from asyconv.simulation.simulate import simulate as simulate_now

    with _empty_folder(out), progress(f"simulating {infants} infants") as tell:
        return simulate_now(out, infants, seconds, seed, motion=motion, fmt=fmt, progress=tell)


def simulate_annotated(out: Path, infants: int, seconds: float, seed: int, *, flaws: bool) -> list[Path]:
    """Simulate an annotated data set into a folder that holds nothing yet; give its sheets."""
    from asyconv.simulation.annotated import simulate_annotated as simulate_now

    with _empty_folder(out), progress(f"simulating {infants} annotated infants") as tell:
        return simulate_now(out, infants, seconds, seed, flaws=flaws, progress=tell)


@contextmanager
def _empty_folder(out: Path) -> Iterator[None]:
    """Make the folder; one that holds something, or cannot be written, is refused in a sentence."""
    try:
        if out.exists() and any(out.iterdir()):
            raise InputError(f"{out}: expected an empty folder or none, found files in it")
        out.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise InputError(f"{out}: recordings cannot be written here ({error.strerror})") from error
