"""Benchmarks: arithmetic by hand, rows that say what they measured, and the GPU check as far as a CPU can go."""

import csv
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from asyconv.cli import roofline
from asyconv.kernels import bench, timing, ways
from asyconv.kernels.blocks import draw_blocks
from asyconv.kernels.dispatch import VARIABLE
from tests import gpu_check
from tests.helpers.real_data import ROOT

CPU = torch.device("cpu")


@pytest.fixture(autouse=True, scope="module")
def _small_ceilings() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(bench.GEMM, "cpu", 256)
        patch.setitem(bench.COPY_BYTES, "cpu", 1 << 20)
        yield


@pytest.fixture(scope="module")
def rows() -> list[timing.Row]:
    return list(bench.kernel_rows(CPU, torch.float32, 1, width=0.125, size=(3, 4), seconds=0))


def test_useful_arithmetic_by_hand() -> None:
    # kernels of 3 taps, of which 7/3 on average along three frames: 2 * 3 * 96 * 128 * (3*21*64 + 3*64^2 + 7/3*64^2)
    gflop = [block.gflop for block in draw_blocks(CPU, torch.float32, 1)]
    assert gflop[0] == pytest.approx(2e-9 * 36864 * (3 * 21 * 64 + 3 * 64**2 + 7 / 3 * 64**2))
    assert sum(gflop) == pytest.approx(88.65, abs=0.01)


def test_percentiles_of_known_times(monkeypatch: pytest.MonkeyPatch) -> None:
    times_ms = iter(float(n) for n in (5, 1, 4, 2, 3, 6))
    monkeypatch.setattr(timing, "_once_ms", lambda call, device: next(times_ms))
    assert timing.measure(lambda: None, CPU, seconds=10, repeats=6) == (2, 3.5, 5)


def test_traffic_by_hand() -> None:
    # B1 of one clip in halves; without parameters, and with x in halves too, these are 6.3, 25.1, 53.5 and 81.8 MB
    block = draw_blocks(CPU, torch.float16, 1)[0]
    x, result = 21 * 36864 * 4, 64 * 36864 * 2
    parameters = 2 * 3 * (21 * 64 + 2 * 64 * 64) + 3 * 64 * 4
    for passes, moved in ((None, x + result), (0, x + 5 * result), (1, x + 11 * result), (2, x + 17 * result)):
        assert block.gbyte(passes) == pytest.approx(1e-9 * (moved + parameters))
    assert block.gbyte(0, convolutions=1) == pytest.approx(1e-9 * (x + result + 2 * 27 * 21 * 64 + 64 * 4))


def test_traffic_of_heads_by_hand() -> None:
    block = draw_blocks(CPU, torch.float32, 1, width=0.25, size=(2, 3))[3]
    x = result = 18 * 64 * 4
    parameters = 4 * (9 * 64 * 64 + 3 * 64 + 64 * 64 + 64 + 20 * 64 + 20)
    assert block.gbyte(None) == pytest.approx(1e-9 * (x + parameters + 18 * 20 * 4))
    # four results in between, each written and read, and each once more in a pass
    assert block.gbyte(1) == pytest.approx(1e-9 * (x + parameters + 18 * 20 * 4 + (8 + 8) * result))


def test_every_way_to_run_a_block_gives_the_same() -> None:
    for block in draw_blocks(CPU, torch.float32, 1, width=0.125, size=(3, 4)):
        found = ways.ways(block)
        results = {name: way.run(block, way.ready(block)) for name, way in found.items()}
        assert list(results) == ["library", "conv3d", "conv3d channels-last", "conv2d", "3x3x3"]
        for name in ("conv3d", "conv3d channels-last", "conv2d"):
            torch.testing.assert_close(results[name], results["library"], rtol=1e-4, atol=1e-5, check_stride=False)
        assert results["3x3x3"].shape == results["library"].shape


def test_what_is_compiled_is_the_folded_convolutions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda call, **_: call)
    ways._compile.cache_clear()
    block = draw_blocks(CPU, torch.float32, 1, width=0.125, size=(3, 4))[3]
    with torch._dynamo.config.patch(recompile_limit=8):
        assert torch.equal(ways._compiled(block, block.x), ways._conv2d(block, block.x))
    ways._compile.cache_clear()


WAYS = ["library", "conv3d", "conv3d channels-last", "conv2d", "3x3x3"]


def test_rows_say_what_they_measured(rows: list[timing.Row]) -> None:
    assert [row.what for row in rows[:8]] == ["gemm", "copy", *WAYS, "matrix products"]
    assert [(row.what, row.block) for row in rows[26:32]] == [(name, "all") for name in ("gemm", *WAYS)]
    share = float(rows[27].gflop_per_s) / float(rows[26].gflop_per_s)
    assert float(rows[27].share_of_gemm) == pytest.approx(share, rel=0.02)
    for row in rows:
        assert row.dtype == "float32"
        assert row.device == "cpu"
        assert row.torch == torch.__version__
        if row.p50_ms != "":
            assert 0 < float(row.p20_ms) <= float(row.p50_ms) <= float(row.p80_ms)
            assert float(row.gbyte_per_s if row.what == "copy" else row.gflop_per_s) > 0


def test_a_point_lies_where_arithmetic_and_traffic_say(rows: list[timing.Row]) -> None:
    found = {(block, way): x for block, way, x, _ in roofline.points(rows)}
    assert set(found) == {(b, w) for b in ("B1", "B2", "B3", "B4+heads", "all") for w in WAYS}
    block = draw_blocks(CPU, torch.float32, 1, width=0.125, size=(3, 4))[1]
    assert found["B2", "conv2d"] == pytest.approx(block.gflop / block.gbyte(1), rel=0.02)
    assert found["B2", "library"] == pytest.approx(block.gflop / block.gbyte(None), rel=0.02)


def test_backward_keeps_a_third_of_what_layers_keep(rows: list[timing.Row]) -> None:
    kept = {(row.what.split()[0], row.block): float(row.kept_for_backward_mib) for row in rows[32:]}
    block = draw_blocks(CPU, torch.float32, 2, width=0.25, size=(20, 30))[2]
    layers, ours = bench.training_rows(block)
    result_mib = 2 * 3 * 20 * 30 * 64 * 4 / 2**20
    assert ours.kept_for_backward_mib == pytest.approx(result_mib, abs=0.01)
    assert layers.kept_for_backward_mib == pytest.approx(3 * result_mib, abs=0.01)
    assert {name for name, _ in kept} == {"ordinary", "our"}


def test_fastest_path_is_the_least_sum_over_common_shapes() -> None:
    def row(what: str, block: str, shape: str, p50_ms: float, dtype: str = "float16") -> timing.Row:
        return timing.Row(what, block, shape, dtype, "card", p50_ms=p50_ms)

    rows = [
        row("library", "B3", "a->256", 3), row("tensor-core", "B3", "a->256", 1),
        row("library", "B4", "b->256", 1), row("tensor-core", "B4", "b->256", 4),
        row("library", "B4", "c->256", 9), row("conv3d", "B3", "a->256", 0.1),
        row("library", "B1", "d->64", 2), row("tensor-core", "B1", "d->64", 1),
        row("tensor-core", "all", "e->20", 1),
    ]  # fmt: skip
    assert bench.fastest(rows) == {(256, "float16"): "library", (64, "float16"): "tensor-core"}


def test_forcing_a_path_ends_with_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "numba")
    with ways.forced("library"):
        assert ways.os.environ[VARIABLE] == "library"  # type: ignore[attr-defined]
    assert ways.os.environ[VARIABLE] == "numba"  # type: ignore[attr-defined]


def test_rows_are_appended_under_one_header(tmp_path: Path, rows: list[timing.Row]) -> None:
    path = tmp_path / "benchmarks" / "rows.csv"
    timing.write_rows(path, rows[:2])
    timing.write_rows(path, rows[2:3])
    with path.open(encoding="utf8", newline="") as file:
        read = list(csv.DictReader(file))
    assert [row["what"] for row in read] == ["gemm", "copy", "library"]
    assert float(read[1]["p50_ms"]) == rows[1].p50_ms


def test_command_writes_rows_and_prints_a_table(tmp_path: Path) -> None:
    from asyconv.cli.main import main

    path = tmp_path / "rows.csv"
    arguments = ["bench", "kernels", "--device", "cpu", "--width", "0.0625", "--shapes", "1x2x3", "--seconds", "0"]
    done = CliRunner().invoke(main, [*arguments, "-o", str(path)])
    assert done.exit_code == 0, done.output
    assert "share_of_gemm" in done.output
    assert len(path.read_text(encoding="utf8").splitlines()) == 1 + 2 + 4 * 6 + 1 + 5 + 4 * 2
    assert (tmp_path / "rows_float32_1x2x3.png").read_bytes().startswith(b"\x89PNG")
    assert "matrix product" in (tmp_path / "rows_float32_1x2x3.svg").read_text(encoding="utf8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["kernels", "--shapes", "96x128"], "expected clips x height x width such as 11x96x128, found '96x128'"),
        (["kernels", "--device", "gpu"], "expected cpu, cuda or cuda:1, found 'gpu'"),
    ],
)
def test_command_refuses_in_a_sentence(arguments: list[str], message: str) -> None:
    from asyconv.cli.main import main

    done = CliRunner().invoke(main, ["bench", *arguments])
    assert done.exit_code == 2
    assert message in " ".join(done.output.replace("│", " ").split())


def test_explain_names_path_and_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bench.explain(CPU) == ["cpu: every block takes the library path; the kernels need a CUDA device"]
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    monkeypatch.delenv(VARIABLE, raising=False)
    lines = bench.explain(torch.device("cuda"))
    assert len(lines) == 12
    assert lines[4] == (
        "B1 21->64 in float16 on compute capability 9.0: library (no measurement on this card names a faster path)"
    )


def test_gpu_check_without_a_gpu_says_so() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU; make gpu-check would run for minutes")
    program = [sys.executable, str(ROOT / "tests" / "gpu_check.py")]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "gpu-check: torch sees no CUDA device here, so nothing was checked\n"


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> gpu_check.Check:
    monkeypatch.setattr(gpu_check, "NETWORK", (2, 3, 4))
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: (9, 0))
    for setting in ("allow_tf32", "benchmark"):
        monkeypatch.setattr(torch.backends.cudnn, setting, getattr(torch.backends.cudnn, setting))
    return gpu_check.Check(CPU, tmp_path / "rows.csv", lambda: 1000.0)


def test_steps_of_the_gpu_check_run_in_small(check: gpu_check.Check, capsys: pytest.CaptureFixture[str]) -> None:
    check.correctness("library", ((1, 2, 3),))
    check.gradients()
    check.network()
    check.tell()
    assert not check.failures
    assert [row.what for row in check.rows[12:]] == [
        "network by library", "training step, frozen statistics, by library", "training step",
    ]  # fmt: skip
    assert max(float(row.relative_error) for row in check.rows[:12]) > 0
    said = capsys.readouterr().out
    assert "training step" in said
    assert said.endswith("nothing that was checked is wrong\n")


def test_blocks_of_the_gpu_check_stop_when_time_is_short(
    check: gpu_check.Check, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [timing.Row("library", "B1", str(n), "float16", "cpu", p50_ms=1.0) for n in range(5)]
    monkeypatch.setattr(bench, "kernel_rows", lambda *_, **__: iter(rows))
    left_s = iter([200.0, 200.0, 100.0])
    check.left_s = lambda: next(left_s)
    check.blocks()
    assert len(check.rows) == 3
    with check.out.open(encoding="utf8", newline="") as file:
        assert [row["shape"] for row in csv.DictReader(file)] == ["0", "1", "2"]
    assert "time is up for the blocks at 11 clips in float16" in capsys.readouterr().out


def test_gpu_check_sees_a_wrong_kernel(check: gpu_check.Check, monkeypatch: pytest.MonkeyPatch) -> None:
    for factor in (1.01, float("nan")):
        wrong = ways.Way(lambda block, x, factor=factor: block.run(x) * factor)  # type: ignore[misc]
        monkeypatch.setattr(ways, "ways", lambda block, wrong=wrong: {"wrong": wrong})
        check.correctness("wrong", ((1, 2, 3),))
    assert len(check.failures) == 2 * 3 * 4


PROGRAMS = {
    "sound": "print('a word')",
    "wrong": "print('WRONG B1 by 3'); raise SystemExit(1)",
    "crashed": "import os; os.abort()",
    "hanging": "import time; print('begun', flush=True); time.sleep(60)",
}


def test_a_path_that_hangs_or_crashes_costs_only_itself(
    check: gpu_check.Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    from asyconv.kernels import dispatch

    def start(path: str, out: Path, seconds: float) -> "subprocess.Popen[str]":
        timing.write_rows(out / "rows.csv", [timing.Row(f"correctness of {path}", "B1", "s", "float16", "cpu")])
        return gpu_check.launch_child([sys.executable, "-c", PROGRAMS[path]], out)

    def ended(child: "subprocess.Popen[str]", limit_s: float) -> tuple[int | None, str]:
        hangs = "sleep" in str(child.args)
        return in_time(child, 0.5 if hangs else limit_s)

    in_time = gpu_check.ended
    monkeypatch.setattr(dispatch, "PATHS", tuple(PROGRAMS))
    monkeypatch.setattr(gpu_check, "start", start)
    monkeypatch.setattr(gpu_check, "ended", ended)
    check.alone()
    assert check.broken == {"crashed", "hanging"}
    assert len(check.rows) == 4
    assert check.failures[0] == "B1 by 3"
    assert "crashed: its process ended with exit code -6" in check.failures[1]
    assert "hanging: its process did not end in time" in check.failures[2]


def test_gpu_check_gives_up_on_a_step_that_does_not_end(
    check: gpu_check.Check, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    codes: list[int] = []
    monkeypatch.setattr(gpu_check.os, "_exit", codes.append)  # type: ignore[attr-defined]
    check.keep(timing.Row("library", "B1", "s->64", "float16", "cpu", p50_ms=1.25))
    check.give_up()
    assert codes == [1]
    said = capsys.readouterr().out
    assert "1.25" in said
    assert said.endswith("WRONG a step did not end in time\n")


def test_gpu_check_without_a_sanitizer_says_so(
    check: gpu_check.Check, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu_check.shutil, "which", lambda *_, **__: None)  # type: ignore[attr-defined]
    check.sanitizer()
    assert capsys.readouterr().out == "skipped: compute-sanitizer is not installed here\n"


@pytest.mark.parametrize(("status", "fails"), [(0, 0), (99, 1), (3, 0)])
def test_only_what_the_sanitizer_finds_is_wrong(
    status: int, fails: int, check: gpu_check.Check, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    tool = tmp_path / "compute-sanitizer"
    tool.write_text(f"#!/bin/sh\necho ========= SUMMARY: $2\nexit {status}\n", encoding="utf8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(check, "sound", lambda: ["library", "tensor-core"])
    check.sanitizer()
    assert len(check.failures) == 2 * fails
    assert "memcheck of tensor-core" in capsys.readouterr().out
