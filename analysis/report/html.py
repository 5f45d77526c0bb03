"""Pages of reports from their templates: offline, every text escaped, complete without their script.

A content security policy forbids everything but inlined pictures, the styles, and the one script whose hash it names.
"""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from asyconv.notice import NOTICE


def page_html(template: str, script: str, **values: Any) -> str:
    """Fill a template with `values`; it and its script are files of the package, such as "report/report.html"."""
    page, text = _templates().get_template(template), _own_file(script)
    return page.render(
        css=Markup(_own_file("report/report.css")),
        script=Markup(text),
        script_sha256=b64encode(sha256(text.encode("utf-8")).digest()).decode("ascii"),
        notice=NOTICE,
        short_notice=NOTICE.split(";")[0] + ".",
        **values,
    )


def data_uri(content: bytes, media_type: str) -> str:
    """A picture as the text that stands in the page in place of its address."""
    return f"data:{media_type};base64,{b64encode(content).decode('ascii')}"


@cache
def _templates() -> Environment:
    """The templates of the package; each is compiled once."""
    return Environment(
        loader=PackageLoader("asyconv.analysis", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _own_file(name: str) -> str:
    return files("asyconv.analysis").joinpath(name).read_text(encoding="utf-8")
