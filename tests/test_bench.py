"""Benchmarks: arithmetic by hand, rows that say what they measured, and the GPU check as far as a CPU can go."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from asyconv.kernels import bench, timing
from asyconv.kernels.dispatch import VARIABLE
from tests import gpu_check
from tests.real_data import ROOT

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def rows() -> list[timing.Row]:
    return list(bench.kernel_rows(CPU, torch.float32, 1, width=0.125, size=(3, 4), seconds=0))


def test_useful_arithmetic_by_hand() -> None:
    # kernels of 3 taps, of which 7/3 on average along three frames: 2 * 3 * 96 * 128 * (3*21*64 + 3*64^2 + 7/3*64^2)
    gflop = [block.gflop for block in bench.draw_blocks(CPU, torch.float32, 1)]
    assert gflop[0] == pytest.approx(2e-9 * 36864 * (3 * 21 * 64 + 3 * 64**2 + 7 / 3 * 64**2))
    assert sum(gflop) == pytest.approx(88.65, abs=0.01)


def test_percentiles_of_known_times(monkeypatch: pytest.MonkeyPatch) -> None:
    times_ms = iter(float(n) for n in (5, 1, 4, 2, 3, 6))
    monkeypatch.setattr(timing, "_once_ms", lambda call, device: next(times_ms))
    assert timing.measure(lambda: None, CPU, seconds=10, repeats=6) == (2, 3.5, 5)


def test_every_way_to_run_a_block_gives_the_same(rows: list[timing.Row]) -> None:
    for block in bench.draw_blocks(CPU, torch.float32, 1, width=0.125, size=(3, 4)):
        ways = bench.ways(block)
        results = [call() for name, call in ways.items() if name != "3x3x3"]
        assert len(results) == 3
        for result in results[1:]:
            torch.testing.assert_close(result, results[0], rtol=1e-4, atol=1e-5, check_stride=False)


def test_rows_say_what_they_measured(rows: list[timing.Row]) -> None:
    assert [row.what for row in rows[:5]] == ["gemm", "library", "conv3d", "conv3d channels-last", "3x3x3"]
    assert rows[17].block == "all"
    for row in rows:
        assert row.dtype == "float32"
        assert row.device == "cpu"
        assert row.torch == torch.__version__
        if row.p50_ms != "":
            assert 0 < float(row.p20_ms) <= float(row.p50_ms) <= float(row.p80_ms)
            assert float(row.gflop_per_s) > 0


def test_backward_keeps_a_third_of_what_layers_keep(rows: list[timing.Row]) -> None:
    kept = {(row.what.split()[0], row.block): float(row.kept_for_backward_mib) for row in rows[18:]}
    block = bench.draw_blocks(CPU, torch.float32, 2, width=0.25, size=(20, 30))[2]
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
    with bench.forced("library"):
        assert bench.os.environ[VARIABLE] == "library"  # type: ignore[attr-defined]
    assert bench.os.environ[VARIABLE] == "numba"  # type: ignore[attr-defined]


def test_rows_are_appended_under_one_header(tmp_path: Path, rows: list[timing.Row]) -> None:
    path = tmp_path / "benchmarks" / "rows.csv"
    timing.write_rows(path, rows[:2])
    timing.write_rows(path, rows[2:3])
    with path.open(encoding="utf8", newline="") as file:
        read = list(csv.DictReader(file))
    assert [row["what"] for row in read] == ["gemm", "library", "conv3d"]
    assert float(read[1]["p50_ms"]) == rows[1].p50_ms


def test_command_writes_rows_and_prints_a_table(tmp_path: Path) -> None:
    from asyconv.cli.main import main

    path = tmp_path / "rows.csv"
    arguments = ["bench", "kernels", "--device", "cpu", "--width", "0.0625", "--shapes", "1x2x3", "--seconds", "0"]
    done = CliRunner().invoke(main, [*arguments, "-o", str(path)])
    assert done.exit_code == 0, done.output
    assert "share_of_gemm" in done.output
    assert len(path.read_text(encoding="utf8").splitlines()) == 1 + 1 + 4 * 4 + 1 + 4 * 2


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


def test_steps_of_the_gpu_check_run_in_small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(gpu_check, "SIZES", ((1, 2, 3),))
    monkeypatch.setattr(gpu_check, "NETWORK", (2, 3, 4))
    for setting in ("allow_tf32", "benchmark"):
        monkeypatch.setattr(torch.backends.cudnn, setting, getattr(torch.backends.cudnn, setting))
    check = gpu_check.Check(CPU, tmp_path / "rows.csv", lambda: 1000.0)
    for step in (check.correctness, check.gradients, check.network):
        step()
    assert not check.failures
    assert len(check.rows) == 3 * 4 + 3 + 1
    assert max(float(row.relative_error) for row in check.rows[:12]) > 0


def test_gpu_check_sees_a_wrong_kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(gpu_check, "SIZES", ((1, 2, 3),))
    monkeypatch.setattr(
        bench, "ways", lambda block: {"wrong": lambda: block.run() * 1.01, "empty": lambda: block.run() * float("nan")}
    )
    check = gpu_check.Check(CPU, tmp_path / "rows.csv", lambda: 1000.0)
    check.correctness()
    assert len(check.failures) == 2 * 3 * 4
