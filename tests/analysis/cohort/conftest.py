"""The cohort that several test files of its report look at."""

from pathlib import Path

import pytest

from tests.helpers.cohort_report import fail, report, withhold
from tests.helpers.hostile_text import IN_COHORT
from tests.helpers.made_cohort import Made, make_results


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """21 infants at 30 Hz, 11 of them twice, 3 at 6 Hz simulated, one excluded, one copy, two withheld, two failed."""
    results = tmp_path_factory.mktemp("mixed") / "results"
    once = [
        Made(f"r-{k:02d}", f"i-{k:02d}", 219 + k % 3, k + 1.0, floor_mm_s=3.0 if k < 15 else 7.0) for k in range(21)
    ]
    twice = [Made(f"s-{k:02d}", f"i-{k:02d}", 222 + k % 3, k + 1.5 + k % 2) for k in range(11)]
    slow = [Made(f"t-{k}", f"j-{k}", 230, 50.0, rate_hz=6.0, simulated=True) for k in range(3)]
    others = [
        Made("u-0", "i-90", 220, sheet=(("exclude_reason", IN_COHORT[0]), ("site", IN_COHORT[1]))),
        Made("u-1", "i-91", 220, sha256="r-03"),
        Made("u-2", "i-92", 220),
        Made("u-3", None, None),
    ]
    make_results(results, [*once, *twice, *slow, *others])
    (results / "r-00" / "report.html").write_text("<!DOCTYPE html><title>r-00</title>")
    withhold(results, "u-2", 43)
    withhold(results, "u-3", 51)
    for k in range(2):
        fail(results, f"v-{k}", f"v-{k}: expected depth frames, found none that is whole")
    fail(results, "r-01", "it failed once and was made later")
    report(results)
    return results
