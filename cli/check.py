"""asyconv check: errors in an annotated data set, before it is used for a training."""

import json
from pathlib import Path

import click

from asyconv.cli.messages import EXIT_REFUSED, plain, writing
from asyconv.cli.options import PATH, Place, asyconv_command, json_option, option, overwrite_option
from asyconv.cli.outputs import check_output


@asyconv_command("check", example="asyconv check babypose/ --csv findings.csv")
@click.argument("dataset", type=PATH)
@option("--csv", "csv_file", type=Place(dir_okay=False, path_type=Path), help="Write all findings here, too.")
@overwrite_option
@json_option
@click.pass_context
def command(ctx: click.Context, dataset: Path, csv_file: Path | None, overwrite: bool, as_json: bool) -> None:
    """Print what is wrong with the annotated data set DATASET, with file and row.

    DATASET is a folder, or one sheet of labels. Nothing in it is changed.

    Exit codes: 0 nothing is wrong, 1 something is wrong, 2 wrong usage.
    """
    from asyconv.labels.check import as_csv, as_table, check
    from asyconv.whole_files import write_whole

    if csv_file is not None:
        check_output(csv_file, (".csv",), (dataset,), overwrite=overwrite)
    checked = check(dataset)
    if as_json:
        findings = [finding._asdict() for finding in checked.findings]
        counts = {"infants": checked.infants, "rows": checked.rows, "missing_pct": checked.missing_pct}
        click.echo(json.dumps({**counts, "findings": findings}))
    else:
        click.echo(plain(as_table(checked)))
    if csv_file is not None:
        with writing(csv_file, "the findings"):
            write_whole(csv_file, as_csv(checked.findings))
    ctx.exit(EXIT_REFUSED if checked.findings else 0)
