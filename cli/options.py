"""What several commands share: the type of a path, options that mean the same everywhere, and help in sections."""

import errno
import math
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from asyconv.cli.messages import VERBOSITY
from asyconv.notice import NOTICE
from asyconv.skeleton import HEADS

if TYPE_CHECKING:
    import torch

Function = TypeVar("Function", bound=Callable[..., Any])
Decorator = Callable[[Function], Function]


class Place(click.Path):
    """A path; what can be neither file nor folder is refused in a sentence, whatever the command would do with it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Take the path as it is, where it may name a file or a folder."""
        try:
            mode = Path(value).stat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # to read it may never end
                self.fail(f"expected a file or a folder, found a pipe or a device: {value!r}", param, ctx)
        except OSError as error:
            if why := _NO_PLACE.get(error.errno or 0):
                self.fail(f"expected a path that a file system takes, found {why}: {value!r}", param, ctx)
        return super().convert(value, param, ctx)


class Number(click.FloatRange):
    """A number in a range; what is no number ("nan"), or has no end, is refused."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Take a finite number of the range."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"expected a finite number, found {value}", param, ctx)
        return number


ABOVE_0 = Number(min=0, min_open=True)

_NO_PLACE = {errno.ENAMETOOLONG: "one that is too long", errno.ELOOP: "links that lead back to themselves"}

PATH = Place(path_type=Path, readable=False)  # what cannot be read is refused with its reason, and the others go on
NAME_OR_FILE = Place(readable=False)
"""The name of something, or the path of its file; as text."""


class Option(click.Option):
    """An option that knows the section of the help in which it stands."""

    def __init__(self, names: list[str], *, section: str = "Options", **settings: Any) -> None:
        super().__init__(names, **settings)
        self.section = section


class Command(click.Command):
    """A command with an example, options in sections, the notice, and ``-q`` and ``-v``."""

    def __init__(self, *, example: str, **settings: Any) -> None:
        super().__init__(epilog=NOTICE, **settings)
        self.example = example
        self.params += [
            _verbosity("-q", "--quiet", value=-1, text="Print nothing but results and errors."),
            _verbosity("-v", "--verbose", value=1, text="Print more: the time each stage took, where an error arose."),
        ]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example, then the options by section; those of no section come last."""
        with formatter.section("Example"):
            for line in self.example.splitlines():
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            if isinstance(parameter, click.Option) and (record := parameter.get_help_record(ctx)):
                sections.setdefault(getattr(parameter, "section", "Options"), []).append(record)
        for title in sorted(sections, key=lambda title: title == "Options"):
            with formatter.section(title):
                formatter.write_dl(sections[title])


class Group(click.Group):
    """A command with subcommands, each a `Command`, listed as they are written."""

    command_class = Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The subcommands in the order in which they were added."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List each subcommand with the first sentence of its help, uncut."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, sub.get_short_help_str(limit=1000)) for name, sub in self.commands.items()])


def _verbosity(*names: str, value: int, text: str) -> Option:
    def note(ctx: click.Context, parameter: click.Parameter, given: bool) -> None:
        if given:
            ctx.meta[VERBOSITY] = value

    return Option(list(names), is_flag=True, expose_value=False, callback=note, help=text)


def asyconv_command(name: str, *, example: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a `Command` of a function."""
    return click.command(name=name, cls=Command, example=example)


def option(*names: str, **settings: Any) -> Decorator[Any]:
    """Add an `Option`; ``section`` names its section of the help."""
    return click.option(*names, cls=Option, **settings)


def model_option(**settings: Any) -> Decorator[Any]:
    """Choose the model that finds the joints."""
    text = "Name of a model that comes with asyconv, or a model file."
    return option(
        "--model", default="compact", show_default=True, type=NAME_OR_FILE, metavar="MODEL", help=text, **settings
    )


def output_option(text: str, **settings: Any) -> Decorator[Any]:
    """Choose the file or folder that is written."""
    return option("-o", "--output", type=PATH, help=text, **settings)


def results_option(text: str, **settings: Any) -> Decorator[Any]:
    """Choose the folder of results."""
    return option("-o", "--results", required=True, type=PATH, help=text, **settings)


def update_option(**settings: Any) -> Decorator[Any]:
    """Allow stale results to be made again."""
    text = "Make stale results again; the old ones are kept in RESULTS/.superseded."
    return option("--update", is_flag=True, help=text, **settings)


def head_option(text: str, **settings: Any) -> Decorator[Any]:
    """Say where the infant's head lies in the picture."""
    return option("--head", type=click.Choice(HEADS), help=text, **settings)


def join_option(**settings: Any) -> Decorator[Any]:
    """Make one recording of files that do not follow each other at once."""
    text = "Make one recording of all files of a camera, in the order of their names; what lies between them is a gap."
    return option("--join", is_flag=True, help=text, **settings)


def _torch_device(ctx: click.Context, parameter: click.Parameter, name: str | None) -> "torch.device":
    import torch

    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise click.BadParameter(f"expected cpu, cuda or cuda:1, found {name!r}") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise click.BadParameter("torch sees no CUDA device here")
    return device


tracks_argument: Decorator[Any] = click.argument("tracks", metavar="TRACKS...", nargs=-1, required=True, type=PATH)
models_argument: Decorator[Any] = click.argument("models", nargs=-1, type=NAME_OR_FILE)
overwrite_option = option("--overwrite", is_flag=True, help="Replace the output if it is there already.")
json_option = option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
device_option = option(
    "--device", callback=_torch_device, help="cpu, cuda or cuda:1.  [default: cuda where there is one]"
)
