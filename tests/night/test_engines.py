"""Engines: crashes charged to their own recording, no port on one machine, workers of a Dask cluster lost."""

import http.server
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from asyconv.errors import InputError, Stopped
from asyconv.night import batch, claims, engines, results
from asyconv.night import cluster as clusters
from asyconv.night.child import Task
from asyconv.night.cluster import Cluster
from asyconv.night.engines import GPU_SLOTS, Engine, Local, child_environment, fitting_workers
from asyconv.night.one_recording import Outcome, State
from tests.helpers.blocked import without
from tests.helpers.commands import python
from tests.helpers.made_work import MAKE_RESULT, asked, echo_task, parked, settled

Dask = tuple[str, list["subprocess.Popen[bytes]"]]
"""The scheduler's file, and the processes of the scheduler and of its workers."""


def run(sources: list[Path], out: Path, engine: Engine, **options: Any) -> dict[str, Outcome]:
    try:
        outcomes = list(batch.run_batch(MAKE_RESULT, asked(sources, out), out, engine, batch.new_run(), **options))
    finally:
        engine.close()
    return {outcome.source.stem: outcome for outcome in outcomes}


def test_every_kind_of_crash_is_charged_to_its_own_recording(tmp_path: Path, out: Path) -> None:
    texts = {f"good {n}": f"recording {n} sleep 0.1" for n in range(8)}
    texts |= {"crashes": "crash", "crashes once": "crash once", "raises once": "raise once", "no memory": "oom"}
    sources = [settled(tmp_path / "in" / f"{name}.txt", text) for name, text in texts.items()]
    found = run(sources, out, Local(len(sources), workers=2))
    assert {name for name, outcome in found.items() if not outcome.made} == {"crashes", "no memory"}
    assert found["crashes"].state is State.FAILED
    assert "killed by SIGSEGV, at attempt 3 of 3" in found["crashes"].sentence
    assert "killed by SIGKILL (out of memory?)" in found["no memory"].sentence
    attempts = {name: results.read_manifest(out, str(o.recording_id)) for name, o in found.items() if o.made}
    assert {name: (m or {})["attempts"] for name, m in attempts.items()} == {
        **{f"good {n}": 1 for n in range(8)}, "crashes once": 2, "raises once": 2,
    }  # fmt: skip
    records = {record["recording_id"]: record for record in parked(out)}
    assert set(records) == {found["crashes"].recording_id, found["no memory"].recording_id}
    assert [len(record["attempts"]) for record in records.values()] == [3, 3]
    steps = records[str(found["crashes"].recording_id)]["attempts"][0]["steps"]
    assert any(step.startswith("made_work.py:") for step in steps)
    assert not list((out / claims.CLAIMS).iterdir())
    assert not list(out.glob(".tmp-*"))


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Dask]:
    """Start a real scheduler and two workers, each a process of its own on loopback."""
    dask = [sys.executable, "-m", "dask"]
    file = str(tmp_path / "scheduler.json")
    quiet: dict[str, Any] = {"cwd": tmp_path, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    place = ["--host", "127.0.0.1", "--no-dashboard"]
    processes = [subprocess.Popen([*dask, "scheduler", "--port", "0", "--scheduler-file", file, *place], **quiet)]
    while not Path(file).exists():
        time.sleep(0.05)
    worker = [*dask, "worker", "--scheduler-file", file, "--nthreads", "1", "--no-nanny", *place]
    processes += [subprocess.Popen(worker, **quiet) for _ in range(2)]
    yield file, processes
    for process in processes:
        process.kill()
        process.wait()


def both_workers(scheduler: str) -> Cluster:
    engine = Cluster(scheduler)
    while engine.slots() < 2:
        time.sleep(0.05)
    return engine


def test_a_cluster_that_is_there_and_a_worker_killed_in_the_middle(tmp_path: Path, cluster: Dask) -> None:
    address, processes = cluster
    sources = [settled(tmp_path / "in" / f"{n}.txt", f"recording {n} sleep 0.5") for n in range(8)]
    out, engine, made = tmp_path / "out", both_workers(address), []
    for outcome in batch.run_batch(MAKE_RESULT, asked(sources, out), out, engine, batch.new_run()):
        made.append(outcome.made)
        if len(made) == 2:
            processes[1].kill()
    engine.close()
    assert made == [True] * 8
    assert len(results.manifests(out)) == 8
    assert not list((out / claims.CLAIMS).iterdir())
    assert not list(out.glob(".tmp-*"))


NIGHT = """
import sys
from pathlib import Path

import psutil
from asyconv.night import batch
from asyconv.night.engines import Local
from tests.helpers.made_work import MAKE_RESULT, asked

out, engine = Path(sys.argv[1]), Local(1, workers=1)
outcomes = batch.run_batch(MAKE_RESULT, asked([Path(sys.argv[2])], out), out, engine, "run")
assert [outcome.made for outcome in outcomes] == [True]
family = [psutil.Process(), *psutil.Process().children(recursive=True)]
assert len(family) == 2
assert not [c for one in family for c in one.net_connections("inet")]
engine.close()
assert not psutil.Process().children()
"""


def test_a_local_night_needs_no_dask_and_opens_no_port(tmp_path: Path) -> None:
    source = settled(tmp_path / "in" / "0.txt", "recording 0")
    program = without("distributed", "dask") + NIGHT
    done = python("-c", program, tmp_path / "out", source)
    assert done.returncode == 0, done.stderr


def test_a_closed_engine_starts_no_process() -> None:
    engine = Local(4, workers=4)
    for n in range(4):
        engine.submit(str(n), echo_task(hold=True))
    engine.close()
    assert not [child for child in psutil.Process().children() if "asyconv" in " ".join(child.cmdline())]


def test_a_cluster_without_its_package_is_a_sentence() -> None:
    program = without("distributed", "dask") + "from asyconv.night.cluster import Cluster; Cluster('tcp://127.0.0.1:9')"
    done = python("-c", program)
    assert "InputError: --scheduler needs the package distributed: install asyconv[cluster]" in done.stderr


def test_a_scheduler_that_dies_stops_the_run_and_blames_no_recording(tmp_path: Path, cluster: Dask) -> None:
    address, processes = cluster
    sources = [settled(tmp_path / "in" / f"{n}.txt", f"recording {n} sleep 30") for n in range(2)]
    out, engine = tmp_path / "out", both_workers(address)

    def die() -> None:
        while not list((out / claims.CLAIMS).glob("*.lock")):
            time.sleep(0.05)
        processes[0].kill()

    killer = threading.Thread(target=die)
    killer.start()
    with pytest.raises(Stopped, match="the connection is lost; once it is there, the same command goes on"):
        list(batch.run_batch(MAKE_RESULT, asked(sources, out), out, engine, batch.new_run()))
    killer.join()
    engine.close()
    assert not parked(out)


def test_a_run_that_is_closed_ends_its_work_on_the_cluster(tmp_path: Path, cluster: Dask) -> None:
    out, engine = tmp_path / "out", both_workers(cluster[0])
    results.open_results(out)
    (source,) = asked([settled(tmp_path / "in" / "0.txt", "recording 0 sleep 300")], out)
    arguments = {**source.arguments, "source": str(source.source), "run": "run-1", "attempt": 1}
    engine.submit("0", Task(MAKE_RESULT, arguments, 100.0))
    while not list((out / claims.CLAIMS).glob("*.lock")):
        time.sleep(0.05)
    engine.close()
    end = time.monotonic() + 60
    while list((out / claims.CLAIMS).glob("*.lock")) or list(out.glob(".tmp-*")):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_cluster_without_workers_is_not_waited_for_for_ever(cluster: Dask, monkeypatch: pytest.MonkeyPatch) -> None:
    address, processes = cluster
    engine = Cluster(address)
    for worker in processes[1:]:
        worker.kill()
        worker.wait()
    while engine.slots():
        time.sleep(0.05)
    monkeypatch.setattr(clusters, "WORKERS_WITHIN_S", 0.0)
    with pytest.raises(Stopped, match="expected workers, found none for 0 s"):
        engine.slots()
    engine.close()


def test_what_is_no_scheduler_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "ANSWER_WITHIN_S", 1.0)
    (tmp_path / "garbage.json").write_text("[1, {")
    (tmp_path / "other.json").write_text('{"workers": {}}')
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    there = f"tcp://127.0.0.1:{server.server_port}"
    for wrong in ("tcp://127.0.0.1:9", str(tmp_path / "garbage.json"), str(tmp_path / "other.json"), there):
        with pytest.raises(InputError, match="expected a Dask scheduler, found none"):
            Cluster(wrong)
    server.shutdown()
    server.server_close()


def test_workers_fit_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fitting_workers(1) == 1
    assert 1 <= fitting_workers(1000) <= (os.cpu_count() or 1)
    monkeypatch.setattr(engines, "gpu_count", lambda: 4)
    assert fitting_workers(1000) == 4
    assert child_environment(3, 2)["CUDA_VISIBLE_DEVICES"] == "2"
    assert child_environment(3, None)["OMP_NUM_THREADS"] == "3"
    assert GPU_SLOTS > 1


def test_without_a_driver_no_torch_is_loaded_to_count_gpus() -> None:
    code = """
import ctypes

def none(name):
    raise OSError(f"{name}: cannot open shared object file")

ctypes.CDLL = none
from asyconv.night.engines import gpu_count
assert gpu_count() == 0
"""
    done = python("-c", without("torch") + code)
    assert done.returncode == 0, done.stderr
