"""Make docs/sample again: ``python -m tests.sample_results docs FOLDER``.

One calm infant is simulated, whose arms are often hidden, and goes through the whole pipeline with the shipped model,
in some minutes. Recording and results stay in FOLDER; what docs/sample shows is copied, and docs/exchange.md follows.
"""

import re
import shutil
import sys
from pathlib import Path

from asyconv.cli.main import main as asyconv

SEED, SECONDS = 905, 65
FILES = (
    "report.html", "limb_summary.csv", "pair_summary.csv", "body_summary.csv", "bouts.parquet",
    "features_long.parquet", "data_dictionary.csv",
)  # fmt: skip


def main(docs: Path, folder: Path) -> None:
    """Simulate what is not there yet, process it, and put the sample in the place of the one before."""
    recordings, results = folder / "recordings", folder / "results"
    if not recordings.exists():
        infants = ["--infants", "1", "--seconds", str(SECONDS), "--seed", str(SEED), "--calm"]
        asyconv(["simulate", str(recordings), *infants], standalone_mode=False)
    stated = ["--infant", "inf-1", "--workers", "0", "--no-wait", "--update"]
    asyconv(["process", str(recordings), "-o", str(results), *stated], standalone_mode=False)
    (made,) = results.glob("rec-*")
    shutil.rmtree(docs / "sample")
    (docs / "sample" / made.name).mkdir(parents=True)
    for name in FILES:
        shutil.copy(made / name, docs / "sample" / made.name / name)
    page = docs / "exchange.md"
    text = page.read_text(encoding="utf8")
    page.write_text(re.sub(r"(?<=sample/)rec-[0-9a-f]{12}", made.name, text), encoding="utf8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
