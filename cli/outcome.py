"""What a batch says: reports' paths on standard output, everything else on standard error."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from asyconv.batch import Outcome

EXIT_REFUSED = 1
EXIT_STOPPED = 3


def hear(outcomes: "Iterable[Outcome]") -> "list[Outcome]":
    """Tell each outcome as it comes: the path of a report that is there, a sentence for what is not."""
    heard = []
    for outcome in outcomes:
        heard.append(outcome)
        if outcome.state == "refused":
            click.echo(f"asyconv: refused: {outcome.sentence}", err=True)
        else:
            state = "made" if outcome.made else {"done": "already done"}.get(outcome.state, str(outcome.state))
            why = f" ({outcome.sentence})" if outcome.sentence else ""
            click.echo(f"{outcome.source.name}: {outcome.recording_id or ''} {state}{why}", err=True)
        if outcome.folder is not None and (outcome.folder / "report.html").is_file():
            click.echo(outcome.folder / "report.html")
    return heard


def finish(ctx: click.Context, outcomes: "list[Outcome]") -> None:
    """Count, and leave with 1 if anything was refused."""
    from asyconv.batch import summary

    click.echo(summary(outcomes), err=True)
    ctx.exit(EXIT_REFUSED if any(outcome.state == "refused" for outcome in outcomes) else 0)
