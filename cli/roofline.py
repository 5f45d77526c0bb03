"""The rows of a kernel benchmark as a roofline: rate of each implementation beside the limits of the device."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from asyconv.kernels.timing import Row

# Okabe and Ito's colours; ours are strong, what they are compared with is pale, and every block has its own marker
COLOURS: Final = {
    "library": "#0072b2",
    "tensor-core": "#d55e00",
    "hopper": "#009e73",
    "numba": "#cc79a7",
    "conv3d": "#999999",
    "conv3d channels-last": "#e69f00",
    "conv2d": "#56b4e9",
    "conv2d compiled": "#f0e442",
    "3x3x3": "#ffffff",
}
OTHER: Final = "#c3cad2"
MARKERS: Final = {"B1": "o", "B2": "s", "B3": "^", "B4+heads": "D", "all": "*"}


def draw_roofline(rows: Sequence["Row"], path: Path) -> list[Path]:
    """Write PNG and SVG beside each other, ``path`` without its suffix; rows of one device, dtype and shape."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from asyconv.analysis.report.canvas import DPI, STYLE, WIDTH_IN

    written = [path.with_suffix(suffix) for suffix in (".png", ".svg")]
    with rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(WIDTH_IN, 4.6), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        _draw(figure.subplots(), rows)
        _legends(figure, points(rows))
        for target in written:
            figure.savefig(target, metadata={"Software": None} if target.suffix == ".png" else {"Date": None})
    return written


def points(rows: Sequence["Row"]) -> list[tuple[str, str, float, float]]:
    """Block, implementation, FLOP per byte and GFLOP/s of every row that has both rates."""
    return [
        (row.block, row.what, float(row.gflop_per_s) / float(row.gbyte_per_s), float(row.gflop_per_s))
        for row in rows
        if row.block and row.gflop_per_s != "" and row.gbyte_per_s != ""
    ]


def _draw(axes: "Axes", rows: Sequence["Row"]) -> None:
    import numpy as np
    from matplotlib.ticker import LogLocator, NullLocator

    from asyconv.analysis.report.canvas import GRID, INK

    gemm = next(float(row.gflop_per_s) for row in rows if row.what == "gemm")
    copy = next(float(row.gbyte_per_s) for row in rows if row.what == "copy")
    measured = points(rows)
    knee = gemm / copy
    left, right = (f(min(knee, *xs), max(knee, *xs)) for xs in [[x for _, _, x, _ in measured]] for f in (min, max))
    intensity = np.geomspace(left / 2, right * 2, 200)
    axes.plot(intensity, np.minimum(gemm, copy * intensity), color=INK, linewidth=1.4, zorder=1)
    axes.annotate(f"matrix product: {_rate(gemm)}", (right * 2, gemm), (-2, 4), textcoords="offset points", ha="right")
    axes.annotate(f"copy: {copy:,.0f} GB/s", (left / 2, copy * left / 2), (12, 0), textcoords="offset points", va="top")
    for block, implementation, x, y in measured:
        axes.plot(
            x, y, MARKERS.get(block, "o"), color=COLOURS.get(implementation, OTHER), markeredgecolor=INK,
            markeredgewidth=0.6, markersize=11 if block == "all" else 6.5, zorder=2 if block == "all" else 3,
        )  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel="useful arithmetic over least traffic, FLOP/byte", ylabel="GFLOP/s")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter("{x:,g}")
        axis.set_minor_locator(NullLocator())
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    whole = next(row for row in rows if row.block == "all" and row.what != "gemm")
    threads = f", {whole.threads} threads" if whole.threads else ""
    axes.set_title(f"{whole.device}{threads}, {whole.dtype}, x {whole.shape}", loc="left", fontsize=9)


def _legends(figure: "Figure", measured: list[tuple[str, str, float, float]]) -> None:
    """What colours and markers stand for, beside the axes so that no point is hidden."""
    from matplotlib.lines import Line2D

    from asyconv.analysis.report.canvas import INK, POSTURE

    def handle(label: str, marker: str, colour: str) -> Line2D:
        style = {"linestyle": "", "marker": marker, "color": colour}
        return Line2D([], [], label=label, markeredgecolor=INK, markeredgewidth=0.6, **style)  # type: ignore[arg-type]

    names = dict.fromkeys(name for _, name, _, _ in measured)
    blocks = dict.fromkeys(block for block, _, _, _ in measured)
    colours = [handle(name, "o", COLOURS.get(name, OTHER)) for name in names]
    markers = [handle(block, MARKERS.get(block, "o"), POSTURE) for block in blocks]
    figure.legend(handles=colours, title="implementation", loc="outside right upper", frameon=False, alignment="left")
    figure.legend(handles=markers, title="block", loc="outside right lower", frameon=False, alignment="left")


def _rate(gflop_per_s: float) -> str:
    return f"{gflop_per_s / 1e3:,.3g} TFLOP/s" if gflop_per_s >= 1e4 else f"{gflop_per_s:,.3g} GFLOP/s"
