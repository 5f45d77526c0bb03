"""Commands run in the process of the tests."""

from click.testing import CliRunner, Result

from asyconv.cli.main import main


def invoke(*arguments: object) -> Result:
    """Run a command in this process; with the engine that stays in it."""
    here = ("--workers", 0) if arguments[0] == "process" else ()
    return CliRunner().invoke(main, [str(argument) for argument in (*arguments, *here)], catch_exceptions=False)
