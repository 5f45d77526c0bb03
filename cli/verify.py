"""asyconv verify: are the results as they were written."""

from pathlib import Path

import click

from asyconv.cli.outcome import EXIT_REFUSED
from asyconv.errors import InputError
from asyconv.notice import NOTICE


@click.command(name="verify", epilog=NOTICE)
@click.argument("results", type=click.Path(path_type=Path))
@click.pass_context
def command(ctx: click.Context, results: Path) -> None:
    """Check the audit files, manifests and every output in RESULTS against the hashes noted when they were written.

    This detects accidents (lost, cut or changed files), not an editor with write access.

    Example: asyconv verify results/
    """
    from asyconv.night.audit import verify
    from asyconv.night.results import manifests

    if not results.is_dir():
        raise InputError(f"{results}: expected a folder of results, found none")
    faults = 0
    for fault in verify(results):
        faults += 1
        click.echo(fault)
    click.echo(f"{len(manifests(results))} recordings, {faults} faults", err=True)
    ctx.exit(EXIT_REFUSED if faults else 0)
