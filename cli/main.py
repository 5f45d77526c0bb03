"""The command ``asyconv``: one file per command, imported only when it is asked for."""

import importlib
import io
import keyword
import os
import signal
import sys
import traceback
from pathlib import Path

import click

import asyconv
from asyconv.cli.messages import EXIT_REFUSED, EXIT_STOPPED, complain, verbosity
from asyconv.errors import NO_TORCH, InputError, Stopped
from asyconv.notice import NOTICE
from asyconv.signals import first_raises

SECTIONS = {
    "First steps": {"demo": "Simulate two infants and write their reports."},
    "Recordings": {
        "info": "Tell what a recording is: camera, size, rates, depths, faults.",
        "convert": "Write a recording in another lossless format.",
        "process": "Turn depth recordings into tracks, tables and reports.",
        "calibrate": "Measure the speed floor of a camera set-up from a still clip.",
        "analyse": "Turn tracks into tables and reports, without torch.",
        "report": "Write one report about several recordings of an infant.",
        "cohort": "Bring all recordings together in tables and one report.",
        "render": "Draw the skeleton as a video, with speed bars.",
        "look": "Show frames with the skeleton over the depth picture.",
        "import": "Turn the joints of another tracker into tracks.",
        "export": "Write the joints in a format of another program.",
    },
    "Folders of results": {
        "status": "Show what is done, stale, parked and under way.",
        "verify": "Check that results are as they were written.",
    },
    "Data for training": {
        "simulate": "Make simulated recordings with known truth.",
        "label": "Label joints by hand, on a page in the browser.",
        "check": "Name what is wrong with an annotated data set.",
    },
    "Models": {
        "adapt": "Adapt a model to your own infants with labelled frames.",
        "validate": "Measure a model on your own labelled infants.",
        "train": "Train the two networks of a model.",
        "export-model": "Make one model file of a training, or an ONNX file of a model.",
        "evaluate": "Measure a model, or the movement analysis, where the truth is known.",
        "bench": "Measure time and memory of this program.",
    },
}
"""The commands in the order in which a newcomer meets them."""

COMMANDS = {name: text for section in SECTIONS.values() for name, text in section.items()}


class Commands(click.Group):
    """Loads a command's file when it is run; bad input and Ctrl-C become a sentence and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of `SECTIONS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import ``asyconv.cli.<command>`` and take its ``command``."""
        if cmd_name not in COMMANDS:
            return None
        module = cmd_name.replace("-", "_") + "_" * keyword.iskeyword(cmd_name)  # no module may be called `import`
        command = importlib.import_module(f"asyconv.cli.{module}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        width = max(map(len, COMMANDS))
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), text) for name, text in commands.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Run a command: 1 = refused input, 3 = stopped and resumable."""
        with first_raises((signal.SIGINT, signal.SIGTERM), lambda number: KeyboardInterrupt()):
            return self._invoke(ctx)

    def _invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except InputError as error:
            _show_traceback()
            complain(str(error))
            ctx.exit(EXIT_REFUSED)
        except ModuleNotFoundError as error:
            if error.name != "torch":
                raise
            complain(NO_TORCH)
            ctx.exit(EXIT_REFUSED)
        except Stopped as stop:
            _show_traceback()
            complain(f"stopped: {stop}")
            ctx.exit(EXIT_STOPPED)
        except KeyboardInterrupt:
            click.echo(err=True)
            complain("stopped; the same command goes on where it stopped")
            ctx.exit(EXIT_STOPPED)


def _show_traceback() -> None:
    if verbosity() > 0:
        click.echo(traceback.format_exc(), err=True)


@click.group(
    cls=Commands,
    epilog=NOTICE,
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="COMMAND ...",
)
@click.version_option(asyconv.__version__, prog_name="asyconv")
def main() -> None:
    """Turn depth recordings of preterm infants into limb poses, movement tables and reports.

    `asyconv COMMAND --help` explains a command and gives an example.

    Exit codes: 0 all done; 1 some input was refused (each is named); 2 wrong usage; 3 stopped, and the same command
    goes on.
    """
    from asyconv.openmp import wait_briefly

    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # Windows' codings lack letters that names of files have
    wait_briefly(os.environ)
    try:
        Path.cwd()
    except OSError as error:
        raise InputError("the folder in which you are has been removed; change to another and try again") from error


if __name__ == "__main__":
    main(prog_name="asyconv")
