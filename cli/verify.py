"""asyconv verify: are the results as they were written."""

import json
from pathlib import Path

import click

from asyconv.cli.messages import EXIT_REFUSED, note
from asyconv.cli.options import PATH, asyconv_command, json_option
from asyconv.words import counted


@asyconv_command("verify", example="asyconv verify results/")
@click.argument("results", type=PATH)
@json_option
@click.pass_context
def command(ctx: click.Context, results: Path, as_json: bool) -> None:
    """Check every file in RESULTS against the hash noted when it was written.

    Manifests and audit files are checked, too. This finds accidents (lost, cut or changed files); somebody who may
    write there can deceive it.

    Exit codes: 0 everything is as it was written, 1 something is not, 2 wrong usage.
    """
    from asyconv.cli.inputs import refuse_no_results
    from asyconv.night.audit import verify
    from asyconv.night.results import manifests

    refuse_no_results(results)
    faults = []
    for fault in verify(results):
        faults.append(fault)
        if not as_json:
            click.echo(fault)
    count = len(manifests(results))
    if as_json:
        click.echo(json.dumps({"recordings": count, "faults": faults}))
    note(f"{counted(count, 'recording')}, {counted(len(faults), 'fault')}")
    ctx.exit(EXIT_REFUSED if faults else 0)
