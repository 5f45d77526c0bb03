"""Table II in the paper's form, and the times that stand in it."""

import csv
import dataclasses
from pathlib import Path

import pytest
import torch
from torch import nn

from asyconv.evaluation.clip_timing import EPOCH_CLIPS, plain, time_networks
from asyconv.evaluation.table_two import PAPER_DATA
from asyconv.pose.model_file import load_model, save_model
from asyconv.pose.networks import AsymmetricRegression, Regression3d
from tests.helpers.commands import invoke


@pytest.mark.parametrize("network", [AsymmetricRegression, Regression3d])
def test_plain_modules_are_the_same_network(network: type[nn.Module]) -> None:
    torch.manual_seed(0)
    ours = network(0.0625)
    stacked = torch.randn(2, 21, 3, 8, 10)
    ours(stacked)  # running statistics that differ from their start
    theirs = plain(ours)
    assert not any("asyconv" in type(module).__module__ for module in theirs)
    torch.testing.assert_close(theirs(stacked), ours(stacked), rtol=1e-4, atol=1e-5)  # each with its batch's statistics
    torch.testing.assert_close(theirs.eval()(stacked), ours.eval()(stacked), rtol=1e-4, atol=1e-5)
    assert sum(p.numel() for p in theirs.parameters()) == sum(p.numel() for p in ours.parameters())


def test_times_of_each_network_and_implementation() -> None:
    rows = list(time_networks(torch.device("cpu"), width=0.0625, clips=4, steps=3, batch=2, size=(16, 16)))
    timed = [(row["network"], row["implementation"]) for row in rows]
    both = ("ours", "plain conv3d")
    assert timed == [("detection", "ours"), *((name, how) for name in ("asymmetric", "3x3x3") for how in both)]
    assert all(0 < row["clip_s_p20"] <= row["clip_s_p50"] <= row["clip_s_p80"] for row in rows)
    assert rows[0]["step_s_p50"] is None
    for row in rows[1:]:
        assert (row["n_clips"], row["n_steps"], row["step_clips"]) == (4, 3, 2)
        assert row["epoch_s_extrapolated"] == pytest.approx(row["step_s_p50"] / 2 * EPOCH_CLIPS)
    assert rows[1]["parameters"] < rows[3]["parameters"]


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The shipped detection with a 3x3x3 network that has learnt nothing."""
    model = load_model("compact")
    torch.manual_seed(0)
    settings = dataclasses.replace(model.settings, arch="3x3x3")
    path = tmp_path / "untrained.safetensors"
    save_model(path, model.detection, Regression3d(settings.width), {"name": "untrained", "settings": settings})
    return path


def test_table_two_has_ours_and_the_papers_rows(tmp_path: Path, other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyconv.evaluation.baselines.BASELINE_INFANTS", 2)
    small = list(time_networks(torch.device("cpu"), width=0.0625, clips=3, steps=3, size=(16, 16)))
    monkeypatch.setattr("asyconv.evaluation.clip_timing.time_networks", lambda *rest, **named: iter(small))
    out = tmp_path / "compared"
    result = invoke("evaluate", "compare", "compact", other, "--infants", 1, "--clips", 1, "-o", out)
    assert result.exit_code == 0, result.output
    assert {path.name for path in out.iterdir()} == {"table2.csv", "table2.md", "times.csv", "fig4.png", "fig4.csv"}
    with (out / "table2.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["framework"] for row in rows] == [
        "Asy-regression (compact)",
        "3x3x3 regression (untrained)",
        "the paper's Asy-regression",
        "the paper's regression of Moccia et al.",
    ]
    assert [row["data"] for row in rows[2:]] == [PAPER_DATA] * 2
    assert (rows[2]["left_leg_median_px"], rows[3]["left_leg_iqr_px"]) == ("13.99", "5.76")
    assert float(rows[0]["clip_s_plain_conv3d"]) == pytest.approx(small[2]["clip_s_p50"], rel=1e-4)
    text = (out / "table2.md").read_text(encoding="utf8")
    assert text == result.stdout
    papers = "| the paper's Asy-regression | 16.90 (2.71) | 16.59 (2.43) | 16.27 (2.97) | 13.99 (4.60) | 0.030 | - |"
    assert papers in text
    assert "epoch, extrapolated" in text
    assert "SIMULATED" in text
