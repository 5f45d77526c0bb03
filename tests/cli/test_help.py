"""What the help says and the shell completes."""

import os
import subprocess
import sys

import click
import click.shell_completion
import pytest

from asyconv.cli.main import COMMANDS, main
from asyconv.cli.options import Command
from asyconv.notice import NOTICE
from tests.helpers.commands import invoke, parse


def flat(text: str) -> str:
    return " ".join(text.split())


def test_help_names_every_command_and_the_notice() -> None:
    result = invoke("--help")
    assert result.exit_code == 0
    assert NOTICE in flat(result.output)
    assert all(name in result.output for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    subcommands = command.commands if isinstance(command, click.Group) else {"": command}
    for subcommand, leaf in subcommands.items():
        result = invoke(name, *filter(None, [subcommand]), "--help")
        assert result.exit_code == 0
        assert NOTICE in flat(result.output)
        assert isinstance(leaf, Command)
        for line in leaf.example.splitlines():
            assert line.startswith(f"asyconv {name} {subcommand}".rstrip())
            assert f"  {line}\n" in result.output
            parse(line)


def test_options_of_process_stand_in_sections() -> None:
    text = invoke("process", "--help").output
    marks = ("The run:", "The infant:", "  --infant ", "The camera:", "  --head ", "Processes and clusters:")
    places = [text.index(f"\n{mark}") for mark in (*marks, "  --shard ")]
    assert places == sorted(places)


def test_the_shell_completes_commands_subcommands_and_options() -> None:
    def completed(*words: str) -> set[str]:
        *before, last = words
        shell = click.shell_completion.ShellComplete(main, {}, "asyconv", "_ASYCONV_COMPLETE")
        return {item.value for item in shell.get_completions(before, last)}

    assert completed("pro") == {"process"}
    assert completed("evaluate", "mo") == {"movement"}
    assert completed("process", "--sh") == {"--sheet", "--shard"}


def test_help_answers_at_once() -> None:
    """In less than 0.2 s of processor time above that of an empty program; the best of five, as others run too."""

    def cpu_s(code: str) -> float:
        before = os.times()
        subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    empty = min(cpu_s("pass") for _ in range(5))
    helps = min(cpu_s("from asyconv.cli.main import main; main(['--help'])") for _ in range(5))
    assert helps - empty < 0.2
