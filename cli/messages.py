"""Messages of commands: results on standard output, everything else on standard error, by ``-q`` and ``-v``."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from asyconv.errors import InputError

if TYPE_CHECKING:
    from asyconv.night.one_recording import Outcome

BAD = ("refused", "failed")
UNLIKE = "unlike what the model was validated on"
"""How a warning about such a recording begins (asyconv.pose.validated)."""
EXIT_REFUSED = 1
EXIT_STOPPED = 3
VERBOSITY = "asyconv.verbosity"


def verbosity() -> int:
    """-1 with ``--quiet``, 1 with ``--verbose``, else 0."""
    context = click.get_current_context(silent=True)
    return context.meta.get(VERBOSITY, 0) if context else 0


def note(text: str) -> None:
    """Print a message to standard error, unless ``--quiet`` is given."""
    if verbosity() >= 0:
        click.echo(plain(text), err=True)


def complain(text: str) -> None:
    """Print an error to standard error."""
    click.echo(f"asyconv: {plain(text)}", err=True)


def plain(text: str) -> str:
    """Text with what would steer a terminal spelt out, as names of files may hold it."""
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)


@contextmanager
def writing(place: Path | None, what: str) -> Iterator[None]:
    """Make the folder of a place to write to; an error of the file system becomes a sentence that names the place."""
    from asyconv.whole_files import is_disk_full

    try:
        if place is not None:
            place.parent.mkdir(parents=True, exist_ok=True)
        yield
    except Exception as error:
        if not isinstance(error, OSError) and not is_disk_full(error):
            raise
        why = getattr(error, "strerror", None) or ("No space left on device" if is_disk_full(error) else error)
        raise InputError(f"{place}: {what} cannot be written here ({why})") from error


def print_outcome(outcome: "Outcome") -> None:
    """Print the outcome of one recording: the path of its report, or the reason why there is none."""
    if outcome.state in BAD:
        complain(f"{'refused' if outcome.state == 'refused' else 'parked'}: {outcome.sentence}")
    else:
        state = "made" if outcome.made else {"done": "already done"}.get(outcome.state, str(outcome.state))
        why = f" ({outcome.sentence})" if outcome.sentence else ""
        note(" ".join(filter(None, [f"{outcome.source.name}:", outcome.recording_id, f"{state}{why}"])))
    if outcome.made and outcome.folder is not None:
        from asyconv.night.results import read_manifest

        manifest = read_manifest(outcome.folder.parent, outcome.folder.name) or {}
        for sentence in manifest.get("warnings") or ():
            if sentence.startswith(UNLIKE):
                note(f"{outcome.recording_id}: {sentence}")
        if verbosity() > 0:
            times = (f"{name} {spent['seconds']:.1f} s" for name, spent in manifest.get("stages", {}).items())
            click.echo(f"{outcome.recording_id}: {', '.join(times)}", err=True)
    if outcome.folder is not None and (outcome.folder / "report.html").is_file():
        click.echo(outcome.folder / "report.html")


def exit_code(outcomes: "Iterable[Outcome]") -> int:
    """Exit code of a finished run."""
    return EXIT_REFUSED if any(outcome.state in BAD for outcome in outcomes) else 0


def finish(ctx: click.Context, outcomes: "list[Outcome]") -> None:
    """Print the counts; exit with 1 if a recording was refused or parked."""
    from asyconv.night.batch import summary

    note(summary(outcomes))
    ctx.exit(exit_code(outcomes))
