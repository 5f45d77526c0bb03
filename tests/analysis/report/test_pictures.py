"""Pictures of the infant's report: their files, the matrix of coordination and the map of trajectories."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from asyconv.analysis import analyse
from asyconv.analysis.formulas.spatial import Ellipse
from asyconv.analysis.report.canvas import WIDTH_IN, write_drawings
from asyconv.analysis.report.drawings import drawings
from asyconv.analysis.report.pair_plots import coordination_matrix, entry
from asyconv.analysis.report.postures import outline
from asyconv.analysis.report.strip_layout import HATCHES, legend
from asyconv.analysis.tables.movement import Movement
from tests.helpers.closed_form import make_tracks


def test_pictures_are_png_and_svg_with_data_beside_them_and_the_same_bytes_again(
    movement: Movement, tmp_path: Path
) -> None:
    write_drawings(drawings(movement), tmp_path / "figures")
    written = {path.name: path.read_bytes() for path in (tmp_path / "figures").iterdir()}
    shown = drawings(movement)
    assert set(written) == {f"{p.name}.{kind}" for p in shown for kind in ("png", "svg", "csv")}
    assert all(written[f"{p.name}.png"].startswith(b"\x89PNG") and p.summary for p in shown)
    assert all(ET.fromstring(written[f"{p.name}.svg"]).tag.endswith("}svg") for p in shown)
    assert all(written[f"{p.name}.{kind}"] == draw() for p in shown for kind, draw in (("png", p.png), ("svg", p.svg)))
    strips = shown[0].data
    assert strips.height <= 4 * 750
    assert strips["speed_max"].max() == pytest.approx(np.nanmax(movement.limbs["right_arm"].speed_mm_s))


def test_a_legend_of_many_entries_stays_inside_the_picture() -> None:
    figure = Figure(figsize=(WIDTH_IN, 5.4))
    FigureCanvasAgg(figure)
    legend(figure, [Patch(hatch=hatch, label=text) for hatch, text in HATCHES * 3])
    figure.canvas.draw()
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0
    assert box.y0 >= 0.935 * figure.bbox.height - 1  # above the lanes


def test_the_matrix_gives_the_lag_of_the_limb_of_the_row() -> None:
    starts = np.cumsum(np.random.default_rng(0).uniform(1.5, 6, 30))

    def burst(time_s: Any, late_s: float = 0.0) -> Any:
        x = sum(30 * np.exp(-(((time_s - late_s - start) / 0.25) ** 2)) for start in starts)
        return np.stack([x, *(0 * time_s,) * 2], axis=1)

    late = make_tracks(120, motion={"right_wrist": burst, "left_wrist": lambda t: burst(t, 0.3)}, noise_mm=0.2)
    row = coordination_matrix(analyse(late)).data.filter(pl.col("second") == "left_arm").row(0, named=True)
    assert row["first"] == "right_arm"
    assert row["above_chance"]
    assert row["lag_s"] == pytest.approx(0.3, abs=0.001)  # nine samples of 30 Hz
    pair = {("right_arm", "left_arm"): row}
    assert entry(pair, "left_arm", "right_arm", above=False) == "+0.30 s"
    assert entry({("left_arm", "right_arm"): {**row, "lag_s": -0.3}}, "left_arm", "right_arm", above=False) == "+0.30 s"
    assert entry(pair, "right_arm", "left_arm", above=True) == f"r {row['r']:.2f}".replace("-", "\N{MINUS SIGN}")


def test_the_outline_of_an_ellipse_lies_on_it() -> None:
    turn = np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
    ring = (outline(Ellipse(5.0, 7.0, 30.0, 10.0, float(np.degrees(0.5)))) - [5, 7]) @ turn
    np.testing.assert_allclose((ring[:, 0] / 30) ** 2 + (ring[:, 1] / 10) ** 2, 1)
