"""Signals stop a command once, in order, whenever they come."""

import signal
import subprocess
import sys
import time

import pytest

from asyconv.signals import first_raises
from tests.helpers.real_data import ROOT

COMMAND = """
import time
import click
from asyconv.cli.main import Commands

@click.command()
def slow():
    try:
        print("ready", flush=True)
        time.sleep(100)
    finally:
        time.sleep(1.0)
        print("clean", flush=True)

class Slow(Commands):
    def get_command(self, ctx, name):
        return slow

click.group(cls=Slow)(lambda: None)(["slow"])
"""


def not_ignored() -> None:
    """Let a child be interrupted where these tests run in the background of a shell."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_four_quick_ones_leave_no_traceback(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        preexec_fn=not_ignored,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    for _ in range(4):
        process.send_signal(number)
        time.sleep(0.05)
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 3, errors
    assert said == "clean\n"
    assert "stopped; the same command goes on where it stopped" in errors
    assert "Traceback" not in errors


class Finalised:
    """Gets a signal while it goes."""

    def __del__(self) -> None:
        """Send it."""
        signal.raise_signal(signal.SIGTERM)


def make_and_wait() -> None:
    Finalised()
    for _ in range(100):
        time.sleep(0.1)


def test_one_that_comes_while_an_object_is_finalised_is_not_lost() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit, match="143"), first_raises((signal.SIGTERM,), lambda n: SystemExit(128 + n)):
        make_and_wait()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    signal.signal(signal.SIGTERM, before)
