"""What README and docs tell the reader to type runs as it stands, on short simulated recordings, or says why not.

A block of code without a language holds commands, `python` is run, and `text` is output. Whatever else is in a block is
marked by a comment before it that no reader of the page sees: ``<!-- not run: REASON -->``, or for the lines of a block
that begin alike ``<!-- not run `asyconv adapt`: REASON -->``.
"""

import json
import re
import shlex
import shutil
from importlib.resources import files
from pathlib import Path

import pytest

from tests.helpers.commands import invoke
from tests.helpers.labelled import chosen_of, label_all
from tests.helpers.pages import PAGES, Block, blocks

WITH_CODE = [page for page in PAGES if any(block.language != "text" for block in blocks(page))]
RECORDING_ID = re.compile(r"\brec-[0-9a-f]{12}\b")
SHORTER = {r"--seconds \S+": "--seconds 0.6", r"--infants \d+": "--infants 1"}
"""What is simulated is this short here; else nothing of a command is changed but the ids of recordings."""


@pytest.fixture(scope="session")
def begun(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make what pages take to be there: recordings, results of two, tracks, labels of two raters, a model, a camera."""
    folder = tmp_path_factory.mktemp("pages")
    source, other = sorted(recordings.glob("*.oni"))
    ids = []
    for path, name in ((source, "infant.oni"), (other, "other.oni")):
        (folder / "night").mkdir(exist_ok=True)
        copy = shutil.copy(path, folder / "night" / name)
        made = invoke("process", copy, "-o", folder / "results", "--infant", "inf-017", "--names", folder / "names.csv")
        assert made.exit_code == 0, made.output
        ids.append(Path(made.stdout.strip()).parent.name)
    for place in ("recordings", "ward"):
        (folder / place).mkdir()
        shutil.copy(source, folder / place / "infant.oni")
    shutil.copy(folder / "results" / ids[0] / "tracks.parquet", folder)
    (folder / "recordings.csv").write_text(f"file,recording_id,infant_id\ninfant.oni,{ids[0]},inf-017\n")
    (folder / "ids.json").write_text(json.dumps(ids))
    chosen = chosen_of(tmp_path_factory.mktemp("walls"), folder / "labels")
    for rater, dx in (("anna", 0.0), ("ben", 3.0)):
        label_all(chosen, rater, dx)
    for place in ("dataset", "more-labels"):
        shutil.copytree(folder / "labels", folder / place)
    shutil.copy(str(files("asyconv.pose") / "models" / "compact.safetensors"), folder / "own.safetensors")
    (folder / "camera.json").write_text(json.dumps({"fx_px": 570.0, "fy_px": 570.0, "cx_px": 319.5, "cy_px": 239.5}))
    exported = invoke("export", folder / "results" / ids[0], "--to", "deeplabcut", "-o", folder / "video_DLC.csv")
    assert exported.exit_code == 0, exported.output
    (folder / "video_DLC.json").unlink()  # another tracker writes no such file
    (folder / "tell-me").write_text("#!/bin/sh\n")
    (folder / "tell-me").chmod(0o755)
    return folder


def with_ids_there(text: str, ids: list[str]) -> str:
    """The ids of recordings in a text, in their order, become those of recordings that are there."""
    named = list(dict.fromkeys(RECORDING_ID.findall(text)))
    known = dict(zip(named, ids, strict=False))
    return RECORDING_ID.sub(lambda found: known[found[0]], text)


def run_line(line: str) -> None:
    """Run a command; what it makes is removed before, so that it is this command that makes it."""
    for wish, smaller in SHORTER.items():
        line = re.sub(wish, smaller, line) if " simulate " in line else line
    program, *words = shlex.split(line, comments=True)
    assert program == "asyconv", f"{line}: not a command of asyconv, and not marked as not run"
    if words[0] in ("simulate", "process", "import"):
        made = Path(words[words.index("-o") + 1 if "-o" in words else 1])
        made.unlink() if made.is_file() else shutil.rmtree(made, ignore_errors=True)
    result = invoke(*words)
    assert result.exit_code == 0, f"{line}\n{result.output}"


def run_block(block: Block) -> None:
    """Run every line that is not marked, or the Python; a mark without a line is a fault."""
    if block.language == "text" or "" in block.not_run:
        return
    if block.language == "python":
        exec(compile(block.code, "a page", "exec"), {})
        return
    assert block.language == "", f"{block.code}\nis in {block.language}, which is not run here, and is not marked"
    met = set()
    for line in filter(None, block.code.splitlines()):
        marks = {start for start in block.not_run if line.startswith(start)}
        met |= marks
        if not marks:
            run_line(line)
    assert met == set(block.not_run)


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: page.name)
def test_a_page_runs(page: Path, begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    shutil.copytree(begun, work)
    monkeypatch.chdir(work)
    ids = json.loads((work / "ids.json").read_text())
    for block in blocks(page):
        run_block(block._replace(code=with_ids_there(block.code, ids)))


def test_what_neither_runs_nor_is_marked_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    for text in ("```\nmake demo\n```", "```r\nlibrary(arrow)\n```", "<!-- not run `make`: slow -->\n\n```\n```"):
        page.write_text(text)
        (block,) = blocks(page)
        with pytest.raises(AssertionError):
            run_block(block)
    page.write_text("<!-- not run `make`: it\ntakes long -->\n\n```\nmake demo\n```\n\nwords\n\n```text\nout\n```\n")
    marked, output = blocks(page)
    assert marked.not_run == {"make": "it\ntakes long"}
    assert output.not_run == {}
    run_block(marked)
    run_block(output)
