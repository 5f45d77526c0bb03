"""The first page of the report: sentences and lanes that say what moved, how much was seen and what to doubt."""

from functools import cache

import numpy as np
import pytest

from asyconv.analysis import analyse
from asyconv.analysis.cleaning.events import Event
from asyconv.analysis.report.first_page import doubts, first_page
from asyconv.analysis.report.lanes import REST_PCT, lanes, ticks
from asyconv.analysis.tables.movement import Movement
from tests.helpers.closed_form import from_mm, hide, make_tracks, shake, without_mm
from tests.helpers.infant_report import tracks


def said(movement: Movement, what: str) -> str:
    """Sentences of one part of the first page, spaces made plain."""
    return " ".join(" ".join(first_page(movement)[what]).split())


@cache
def half_moving() -> Movement:
    """The right wrist moves 25 of the last 45 s; the left ankle is hidden in the last third."""

    def late(time_s: np.ndarray) -> np.ndarray:
        return shake(20, 1.0)(time_s) * (time_s >= 45)[:, None]

    return analyse(hide(make_tracks(90, motion={"right_wrist": late}, noise_mm=0.2), "left_ankle", 1800, 2700))


def test_the_sentences_give_each_limb_its_amount_or_its_bounds() -> None:
    movement = half_moving()
    moved = said(movement, "moved")
    assert moved.startswith(
        "The right arm moved 28 %, the left arm 0 % and the right leg 0 % of the time in which each"
    )
    assert "The left leg moved 0 to 33 % of the whole time; too little was seen for one number." in moved
    seen = said(movement, "seen")
    assert "could be measured 67 % (left leg) to 100 % (right arm) of the 90 s." in seen
    assert "The left leg has less than the 70 % that an amount needs." in seen


def test_lanes_show_when_a_limb_moved_rested_and_was_not_seen() -> None:
    spans = lanes(half_moving())
    kinds = {name: [span.kind for span in of_limb] for name, of_limb in spans.items()}
    assert kinds["left_arm"] == ["rest"]
    assert spans["left_arm"][0].height == REST_PCT
    assert kinds["left_leg"] == ["rest", "unseen"]
    assert spans["left_leg"][1].left == pytest.approx(200 / 3, abs=0.5)
    moving = [span for span in spans["right_arm"] if span.kind == "moving"]
    assert sum(span.width * (span.height - REST_PCT) / (100 - REST_PCT) for span in moving) == pytest.approx(28, abs=1)
    for of_limb in spans.values():
        assert sum(span.width for span in of_limb) == pytest.approx(100)


def test_events_are_a_part_of_the_lanes_and_are_said() -> None:
    movement = analyse(tracks(), [Event(30.0, 60.0, "handling", "care"), Event(70.0, 80.0, "state", "asleep")])
    (event,) = (span for span in lanes(movement)["right_leg"] if span.kind == "event")
    assert (event.left, event.width) == pytest.approx((100 / 3, 100 / 3), abs=0.3)
    assert "30 s are left out of every number, because events say so." in said(movement, "seen")
    assert not any("Sleep and waking" in sentence for sentence in doubts(movement))  # a state is stated


def test_the_gravest_doubt_comes_first() -> None:
    movement = analyse(tracks(left_right_verified=False, frames_used=900, frames_lost=100, warnings=["a", "b"]))
    sentences = doubts(movement)
    assert sentences[0].startswith("The pose model was trained and tested on simulated infants only.")
    assert "10 % of the frames are lost." in sentences
    assert "2 warnings came with the recording; see below." in sentences
    assert "Left and right are not verified: the camera may be turned or mirrored." in sentences
    assert sentences[-1].endswith("and 90 s are short.")
    checked = doubts(analyse(tracks(model_validation="labelled recordings of 20 infants")))
    assert checked == [sentences[-1]]


def test_a_low_rate_is_a_doubt() -> None:
    (sentence,) = (s for s in doubts(analyse(make_tracks(90, fs_hz=6))) if s.startswith("Positions at 6 Hz"))
    assert "show movement up to 2 Hz" in sentence


def test_several_epochs_give_one_amount_and_say_how_many_had_none() -> None:
    movement = analyse(
        hide(make_tracks(360, motion={"right_wrist": shake(20, 1.0)}, noise_mm=0.2), "left_ankle", 0, 5400)
    )
    limbs = {name: (amount.text, amount.detail) for name, amount, *_ in first_page(movement)["limbs"]}
    assert limbs["left leg"] == ("0\N{NO-BREAK SPACE}%", "in 1 of 2 epochs")
    assert limbs["right arm"][1] == "in 2 of 2 epochs"
    assert "Amounts of movement are withheld in some epochs for: left leg." in doubts(movement)


def test_nothing_found_and_no_millimetres_are_said_first() -> None:
    nothing = analyse(from_mm(np.arange(2700) / 30, np.full((2700, 12, 3), np.nan)))
    assert said(nothing, "moved").startswith("No infant was found in this recording.")
    assert "for all limbs" not in " ".join(doubts(nothing))
    flat = analyse(without_mm(tracks()))
    assert said(flat, "moved").startswith("The right arm moved at least ")
    assert any(sentence.startswith("The joints are known in the picture only") for sentence in doubts(flat))
    assert {span.kind for span in lanes(flat)["right_arm"]} == {"moving", "rest"}


@pytest.mark.parametrize(("seconds", "last"), [(90, "75 s"), (61, "60 s"), (1200, "15 min")])
def test_the_time_axis_ends_with_its_unit(seconds: float, last: str) -> None:
    movement = analyse(make_tracks(seconds, fs_hz=6))
    labels = [label for _, label in ticks(movement)]
    assert labels[0] == "0"
    assert labels[-1] == last
    assert len(labels) <= 8
