"""asyconv check: what is wrong with an annotated data set, before hours are spent on it."""

from pathlib import Path

import click

from asyconv.cli.outcome import EXIT_REFUSED
from asyconv.errors import InputError
from asyconv.notice import NOTICE


@click.command(name="check", epilog=NOTICE)
@click.argument("dataset", type=click.Path(exists=True, path_type=Path))
@click.option("--csv", "csv_file", type=click.Path(dir_okay=False, path_type=Path), help="Write all findings here too.")
@click.pass_context
def command(ctx: click.Context, dataset: Path, csv_file: Path | None) -> None:
    """Print what is wrong with the annotated data set DATASET (a folder, or one sheet), with file and row.

    Exit codes: 0 nothing is wrong, 1 something is, 2 wrong usage.

    Example: asyconv check babypose/ --csv findings.csv
    """
    from asyconv.labels.check import as_csv, as_table, check
    from asyconv.whole_files import write_whole

    checked = check(dataset)
    click.echo(as_table(checked))
    if csv_file is not None:
        try:
            write_whole(csv_file, as_csv(checked.findings))
        except OSError as error:
            raise InputError(f"{csv_file}: the findings cannot be written here ({error.strerror})") from error
    ctx.exit(EXIT_REFUSED if checked.findings else 0)
