"""The label page in a real browser: by keyboard and mouse, closed in the middle, gone on with, asking nobody else."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asyconv.labelling.data_set import COCO_FILE
from asyconv.labelling.label_set import PICTURES, LabelSet
from asyconv.labelling.rater_file import Labels, opened, read_labels
from asyconv.labelling.server import serving
from asyconv.labels.annotations import read_annotated
from asyconv.skeleton import JOINTS
from tests.helpers.browser import Seen, becomes, serious
from tests.helpers.labelled import chosen_of

pytest.importorskip("flask", reason='the page needs flask: pip install "asyconv[label]"')


@pytest.fixture
def chosen(tmp_path: Path) -> LabelSet:
    return chosen_of(tmp_path / "recordings", tmp_path / "labels", frames=24)


@contextmanager
def page_of(chromium: Any, chosen: LabelSet, *, script: bool = True) -> Iterator[Seen]:
    """The page of rater anna, served for as long as it is open."""
    with opened(chosen, "anna") as file, serving(chosen, file, 0) as (server, address):
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        context = chromium.new_context(java_script_enabled=script, viewport={"width": 1200, "height": 900})
        seen = Seen(context.new_page())
        seen.page.on("console", lambda said: seen.errors.append(said.text) if said.type == "error" else None)
        seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
        seen.page.on("request", lambda request: seen.requests.append(request.url))
        try:
            seen.page.goto(address)
            yield seen
            assert all(url.startswith(address) for url in seen.requests)
        finally:
            context.close()
            server.shutdown()
            thread.join()


def done(page: Any, count: int) -> None:
    """Wait until so many frames are labelled and the next one is open."""
    from playwright.sync_api import expect

    expect(page.locator("#where")).to_have_text(f"Rater anna: {count} of 24 frames labelled.")


def is_open(page: Any, number: int) -> None:
    """Wait until a frame is shown and can be labelled."""
    from playwright.sync_api import expect

    expect(page.locator("#frame")).to_have_value(str(number - 1))
    expect(page.locator("#main")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#message")).to_have_text("")
    expect(page.locator('#marks [data-joint="2"]')).to_be_visible()


def save(page: Any, before: int) -> None:
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    done(page, before + 1)
    is_open(page, before + 2)


def label(chosen: LabelSet, place: int) -> Any:
    return read_labels(chosen, "anna")[chosen.frames[place].id]


def test_twenty_frames_by_keyboard_and_mouse_closed_in_the_middle(chromium: Any, chosen: LabelSet) -> None:
    with page_of(chromium, chosen) as seen:
        page = seen.page
        is_open(page, 1)
        assert serious(page) == []
        first = [point or (np.nan, np.nan) for point in chosen.frames[0].predicted]
        hip, elbow, knee, wrist = (JOINTS.index(f"right_{part}") for part in ("hip", "elbow", "knee", "wrist"))
        # the hip is dragged by 20 and 10 pixels of the screen
        scale = page.locator("#stage").bounding_box()["width"] / 640
        at = middle(page, "right_hip")
        page.mouse.move(*at)
        page.mouse.down()
        page.mouse.move(at[0] + 8, at[1] + 4)
        page.mouse.move(at[0] + 20, at[1] + 10)
        page.mouse.up()
        page.keyboard.press("2")  # the right elbow
        for key in ("ArrowRight", "ArrowRight", "Shift+ArrowDown", "Alt+ArrowLeft"):
            page.keyboard.press(key)
        page.keyboard.press("5")  # the right knee
        page.keyboard.press("o")
        page.keyboard.press("3")  # the right wrist
        page.keyboard.press("h")
        page.keyboard.press("ArrowLeft")  # a slip
        page.keyboard.press("u")
        page.keyboard.press("Shift+6")  # the left ankle goes to where the mouse clicks
        stage = page.locator("#stage").bounding_box()
        page.mouse.click(stage["x"] + 100, stage["y"] + 50)
        save(page, 0)
        saved = label(chosen, 0)
        assert saved.points[hip] == pytest.approx([first[hip][0] + 20 / scale, first[hip][1] + 10 / scale], abs=0.15)
        assert saved.points[elbow] == pytest.approx([first[elbow][0] + 1.8, first[elbow][1] + 5], abs=0.15)
        assert (saved.states[knee], saved.states[wrist]) == ("outside", "hidden")
        assert saved.points[wrist] == pytest.approx(first[wrist], abs=1e-9)  # the slip was undone
        assert saved.points[JOINTS.index("left_ankle")] == pytest.approx(
            [100 / scale - 0.5, 50 / scale - 0.5], abs=0.06 + 0.5 / scale
        )
        # the next frame of the clip begins with what is hidden or outside here
        assert page.locator(f'#joints [data-joint="{knee}"] small').inner_text() == "outside"
        for place in range(1, 10):
            save(page, place)
        page.keyboard.press("ArrowUp")  # not saved
        assert not seen.errors
    assert len(read_labels(chosen, "anna")) == 10
    with page_of(chromium, chosen) as seen:
        page = seen.page
        done(page, 10)
        is_open(page, 11)
        for place in range(10, 20):
            save(page, place)
        page.keyboard.press("b")
        is_open(page, 20)
        assert not seen.errors
    labels = read_labels(chosen, "anna")
    assert len(labels) == 20
    same_everywhere(chosen, labels)


def same_everywhere(chosen: LabelSet, labels: Labels) -> None:
    """Our reader and pycocotools read what the rater's file says."""
    coco = pytest.importorskip("pycocotools.coco").COCO(str(chosen.folder / COCO_FILE))
    by_name = {image["file_name"]: image["id"] for image in coco.loadImgs(coco.getImgIds())}
    frames = {(infant.infant_id, int(frame)): xy_px for infant in read_annotated(chosen.folder)
              for frame, xy_px in zip(infant.frame, infant.xy_px, strict=True)}  # fmt: skip
    assert len(frames) == len(by_name) == 20
    for one in chosen.frames:
        if one.id not in labels:
            continue
        given = labels[one.id]
        seen = np.array([state == "visible" for state in given.states])
        xy_px = np.array([point if ok else (np.nan, np.nan) for point, ok in zip(given.points, seen, strict=True)])
        np.testing.assert_array_equal(frames[one.infant_id, one.number], xy_px)
        (found,) = coco.loadAnns(coco.getAnnIds(imgIds=by_name[f"{one.infant_id}/{one.number}_16bit.png"]))
        points = np.array(found["keypoints"], float).reshape(12, 3)
        np.testing.assert_array_equal(points[seen, :2], xy_px[seen])
        np.testing.assert_array_equal(points[:, 2] > 0, seen)


def test_what_it_says_in_one_sentence_and_nothing_is_lost(chromium: Any, chosen: LabelSet) -> None:
    from playwright.sync_api import expect

    with page_of(chromium, chosen) as seen:
        page, other = seen.page, seen.page.context.new_page()
        is_open(page, 1)
        other.goto(page.url)
        is_open(other, 1)
        save(page, 0)
        other.keyboard.press("x")
        other.keyboard.press("Enter")
        expect(other.locator("#message")).to_contain_text("it was saved from another page meanwhile")
        other.close()
        lost = JOINTS.index("left_wrist")
        open_ones = [n for n, one in enumerate(chosen.frames) if one.predicted[lost] is None and one.place == 0]
        frame = next(n for n in open_ones if n > 2)  # of a clip without a label
        page.locator("#frame").select_option(str(frame))
        is_open(page, frame + 1)
        page.locator("#stage").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#message")).to_have_text("Is the left wrist visible, hidden or outside the picture?")
        page.keyboard.press("v")
        expect(page.locator("#message")).to_contain_text("Click where the left wrist is")
        page.keyboard.press("h")
        page.keyboard.press("Enter")
        done(page, 2)
        is_open(page, frame + 2)
        assert label(chosen, frame).states[lost] == "hidden"
    with page_of(chromium, chosen, script=False) as seen:
        assert seen.page.get_by_text("This page needs JavaScript.").is_visible()
        assert seen.page.locator("main").is_hidden()
    assert len(read_labels(chosen, "anna")) == 2


def test_a_changed_picture_or_another_raters_damaged_file_stops_nobody(chromium: Any, chosen: LabelSet) -> None:
    from playwright.sync_api import expect

    path = chosen.folder / PICTURES / chosen.frames[0].pictures["0"]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with page_of(chromium, chosen) as seen:
        page = seen.page
        expect(page.locator("#message")).to_contain_text("expected the picture that was chosen, found another")
        expect(page.locator("#main")).to_have_attribute("aria-busy", "false")
        page.keyboard.press("x")
        page.keyboard.press("Enter")
        expect(page.locator("#main")).to_have_attribute("aria-busy", "false")
        expect(page.locator("#message")).to_contain_text("expected the picture that was chosen, found another")
        page.keyboard.press("u")
        page.locator("#frame").select_option("1")
        is_open(page, 2)
        (chosen.folder / "raters" / "ben.json").write_text('{"set_id"')
        page.locator("#stage").focus()
        # the mouse still holds a joint when the frame is saved: it moves nothing of the next one
        page.mouse.move(*middle(page, "right_hip"))
        page.mouse.down()
        page.keyboard.press("x")
        page.keyboard.press("Enter")
        done(page, 1)
        expect(page.locator("#frame")).to_have_value("2")
        expect(page.locator("#message")).to_contain_text(
            "This frame is saved, but the data set of all frames could not"
        )
        expect(page.locator("#main")).to_have_attribute("aria-busy", "false")
        before = middle(page, "right_hip")
        page.mouse.move(before[0] + 60, before[1] + 40)
        page.mouse.up()
        assert middle(page, "right_hip") == pytest.approx(before, abs=0.5)
    assert read_labels(chosen, "anna").keys() == {chosen.frames[1].id}


def middle(page: Any, joint: str) -> tuple[float, float]:
    """Where the mark of a joint lies on the screen."""
    box = page.locator(f'#marks [data-joint="{JOINTS.index(joint)}"]').bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_frames_around_the_range_and_the_zoom(chromium: Any, chosen: LabelSet) -> None:
    from playwright.sync_api import expect

    def grey(x: int, y: int) -> int:
        code = "([x, y]) => document.getElementById('depth').getContext('2d').getImageData(x, y, 1, 1).data[0]"
        return int(page.evaluate(code, [x, y]))

    with page_of(chromium, chosen) as seen:
        page = seen.page
        is_open(page, 1)
        before = grey(300, 200)
        assert grey(635, 475) == 0  # no depth
        page.keyboard.press(".")
        expect(page.locator('[data-around="1"]')).to_have_attribute("aria-pressed", "true")
        assert becomes(page, lambda: grey(300, 200) != before)  # the wall moves a millimetre a frame
        page.keyboard.press(",")
        expect(page.locator('[data-around="0"]')).to_have_attribute("aria-pressed", "true")
        page.locator("#far").fill("2000")
        assert becomes(page, lambda: grey(300, 200) > before)  # nearer to white than the far end is
        stage = page.locator("#stage").bounding_box()
        hip = f'#marks [data-joint="{JOINTS.index("right_hip")}"]'
        first = page.locator(hip).bounding_box()
        page.mouse.move(*middle(page, "right_hip"))
        for _ in range(4):
            page.mouse.wheel(0, -100)
        page.wait_for_timeout(200)
        zoomed = page.locator(hip).bounding_box()
        assert [zoomed["x"], zoomed["y"]] == pytest.approx([first["x"], first["y"]], abs=2)  # under the mouse it stays
        other = f'#marks [data-joint="{JOINTS.index("left_hip")}"]'
        page.keyboard.press("0")
        whole = page.locator(other).bounding_box()
        assert stage["x"] < whole["x"] < stage["x"] + stage["width"]
        assert not seen.errors
