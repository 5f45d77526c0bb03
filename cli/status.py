"""asyconv status: how far the work on a folder of results is."""

import json
import time
from pathlib import Path
from typing import Any

import click

from asyconv.cli.options import PATH, asyconv_command, json_option, option
from asyconv.words import counted, length_in_words

WATCH_EVERY_S = 2.0


@asyconv_command("status", example="asyconv status results/ --watch")
@click.argument("results", type=PATH)
@option("--watch", is_flag=True, help="Show the work under way until nothing is.")
@json_option
def command(results: Path, watch: bool, as_json: bool) -> None:
    """Show what in RESULTS is done, stale, parked and under way.

    Stale results were made by another version of this program. A parked recording was refused or failed; the reason is
    given. Recordings under way are those of all runs that share RESULTS.
    """
    from rich.console import Console

    from asyconv.cli.inputs import refuse_no_results
    from asyconv.cli.live import table_of_work
    from asyconv.night.claims import running

    refuse_no_results(results)
    if watch and as_json:
        raise click.UsageError("--watch and --json do not go together; call --json again and again")
    console = Console()
    while watch and running(results):
        console.print(table_of_work(results, caption=f"{status_of(results)['recordings_done']} recordings done"))
        time.sleep(WATCH_EVERY_S)
    status = status_of(results)
    if as_json:
        click.echo(json.dumps(status))
        return
    for line in lines(status):
        click.echo(line)
    if status["under_way"]:
        console.print(table_of_work(results, caption=""))


def status_of(results: Path) -> dict[str, Any]:
    """What is done, what another version of this program made, what is parked and why, and what is under way."""
    from asyconv.analysis import ANALYSIS_VERSION
    from asyconv.night.claims import running
    from asyconv.night.results import failed, manifests
    from asyconv.tracks import TRACKS_VERSION

    done = manifests(results)
    stale = []
    for setting, part, version in (
        ("tracks_version", "tracking", TRACKS_VERSION),
        ("analysis_version", "analysis", ANALYSIS_VERSION),
    ):
        others = [m[part][setting] for m in done if m.get(part, {}).get(setting, version) != version]
        if others:
            made_by = sorted(set(others))
            stale.append({"setting": setting, "made_by": made_by, "now": version, "recordings": len(others)})
    columns = ("recording_id", "stage", "done", "total", "seconds")
    return {
        "recordings_done": len(done),
        "recorded_s": sum(m.get("recorded_s") or 0.0 for m in done),
        "stale": stale,
        "parked": failed(results),
        "under_way": [{name: facts.get(name) for name in columns} for facts in running(results)],
    }


def lines(status: dict[str, Any]) -> list[str]:
    """The status in words, but for what is under way."""
    out = [f"{counted(status['recordings_done'], 'recording')} done, {length_in_words(status['recorded_s'])} of video"]
    for stale in status["stale"]:
        made_by = ", ".join(map(str, stale["made_by"]))
        out.append(
            f"{stale['recordings']} stale: {stale['setting']} {made_by} -> {stale['now']}; "
            "`asyconv process --update` makes them again"
        )
    return out + [f"{name}: parked: {reason}" for name, reason in status["parked"].items()]
