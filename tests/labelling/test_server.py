"""What the server of the label page answers, and to whom."""

import errno
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asyconv.errors import InputError
from asyconv.labelling.label_set import PICTURES, LabelSet
from asyconv.labelling.rater_file import RaterFile, opened, read_labels
from asyconv.labelling.server import HOST, make_app, serving
from asyconv.labels.annotations import read_annotated
from asyconv.tracks_file import write_tracks
from tests.helpers.blocked import without
from tests.helpers.commands import invoke, python
from tests.helpers.labelled import chosen_of, forget_labels, label_for, source, tracks_of

pytest.importorskip("flask", reason='the page needs flask: pip install "asyconv[label]"')


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> LabelSet:
    root = tmp_path_factory.mktemp("server")
    return chosen_of(root / "recordings", root / "labels", frames=6)


@pytest.fixture
def open_file(made: LabelSet) -> Iterator[RaterFile]:
    forget_labels(made)
    with opened(made, "anna") as file:
        yield file


@pytest.fixture
def client(made: LabelSet, open_file: RaterFile) -> Any:
    return make_app(made, open_file, "token").test_client()


def body(chosen: LabelSet, place: int, **changes: Any) -> dict[str, Any]:
    label = label_for(chosen.frames[place])
    return {"states": label.states, "points": label.points, "revision": 0} | changes


def test_nothing_is_answered_without_the_token_or_under_another_name(client: Any) -> None:
    for path in ("/", "/state", "/tokem/state", "/token", "//state", "/../state", "/token/none", "/token/server.py"):
        assert client.get(path, base_url=f"http://{HOST}:5000").status_code in (404, 308), path
    assert client.get("/token/state", base_url="http://evil.example:5000").status_code == 403
    answer = client.get("/token/state", base_url=f"http://{HOST}:5000")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_label_that_makes_no_sense_is_refused_and_not_saved(client: Any, made: LabelSet) -> None:
    address = f"/token/label/{made.frames[0].id}"
    far = [[9999, 5], *label_for(made.frames[0]).points[1:]]
    for changes, said in (
        ({"states": ["visible"]}, "expected 12 joints"),
        ({"states": ["seen", *["hidden"] * 11]}, "expected visible, hidden or outside"),
        ({"points": [None] * 12}, "expected a place of a visible joint, found none"),
        ({"points": far}, "expected a place in the picture, found 9999,5"),
        ({"points": "x" * 12}, "found something else"),
    ):
        answer = client.put(address, json=body(made, 0, **changes), base_url=f"http://{HOST}")
        assert answer.status_code == 400
        assert said in answer.json["error"]
    assert client.put(address, data="x", base_url=f"http://{HOST}").status_code in (400, 415)
    assert client.put("/token/label/inf-9/1", json=body(made, 0), base_url=f"http://{HOST}").status_code == 404
    assert read_labels(made, "anna") == {}


def test_a_save_writes_the_data_set_and_a_second_tab_does_not_win(client: Any, made: LabelSet) -> None:
    address = f"/token/label/{made.frames[0].id}"
    first = client.put(address, json=body(made, 0), base_url=f"http://{HOST}")
    assert (first.status_code, first.json["revision"]) == (200, 1)
    (annotated,) = read_annotated(made.folder)
    assert annotated.frame.tolist() == [made.frames[0].number]
    second = client.put(address, json=body(made, 0, states=["hidden"] * 12), base_url=f"http://{HOST}")
    assert second.status_code == 409
    assert "saved from another page" in second.json["error"]
    after = client.get(f"/token/label/{made.frames[1].id}", base_url=f"http://{HOST}").json
    assert after["states"] is None
    assert after["before"]["states"] == list(label_for(made.frames[0]).states)


def test_a_changed_picture_takes_no_label(client: Any, made: LabelSet) -> None:
    frame = made.frames[4]
    path = made.folder / PICTURES / frame.pictures["0"]
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"x")
    try:
        answer = client.put(f"/token/label/{frame.id}", json=body(made, 4), base_url=f"http://{HOST}")
        assert answer.status_code == 400
        assert "labels of this frame would belong to another picture" in answer.json["error"]
        assert client.get(f"/token/picture/{frame.id}/0", base_url=f"http://{HOST}").status_code == 400
    finally:
        path.write_bytes(whole)
    assert read_labels(made, "anna") == {}


def test_a_full_disk_and_a_damaged_file_of_another_rater_lose_nothing(
    client: Any, made: LabelSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/token/label/{made.frames[2].id}"

    def full(path: Path, content: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("asyconv.labelling.rater_file.write_json", full)
        answer = client.put(address, json=body(made, 2), base_url=f"http://{HOST}")
    assert answer.status_code == 507
    assert answer.json["error"].startswith("This frame is not saved (No space left on device)")
    assert read_labels(made, "anna") == {}
    ben = made.folder / "raters" / "ben.json"
    ben.write_text('{"set_id"')
    answer = client.put(address, json=body(made, 2), base_url=f"http://{HOST}")
    assert (answer.status_code, answer.json["revision"]) == (200, 1)
    assert "This frame is saved, but" in answer.json["warning"]
    assert "ben.json: expected the labels of a rater, found a damaged file" in answer.json["warning"]
    assert read_labels(made, "anna").keys() == {made.frames[2].id}
    refused = invoke("label", "-o", made.folder, "--rater", "carl")
    assert refused.exit_code == 1
    assert "ben.json" in refused.stderr
    assert ben.read_text() == '{"set_id"'
    ben.unlink()


def test_a_port_in_use_is_refused_and_it_listens_on_this_computer_alone(made: LabelSet, open_file: RaterFile) -> None:
    with serving(made, open_file, 0) as (server, address):
        assert server.server_address[0] == HOST
        port = int(address.split(":")[2].split("/")[0])
        assert re.fullmatch(rf"http://127\.0\.0\.1:{port}/[\w-]{{20,}}/", address)
        said = f"port {port}: expected a free port, found it taken or forbidden .Address already in use."
        with pytest.raises(InputError, match=said), serving(made, open_file, port):
            pass
    with serving(made, open_file, port) as (_, again):
        assert again != address  # the token is a new one


def test_without_flask_it_says_what_to_install(made: LabelSet) -> None:
    command = f"from asyconv.cli.main import main; main(['label', '-o', {str(made.folder)!r}])"
    program = f"{without('flask', 'werkzeug')}\n{command}"
    done = python("-c", program)
    assert done.returncode == 1
    assert 'pip install "asyconv[label]" brings it' in done.stderr


def test_the_command_from_recordings_to_the_page_and_its_end(tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    source(tmp_path / "recordings", 1)
    write_tracks(tracks_of(1), tmp_path / "tracks.parquet")
    labels = tmp_path / "labels"
    program = without("torch") + "\nfrom asyconv.cli.main import main; main()"  # tracks are there: no model is run
    command: list[str | Path]
    command = [sys.executable, "-c", program, "label", "-o", labels, "--frames", "6", "--rater", "anna",
               tmp_path / "recordings", "--tracks", tmp_path / "tracks.parquet"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        address = running.stdout.readline().strip()
        with urllib.request.urlopen(f"{address}state", timeout=60) as answer:  # noqa: S310
            assert b'"rater":"anna"' in answer.read()
        second = invoke("label", "-o", labels, "--rater", "anna")
        assert second.exit_code == 1
        assert "rater anna: expected one page for each rater" in second.stderr
        os.kill(running.pid, signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 0
    assert "rater anna: 0 of 6 frames labelled" in said
    with socket.socket() as port:
        assert port.connect_ex((HOST, int(address.split(":")[2].split("/")[0]))) != 0


def test_what_the_command_refuses_in_one_sentence(made: LabelSet, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for arguments, said in (
        (("-o", tmp_path / "none"), "expected a folder of labels, or recordings to choose frames of"),
        ((tmp_path / "empty", "-o", tmp_path / "none"), "expected depth recordings, found none"),
        ((tmp_path / "no", "-o", tmp_path / "none"), "expected a recording or a folder, found nothing"),
        (("-o", made.folder, "--rater", "a/b"), "expected 1 to 32 letters"),
        (("-o", made.folder, "--frames", "90"), "--frames, --tracks: expected the recordings to choose frames of"),
        (("-o", made.folder, "--export", tmp_path / "out"), "expected labelled frames, found none"),
    ):
        if "--export" in arguments:
            forget_labels(made)
        done = invoke("label", *arguments)
        assert done.exit_code == 1
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "none").exists()
