"""The movement, and the page about it, that several test files of the infant's report look at."""

import pytest

from asyconv.analysis import analyse
from asyconv.analysis.cleaning.events import Event
from asyconv.analysis.report.page import render
from asyconv.analysis.tables.movement import Movement
from tests.helpers.closed_form import hide
from tests.helpers.infant_report import tracks


@pytest.fixture(scope="session")
def movement() -> Movement:
    partly = hide(tracks(warnings=["the file is cut off: 2700 whole frames were used"]), "left_ankle", 300, 1500)
    return analyse(partly, [Event(10.0, 12.0, "handling", "care")])


@pytest.fixture(scope="session")
def html(movement: Movement) -> str:
    return render([movement])
