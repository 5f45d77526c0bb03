"""The command ``asyconv``: one file per command, imported only when it is asked for."""

import importlib

import click

import asyconv
from asyconv.cli.outcome import EXIT_REFUSED, EXIT_STOPPED
from asyconv.errors import InputError, Stopped
from asyconv.notice import NOTICE

COMMANDS = {
    "demo": "Simulate two infants, process them and print the reports' paths.",
    "process": "Turn depth recordings into tracks, tables and reports.",
    "analyse": "Turn tracks into tables and reports (needs no torch).",
    "calibrate": "Measure the speed floor of a set-up from a still clip.",
    "cohort": "Bring the tables of all recordings together and compare them.",
    "status": "Say how far the work on a folder of results is.",
    "verify": "Check that results are as they were written.",
    "report": "Write one report about several recordings of an infant.",
    "render": "Draw the skeleton as a video, with speed bars.",
    "simulate": "Make simulated recordings with known truth.",
    "check": "Name what is wrong with an annotated data set.",
    "train": "Train the two networks on simulated infants.",
    "evaluate": "Measure a model on simulated infants it was never trained on.",
    "export-model": "Make one model file of a training folder.",
    "bench": "Measure time and memory of a recording, or of the kernels.",
}


class Commands(click.Group):
    """Loads a command's file when it is run; bad input and Ctrl-C become a sentence and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import ``asyconv.cli.<command>`` and take its ``command``."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"asyconv.cli.{cmd_name.replace('-', '_')}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        """Run a command: 1 = refused input, 3 = stopped and resumable."""
        try:
            return super().invoke(ctx)
        except InputError as error:
            click.echo(f"asyconv: {error}", err=True)
            ctx.exit(EXIT_REFUSED)
        except Stopped as stop:
            click.echo(f"asyconv: stopped: {stop}", err=True)
            ctx.exit(EXIT_STOPPED)
        except KeyboardInterrupt:
            click.echo("\nasyconv: stopped; the same command goes on where it stopped", err=True)
            ctx.exit(EXIT_STOPPED)


@click.group(cls=Commands, epilog=NOTICE, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(asyconv.__version__, prog_name="asyconv")
def main() -> None:
    """Turn depth recordings of preterm infants into limb poses, movement tables and reports.

    Exit codes: 0 all done, 1 some recordings refused (each is named), 2 wrong usage, 3 stopped and resumable.
    """


if __name__ == "__main__":
    main(prog_name="asyconv")
