"""Commands run in the process of the tests, or only parsed."""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from unittest import mock

import click
from click.testing import CliRunner, Result

from asyconv.cli.main import main
from tests.helpers.real_data import ROOT


def invoke(*arguments: object) -> Result:
    """Run a command in this process; with the engine that stays in it."""
    here = ("--workers", 0) if arguments[0] == "process" else ()
    return CliRunner().invoke(main, [str(argument) for argument in (*arguments, *here)], catch_exceptions=False)


def parse(line: str) -> None:
    """Raise `click.UsageError` if ``asyconv ...`` has a command, an option or a value that asyconv does not know.

    The command is not run, the files that it names need not be there, and 1 stands for each variable of the shell.
    """
    program, *words = shlex.split(re.sub(r"\$\w+", "1", line), comments=True)
    assert program == "asyconv", line
    for sign in (">", "|", "&&", ";"):  # what follows is the shell's
        words = words[: words.index(sign)] if sign in words else words
    with (
        mock.patch.object(click.Path, "convert", lambda self, value, parameter, ctx: Path(value)),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.suppress(click.exceptions.Exit),  # after --help
    ):
        command: click.Command = main
        ctx = command.make_context("asyconv", words) if words else click.Context(main)
        while isinstance(command, click.Group) and ctx._protected_args:
            name, subcommand, words = command.resolve_command(ctx, [*ctx._protected_args, *ctx.args])
            assert name is not None
            assert subcommand is not None
            command, ctx = subcommand, subcommand.make_context(name, words, parent=ctx)


def python(*words: object, as_nobody: bool = False) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own to its end; as nobody, it is refused what permissions refuse."""
    command = [sys.executable, *map(str, words)]
    command = without_privileges(command) if as_nobody else command
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def without_privileges(command: list[str]) -> list[str]:
    """Let root be refused what a file's permissions refuse."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *command]
