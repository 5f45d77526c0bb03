"""Pictures and times of docs/own-infants.md: ``python -m tests.own_infants docs FOLDER``, after `make browser`.

Recordings of a simulated other hospital are processed, looked at, labelled and compared with the model, by the commands
that a user gives. Times are those of the processor, so that other work on the machine does not count.
"""

import resource
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from tests.helpers.browser import launched, opened
from tests.helpers.simulated_rater import chosen_from, label_like

INFANTS, SECONDS, SEED, FRAMES = 1, 8, 721, 24
COLOURS, PAGE_PX = 96, 1000
LOOK_PX = 780, 720


def run(*words: object) -> None:
    """Run one command of asyconv; print what it used and the end of what it said."""
    line = [str(word) for word in words]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "asyconv.cli.main", *line], capture_output=True, text=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{used_s:.0f} s  asyconv {' '.join(line)}\n{done.stdout[-1500:]}\n{done.stderr[-300:]}", flush=True)
    if done.returncode and line[0] != "check":  # which says by its exit code that it found something
        sys.exit(done.returncode)


def few_colours(picture: Image.Image, path: Path) -> None:
    """Write a picture small."""
    picture.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        path, optimize=True
    )


def main(docs: Path, folder: Path) -> None:
    """Make recordings, labels and pages in `folder`, and put two pictures into `docs`."""
    recordings, results, labels = (folder / name for name in ("recordings", "results", "labels"))
    run("simulate", recordings, "--other-hospital", "--infants", INFANTS, "--seconds", SECONDS, "--seed", SEED)
    run("process", recordings, "-o", results, "--head", "down")
    (recording,), (tracks,) = recordings.glob("*.oni"), results.glob("rec-*/tracks.parquet")
    run("look", tracks, "--depth", recording, "-o", folder / "look.html")
    label_like(chosen_from(recordings, results, labels, FRAMES), recordings)
    run("check", labels)
    run("validate", "compact", labels, "--pictures", folder / "worst.png")
    worst = Image.open(folder / "worst.png")
    few_colours(worst.resize((PAGE_PX, round(worst.height * PAGE_PX / worst.width))), docs / "own_infants_worst.png")
    with TemporaryDirectory() as empty, launched(Path(empty) / "profile") as browser:
        html = (folder / "look.html").read_text(encoding="utf8")
        with opened(browser, html, Path(empty), width=PAGE_PX) as seen:
            above = seen.page.locator("h3").first.bounding_box()
            area = {"x": 0, "y": above["y"] - 10, "width": LOOK_PX[0], "height": LOOK_PX[1]}
            picture = Image.open(BytesIO(seen.page.screenshot(full_page=True, clip=area)))
        few_colours(picture, docs / "own_infants_look.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
