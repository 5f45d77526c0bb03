"""Benchmarks: arithmetic by hand, rows that say what they measured, and the GPU check as far as a CPU can go."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from asyconv.cli import roofline
from asyconv.kernels import bench, implementations, timing
from asyconv.kernels.blocks import draw_blocks
from asyconv.kernels.dispatch import VARIABLE
from tests.helpers.commands import invoke
from tests.helpers.real_data import ROOT

CPU = torch.device("cpu")
WAYS = ["library", "conv3d", "conv3d channels-last", "conv2d", "3x3x3"]


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


def test_predicted_times_of_the_page_follow_from_arithmetic_and_traffic() -> None:
    lines = (ROOT / "docs" / "kernels.md").read_text(encoding="utf8").splitlines()
    rows = [line for line in lines if line.startswith(("| `paper`", "| `compact`"))]
    table = [[cell.strip() for cell in row.split("|")[3:6]] for row in rows]
    with torch.inference_mode():
        blocks = [block for width in (1.0, 0.25) for block in draw_blocks(CPU, torch.float16, 1, width=width)]
    for cells, block in zip(table, blocks, strict=True):
        gflop, megabyte, least_us = map(float, cells)
        assert gflop == pytest.approx(block.gflop, rel=5e-3)
        assert megabyte == pytest.approx(1e3 * block.gbyte(None), rel=5e-3)
        assert least_us == pytest.approx(1e6 * max(block.gflop / 790e3, block.gbyte(None) / 4300), abs=0.051)


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
        found = implementations.implementations(block)
        results = {name: one.run(block, one.ready(block)) for name, one in found.items()}
        assert list(results) == WAYS
        for name in ("conv3d", "conv3d channels-last", "conv2d"):
            torch.testing.assert_close(results[name], results["library"], rtol=1e-4, atol=1e-5, check_stride=False)
        assert results["3x3x3"].shape == results["library"].shape


def test_what_is_compiled_is_the_folded_convolutions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda call, **_: call)
    implementations._compile.cache_clear()
    block = draw_blocks(CPU, torch.float32, 1, width=0.125, size=(3, 4))[3]
    with torch._dynamo.config.patch(recompile_limit=8):
        assert torch.equal(implementations._compiled(block, block.x), implementations._conv2d(block, block.x))
    implementations._compile.cache_clear()


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
    found = {(block, implementation): x for block, implementation, x, _ in roofline.points(rows)}
    assert set(found) == {(b, w) for b in ("B1", "B2", "B3", "B4+heads", "all") for w in WAYS}
    block = draw_blocks(CPU, torch.float32, 1, width=0.125, size=(3, 4))[1]
    assert found["B2", "conv2d"] == pytest.approx(block.gflop / block.gbyte(1), rel=0.02)
    assert found["B2", "library"] == pytest.approx(block.gflop / block.gbyte(None), rel=0.02)


def test_backward_keeps_a_third_of_what_layers_keep(rows: list[timing.Row]) -> None:
    assert {row.what for row in rows[32:]} == {"ordinary layers, trained", "our operation, trained"}
    block = draw_blocks(CPU, torch.float32, 2, width=0.25, size=(20, 30))[2]
    layers, ours = bench.training_rows(block)
    result_mib = 2 * 3 * 20 * 30 * 64 * 4 / 2**20
    assert ours.kept_for_backward_mib == pytest.approx(result_mib, abs=0.01)
    assert layers.kept_for_backward_mib == pytest.approx(3 * result_mib, abs=0.01)


def test_fastest_path_is_the_least_sum_over_common_shapes() -> None:
    def row(what: str, block: str, shape: str, p50_ms: float) -> timing.Row:
        return timing.Row(what, block, shape, "float16", "card", p50_ms=p50_ms)

    rows = [
        row("library", "B3", "1x128x3->256", 3), row("tensor-core", "B3", "1x128x3->256", 1),
        row("library", "B4", "1x256x3->256", 1), row("tensor-core", "B4", "1x256x3->256", 2),
        row("library", "B4", "2x256x3->256", 2), row("tensor-core", "B4", "2x256x3->256", 0.5),
        row("library", "B4", "9x256x3->256", 9), row("conv3d", "B3", "1x128x3->256", 0.1),
        row("library", "B4+heads", "1x256x3->256", 1), row("tensor-core", "B4+heads", "1x256x3->256", 2),
        row("tensor-core", "all", "1x21x3->20", 1),
    ]  # fmt: skip
    assert bench.fastest(rows) == {
        (128, 256, 0, "float16"): "tensor-core",
        (256, 256, 0, "float16"): "tensor-core",
        (256, 256, 20, "float16"): "library",
    }


def test_rows_are_appended_under_one_header(tmp_path: Path, rows: list[timing.Row]) -> None:
    path = tmp_path / "benchmarks" / "rows.csv"
    timing.write_rows(path, rows[:2])
    timing.write_rows(path, rows[2:3])
    with path.open(encoding="utf8", newline="") as file:
        read = list(csv.DictReader(file))
    assert [row["what"] for row in read] == ["gemm", "copy", "library"]
    assert float(read[1]["p50_ms"]) == rows[1].p50_ms


def test_command_writes_rows_and_prints_a_table(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    options = ("--device", "cpu", "--width", "0.0625", "--shapes", "1x2x3", "--seconds", "0")
    done = invoke("bench", "kernels", *options, "-o", path)
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
    done = invoke("bench", *arguments)
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
