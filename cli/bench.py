"""asyconv bench: time and memory of a whole recording, of its parts and of the kernels, as rows of CSV."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from asyconv.cli.bench_recording import growth, recording, threads
from asyconv.cli.messages import note
from asyconv.cli.options import Group, Number, device_option, option, output_option
from asyconv.cli.outputs import add_row, check_output, check_rows_file
from asyconv.notice import NOTICE

if TYPE_CHECKING:
    import torch


@click.group(name="bench", cls=Group, epilog=NOTICE)
def command() -> None:
    """Measure time and memory of this program.

    What is measured is printed. With -o it is added to a CSV file, too; nothing else is written.
    """


for part in (recording, growth, threads):
    command.add_command(part)


@command.command(
    name="kernels",
    example="asyconv bench kernels --dtype float16 --dtype bfloat16 --shapes 11x96x128,44x96x128 -o kernels.csv",
)
@device_option
@option("--dtype", type=click.Choice(["float32", "float16", "bfloat16"]), multiple=True, help="May be repeated.")
@option("--shapes", default="1x96x128", show_default=True, help="Clips x height x width, several with commas.")
@option("--width", type=Number(min=0.02, max=4), default=1.0, show_default=True, help="Share of the channels.")
@option("--seconds", type=Number(min=0), default=1.0, show_default=True, help="Time for each row.")
@output_option("CSV file to which the rows are added; rooflines are drawn beside it as PNG and SVG.")
def kernels(
    device: "torch.device", dtype: tuple[str, ...], shapes: str, width: float, seconds: float, output: Path | None
) -> None:
    """Time every implementation of each block of the regression network.

    The memory that training a block keeps is measured, too. A roofline shows each rate under what the device allows.
    """
    from asyconv.cli.roofline import draw_roofline
    from asyconv.kernels.bench import DTYPES, kernel_rows
    from asyconv.kernels.timing import COLUMNS, table, write_rows

    shapes_of = _shapes(shapes)
    kinds = dtype or (("float32",) if device.type == "cpu" else ("float16", "bfloat16"))
    if output is not None:
        pictures = [_roofline(output, shape, name) for shape in shapes_of for name in kinds]
        for picture in pictures if not output.exists() else ():  # beside rows of this command they are its own
            for path in (picture, picture.with_suffix(".svg")):
                check_output(path, (".png", ".svg"), (), overwrite=False)
        check_rows_file(output, COLUMNS)
    for batch, *size in shapes_of:
        for name in kinds:
            rows = []
            for row in kernel_rows(device, DTYPES[name], batch, width=width, size=(size[0], size[1]), seconds=seconds):
                rows.append(row)
                if output is not None:
                    write_rows(output, [row])  # as they come: a run cut short leaves what it had
                note(f"{row.what} {row.block} {row.dtype}")
            click.echo(table(rows))
            if output is not None:
                for path in draw_roofline(rows, _roofline(output, [batch, *size], name)):
                    click.echo(path)


@command.command(name="explain", example="asyconv bench explain")
@device_option
def explain(device: "torch.device") -> None:
    """Print which implementation of each block would run on this machine, and why."""
    from asyconv.kernels.bench import explain as explained

    click.echo("\n".join(explained(device)))


@command.command(name="targets", example="asyconv bench targets --clips 4")
@device_option
@option("--clips", type=click.IntRange(min=1), default=16, show_default=True, help="Clips in the buffer.")
@option("--seconds", type=Number(min=0), default=2.0, show_default=True, help="Time for each figure.")
@output_option("CSV file to which the rows are added.")
def targets(device: "torch.device", clips: int, seconds: float, output: Path | None) -> None:
    """Time the drawing of target maps, and beside it the filling of their buffer with zeros."""
    from asyconv.evaluation.target_times import target_rows

    if output is not None:
        check_output(output, (".csv",), (), overwrite=True)
    for row in target_rows(device, clips, seconds):
        if output is not None:
            add_row(output, row)
        drawn = f"drawn in {row['draw_p20_ms']} ms, {row['times_filling']} times filling ({row['fill_p20_ms']} ms)"
        click.echo(f"{row['kind']} {row['shape']}: {drawn}")


@command.command(name="reading", example="asyconv bench reading -o reading.csv")
@option("--seconds", type=Number(min=1), default=10.0, show_default=True, help="Length of the recording.")
@output_option("CSV file to which the rows are added.")
def reading(seconds: float, output: Path | None) -> None:
    """Read one simulated recording in each format, and count frames per second.

    Every file is in the computer's memory when it is read, and frames are decoded on a thread of their own.
    """
    from asyconv.evaluation.reading_rates import reading_rows

    if output is not None:
        check_output(output, (".csv",), (), overwrite=True)
    with tempfile.TemporaryDirectory() as folder:
        for row in reading_rows(Path(folder), seconds):
            if output is not None:
                add_row(output, {**row, "command": f"asyconv bench reading --seconds {seconds:g}"})
            click.echo(f"{row['format']}: {row['frames_per_s']} frames/s, {row['kib_per_frame']} KiB a frame")


def _roofline(output: Path, shape: list[int], dtype: str) -> Path:
    return output.with_name(f"{output.stem}_{dtype}_{'x'.join(map(str, shape))}.png")


def _shapes(text: str) -> list[list[int]]:
    shapes = [part.split("x") for part in text.split(",")]
    if not all(len(shape) == 3 and all(n.isdecimal() and int(n) for n in shape) for shape in shapes):
        raise click.BadParameter(
            f"expected clips x height x width such as 11x96x128, found {text!r}", param_hint="--shapes"
        )
    return [[int(n) for n in shape] for shape in shapes]
