"""What a batch says: reports' paths on standard output, everything else on standard error."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from asyconv.night.unit import Outcome

BAD = ("refused", "failed")
EXIT_REFUSED = 1
EXIT_STOPPED = 3


def tell(outcome: "Outcome") -> None:
    """Say what became of one recording: the path of a report that is there, a sentence for what is not."""
    if outcome.state in BAD:
        click.echo(f"asyconv: {'refused' if outcome.state == 'refused' else 'parked'}: {outcome.sentence}", err=True)
    else:
        state = "made" if outcome.made else {"done": "already done"}.get(outcome.state, str(outcome.state))
        why = f" ({outcome.sentence})" if outcome.sentence else ""
        click.echo(f"{outcome.source.name}: {outcome.recording_id or ''} {state}{why}", err=True)
    if outcome.folder is not None and (outcome.folder / "report.html").is_file():
        click.echo(outcome.folder / "report.html")


def code_of(outcomes: "Iterable[Outcome]") -> int:
    """Exit code of a run that came to its end."""
    return EXIT_REFUSED if any(outcome.state in BAD for outcome in outcomes) else 0


def finish(ctx: click.Context, outcomes: "list[Outcome]") -> None:
    """Count, and leave with 1 if anything was refused or parked."""
    from asyconv.night.batch import summary

    click.echo(summary(outcomes), err=True)
    ctx.exit(code_of(outcomes))
