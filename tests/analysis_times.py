"""How long the analysis takes: ``python -m tests.analysis_times`` adds rows to benchmarks/analysis.csv.

One simulated 180 s recording (true joints with 0.5 mm of noise) analysed with all intervals, and cohorts made from one
analysed recording (`tests.helpers.made_cohort`). Run with OMP_NUM_THREADS=1 and POLARS_MAX_THREADS=1 to see one core.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import asyconv
from asyconv.analysis import analyse
from asyconv.analysis.cohort.cohort import make_cohort, write_cohort
from asyconv.analysis.cohort.report import write_cohort_report
from asyconv.analysis.evaluation.interval_coverage import jittered
from asyconv.analysis.report.page import write_report
from asyconv.analysis.tables.files import write_tables
from asyconv.cli.cohort import members_of
from asyconv.cli.machine import software
from asyconv.cli.outputs import add_row
from asyconv.kernels.timing import commit
from asyconv.night.results import failed, manifests
from asyconv.simulation.infant import FPS_HZ
from asyconv.simulation.scene import make_infant
from asyconv.simulation.truth import true_tracks, truth_of
from asyconv.skeleton import N_JOINTS
from asyconv.system import cores, processor
from tests.helpers.made_cohort import Made, make_results

SECONDS = 180
INFANTS = 1000
OUTPUT = Path("benchmarks/analysis.csv")


def main() -> None:
    """Measure a recording and a cohort, three times each after one that warms up; the median becomes a row."""
    infants = int(sys.argv[1]) if len(sys.argv) > 1 else INFANTS
    time_s = np.arange(SECONDS * FPS_HZ) / FPS_HZ
    infant = make_infant(33, 0, time_s)
    tracks = jittered(true_tracks(truth_of(infant, np.ones((len(time_s), N_JOINTS), bool)), infant), 0.5, 0)
    movement = analyse(tracks)
    note("analyse", 1, lambda folder: analyse(tracks))
    note("tables", 1, lambda folder: write_tables(movement, folder))
    note("report", 1, lambda folder: write_report(movement, folder / "report.html"))
    with tempfile.TemporaryDirectory() as results:
        made = [Made(f"rec-{n:06d}", f"inf-{n:06d}", 190 + n % 90) for n in range(infants)]
        make_results(Path(results), made)
        found = manifests(Path(results))

        def tables(folder: Path) -> None:
            members, mismatches = members_of(Path(results), found, None, None)
            write_cohort(make_cohort(members, mismatches, failed(Path(results))), folder)

        members, mismatches = members_of(Path(results), found, None, None)
        cohort = make_cohort(members, mismatches)
        note("cohort tables", infants, tables)
        note("cohort report", infants, lambda folder: write_cohort_report(cohort, folder))


def note(what: str, recordings: int, work: Callable[[Path], object]) -> None:
    """Add the row of one kind of work; `work` gets an empty folder."""
    seconds, cpu_s, largest = [], [], 0
    for turn in range(4):
        with tempfile.TemporaryDirectory() as folder:
            start, before = time.perf_counter(), time.process_time()
            work(Path(folder))
            if turn:
                seconds.append(time.perf_counter() - start)
                cpu_s.append(time.process_time() - before)
            largest = max([path.stat().st_size for path in Path(folder).rglob("*.html")], default=0)
    row: dict[str, object] = {
        "what": what,
        "recordings": recordings,
        "recording_s": SECONDS if recordings == 1 else "",
        "seconds_p50": round(float(np.median(seconds)), 2),
        "cpu_s_p50": round(float(np.median(cpu_s)), 2),
        "largest_page_mb": round(largest / 1e6, 2) if largest else "",
        "threads": os.environ.get("POLARS_MAX_THREADS", cores()),
        "cpu": processor() or "",
        **software("numpy", "polars"),
        "asyconv": asyconv.__version__,
        "commit": commit(),
        "command": "python -m tests.analysis_times",
    }
    add_row(OUTPUT, row)
    print(row)


if __name__ == "__main__":
    main()
