"""The label page: a small web server on 127.0.0.1 whose every address begins with a token.

Nothing is asked of any other host, and nothing is answered to a request that lacks the token or names another host.
Pictures are never kept in the browser's cache.
"""

import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from asyconv.errors import InputError
from asyconv.labelling.data_set import update_data_set
from asyconv.labelling.label_set import ChosenFrame, LabelSet
from asyconv.labelling.rater_file import ChangedElsewhereError, Label, RaterFile, label_of
from asyconv.skeleton import JOINTS, LIMBS

if TYPE_CHECKING:
    from flask import Blueprint, Flask, Response
    from werkzeug.serving import BaseWSGIServer

HOST: Final = "127.0.0.1"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_TYPES: Final = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


def make_app(chosen: LabelSet, rater: RaterFile, token: str) -> "Flask":
    """The page and its data below ``/<token>/``."""
    from flask import Flask

    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 100_000
    _guard(app, token)
    app.register_blueprint(_page(), url_prefix=f"/{token}")
    app.register_blueprint(_data(chosen, rater), url_prefix=f"/{token}")
    return app


def _guard(app: "Flask", token: str) -> None:
    """Answer nobody without the token, keep nothing in caches, and say errors as JSON."""
    from flask import abort, request

    @app.before_request
    def _only_here() -> None:
        given = request.path.split("/")[1]
        if not secrets.compare_digest(given.encode(), token.encode()):
            abort(404)
        if request.host.partition(":")[0] not in (HOST, "localhost"):  # another name that leads here
            abort(403)

    @app.after_request
    def _closed(response: "Response") -> "Response":
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.errorhandler(InputError)
    def _refused(error: InputError) -> tuple[dict[str, str], int]:
        return {"error": str(error)}, 409 if isinstance(error, ChangedElsewhereError) else 400

    @app.errorhandler(OSError)
    def _not_written(error: OSError) -> tuple[dict[str, str], int]:
        return {"error": f"This frame is not saved ({error.strerror or error}); mend this and save again."}, 507


def _page() -> "Blueprint":
    """The files of the page."""
    from flask import Blueprint, Response, abort

    files_of_page = Blueprint("page", __name__)
    contents = {
        file.name: file.read_text(encoding="utf8") for file in files("asyconv.labelling").joinpath("page").iterdir()
    }

    @files_of_page.get("/", defaults={"name": "label.html"})
    @files_of_page.get("/<name>")
    def _file(name: str) -> "Response":
        return Response(contents.get(name) or abort(404), mimetype=_TYPES[Path(name).suffix])

    return files_of_page


def _data(chosen: LabelSet, rater: RaterFile) -> "Blueprint":
    """The frames, their pictures, and the labels of `rater`."""
    from flask import Blueprint, Response, abort, request

    data = Blueprint("data", __name__)
    frames = {frame.id: frame for frame in chosen.frames}
    saving = threading.Lock()

    def frame_of(infant: str, number: int) -> ChosenFrame:
        frame = frames.get(f"{infant}/{number}")
        return frame if frame else abort(404)

    @data.get("/state")
    def _state() -> dict[str, Any]:
        return {
            "rater": rater.rater,
            "joints": JOINTS,
            "bones": {limb: list(joints) for limb, joints in LIMBS.items()},
            "frames": [
                {"id": one.id, "infant": one.infant_id, "place": one.place, "why": one.why,
                 "time_s": one.time_s, "width": one.width_px, "height": one.height_px, "simulated": one.simulated,
                 "around": sorted(map(int, one.pictures)), "labelled": one.id in rater.labels}
                for one in chosen.frames
            ],
        }  # fmt: skip

    @data.get("/picture/<infant>/<int:number>/<place>")
    def _picture(infant: str, number: int, place: str) -> "Response":
        name = frame_of(infant, number).pictures.get(place) or abort(404)
        depth_mm = chosen.depth_mm(name)
        return Response(depth_mm.astype(np.dtype("<u2")).tobytes(), mimetype="application/octet-stream")

    @data.get("/label/<infant>/<int:number>")
    def _label(infant: str, number: int) -> dict[str, Any]:
        frame = frame_of(infant, number)
        saved = rater.labels.get(frame.id)
        known = _as_json(saved) if saved else {"states": None, "revision": 0, "before": _before(chosen, frame, rater)}
        return {"predicted": frame.predicted} | known

    @data.put("/label/<infant>/<int:number>")
    def _save(infant: str, number: int) -> dict[str, Any]:
        frame = frame_of(infant, number)
        label = label_of(request.get_json(), f"frame {frame.id}", (frame.width_px, frame.height_px))
        chosen.picture_file(frame.pictures["0"])  # the label must be of the picture that was chosen
        with saving:
            saved = rater.save(frame.id, label)
            try:
                update_data_set(chosen)
            except (InputError, OSError) as error:
                stale = f"This frame is saved, but the data set of all frames could not be brought up to date: {error}"
                return _as_json(saved) | {"warning": stale}
        return _as_json(saved)

    return data


def _before(chosen: LabelSet, frame: ChosenFrame, rater: RaterFile) -> dict[str, Any] | None:
    """What the frame before in the clip says, where it is labelled."""
    before = next((one for one in chosen.frames if one.clip == frame.clip and one.place == frame.place - 1), None)
    label = rater.labels.get(before.id) if before else None
    return _as_json(label) if label else None


def _as_json(label: Label) -> dict[str, Any]:
    return {"states": label.states, "points": label.points, "revision": label.revision}


@contextmanager
def serving(chosen: LabelSet, rater: RaterFile, port: int) -> "Iterator[tuple[BaseWSGIServer, str]]":
    """A server for the page that listens on `port` (0: a free one), and the page's address."""
    try:
        from werkzeug.serving import WSGIRequestHandler, make_server
    except ImportError as error:
        raise InputError('label: expected the package flask; pip install "asyconv[label]" brings it') from error

    class Quiet(WSGIRequestHandler):
        """Writes no log: addresses hold the token."""

        def log(self, type: str, message: str, *args: Any) -> None:
            """Write nothing."""

    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would take a port that is in use
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
            listening.listen()
        except OSError as error:
            raise InputError(
                f"port {port}: expected a free port, found it taken or forbidden ({error.strerror}); "
                "give another with --port, or none"
            ) from error
        token = secrets.token_urlsafe(16)
        address = f"http://{HOST}:{listening.getsockname()[1]}/{token}/"
        app = make_app(chosen, rater, token)
        server = make_server(
            HOST, listening.getsockname()[1], app, threaded=True, request_handler=Quiet, fd=listening.fileno()
        )
        try:
            yield server, address
        finally:
            server.server_close()
    finally:
        listening.close()
