"""asyconv simulate: recordings with known truth."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from asyconv.cli.messages import EXIT_REFUSED, writing
from asyconv.cli.options import PATH, Number, asyconv_command, option
from asyconv.cli.progress import progress
from asyconv.errors import InputError

if TYPE_CHECKING:
    from asyconv.simulation.scene import Condition, Conditions


@asyconv_command("simulate", example="asyconv simulate recordings/ --infants 2 --seconds 60 --seed 1")
@click.argument("out", required=False, type=PATH)
@option(
    "--infants", type=click.IntRange(min=1), help="How many recordings.  [default: 2; with --check: 32, and 200 varied]"
)
@option("--seconds", type=Number(min=0.1), default=60.0, show_default=True, help="Length of each.")
@option("--seed", type=int, help="Same seed, same recordings.  [default: 1; with --check: the one for tuning]")
@option("--calm", is_flag=True, help="Calm infants of capsules and balls, who lie straight on their backs.")
@option(
    "--other-hospital", is_flag=True,
    help="Infants of a hospital that no training has seen: other camera, other bodies, one joint always covered.",
)  # fmt: skip
@option("--motion", type=PATH, help="Tracks file whose joints move the infants.")
@option(
    "--format", "file_format", type=click.Choice(["oni", "mkv"]), default="oni", show_default=True,
    help="Format of the recordings.",
)  # fmt: skip
@option("--annotated", is_flag=True, help="Make an annotated data set in babyPose's layout instead of recordings.")
@option("--flaws", is_flag=True, help="With --annotated: add the flaws that real data sets have.")
@option("--check", is_flag=True, help="Only compare the statistics of simulated labels with those of real ones.")
@click.pass_context
def command(
    ctx: click.Context,
    out: Path | None,
    infants: int | None,
    seconds: float,
    seed: int | None,
    calm: bool,
    other_hospital: bool,
    motion: Path | None,
    file_format: str,
    annotated: bool,
    flaws: bool,
    check: bool,
) -> None:
    """Make simulated depth recordings of infants in the folder OUT, with their truth in OUT/truth.

    The infants have bodies, postures and movement over the ranges of real labels, under six kinds of camera.

    OUT must be empty. It holds exactly these recordings, and `asyconv process OUT` finds all of them.

    With --check nothing is written, and the exit code is 1 if a statistic of calm infants lies outside the range of the
    real ones, or if varied infants do not reach the postures and the movement of real ones.
    """
    if check:
        from asyconv.simulation.ranges import check_ranges
        from asyconv.simulation.realism import check as check_labels

        if infants == 1:
            raise click.UsageError("--check compares infants with each other; give it two infants at least.", ctx)
        stated = {name: value for name, value in (("infants", infants), ("seed", seed)) if value is not None}
        labels, inside = check_labels(**stated)
        ranges, covered = check_ranges(**stated)
        click.echo(f"{labels}\n\n{ranges}")
        ctx.exit(0 if inside and covered else EXIT_REFUSED)
    if out is None:
        raise click.UsageError("Missing argument 'OUT'.", ctx)
    if calm + other_hospital + (motion is not None) > 1:
        raise click.UsageError("--calm, --other-hospital and --motion each state other infants; give one of them.", ctx)
    seed = 1 if seed is None else seed
    if flaws and not annotated:
        raise click.UsageError("--flaws goes with --annotated.", ctx)
    if annotated:
        if motion is not None or file_format != "oni":
            raise click.UsageError("--motion and --format are for recordings, not for --annotated.", ctx)
        paths = simulate_annotated(
            out, infants or 2, seconds, seed, flaws=flaws, calm=calm, other_hospital=other_hospital
        )
    else:
        paths = simulate(
            out, infants or 2, seconds, seed, calm=calm, other_hospital=other_hospital, motion=motion,
            file_format=file_format,
        )  # fmt: skip
    for path in paths:
        click.echo(path)


def simulate(
    out: Path,
    infants: int,
    seconds: float,
    seed: int,
    *,
    calm: bool = False,
    other_hospital: bool = False,
    lying: str | None = None,
    motion: Path | None = None,
    file_format: str = "oni",
) -> list[Path]:
    """Simulate into a new or empty folder, so that it holds exactly these recordings."""
    from asyconv.simulation.simulate import simulate as simulate_now

    condition = _condition(seed, calm, other_hospital, lying)
    with _empty_folder(out), progress(f"simulating {infants} infants") as tell:
        return simulate_now(
            out, infants, seconds, seed, condition=condition, motion=motion, fmt=file_format, progress=tell
        )


def simulate_annotated(
    out: Path, infants: int, seconds: float, seed: int, *, flaws: bool, calm: bool, other_hospital: bool
) -> list[Path]:
    """Simulate an annotated data set into a folder that holds nothing yet; give its sheets."""
    from asyconv.simulation.annotated import simulate_annotated as simulate_now

    lying = None if calm else "supine"  # as all annotated infants of babyPose
    condition = _condition(seed, calm, other_hospital, lying)
    with _empty_folder(out), progress(f"simulating {infants} annotated infants") as tell:
        return simulate_now(out, infants, seconds, seed, flaws=flaws, condition=condition, progress=tell)


def _condition(seed: int, calm: bool, other_hospital: bool, lying: str | None) -> "Condition | Conditions":
    if other_hospital:
        from asyconv.simulation import other_hospital as hospital

        return partial(hospital.other_hospital, seed)
    from asyconv.simulation.scene import Condition

    return Condition(varied=not calm, lying=lying)


@contextmanager
def _empty_folder(out: Path) -> Iterator[None]:
    """Make the folder; one that holds something, or cannot be written, is refused in a sentence."""
    with writing(out, "recordings"):
        if out.exists() and any(out.iterdir()):
            raise InputError(f"{out}: expected an empty folder or none, found files in it")
        out.mkdir(parents=True, exist_ok=True)
        yield
