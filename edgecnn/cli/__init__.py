"""The command ``edgecnn``: one file a verb, imported when it is used.

Exit codes: 0 done; 1 the task failed, with a one-line reason on standard error; 2 wrong usage;
130 interrupted. A traceback is printed with ``--debug`` only.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

import edgecnn
from edgecnn.errors import EdgeCNNError

VERBS: dict[str, tuple[str, str]] = {
    "app": ("edgecnn.cli.app:app", "Open the window; without a display, show the tasks at work."),
    "bench": ("edgecnn.cli.bench:bench", "Measure every variant of a model on this machine."),
    "compress": (
        "edgecnn.cli.compress:compress",
        "Distil, prune, quantize, convert and prove in one go, by a recipe.",
    ),
    "convert": (
        "edgecnn.cli.convert:convert",
        "Convert a trained network to TFLite and OpenVINO, and prove it.",
    ),
    "distill": (
        "edgecnn.cli.distill:distill",
        "Train a small net that learns from what large ones answer.",
    ),
    "doctor": ("edgecnn.cli.doctor:doctor", "Say what is installed and what would be chosen, why."),
    "evaluate": (
        "edgecnn.cli.evaluate:evaluate",
        "Judge a classifier on labelled pictures, on any backend.",
    ),
    "faces": ("edgecnn.cli.faces:faces", "Enrol people, recognize them, and forget them."),
    "inspect": ("edgecnn.cli.inspect:inspect", "Print what a bundle or model file says of itself."),
    "keygen": ("edgecnn.cli.sign:keygen", "Make a pair of keys for signing bundles."),
    "nets": ("edgecnn.cli.nets:nets", "List architectures and show what they are made of."),
    "optimize": (
        "edgecnn.cli.optimize:optimize",
        "Find the fastest way to run a model within limits.",
    ),
    "prune": ("edgecnn.cli.prune:prune", "Remove channels or weights of a net, and train it on."),
    "quantize": (
        "edgecnn.cli.quantize:quantize",
        "Train a net until it can live with integers.",
    ),
    "run": ("edgecnn.cli.run:run", "Answer about a camera, stream, picture, video or the demo."),
    "sign": ("edgecnn.cli.sign:sign", "Sign a bundle, so that any alteration is noticed."),
    "train": ("edgecnn.cli.train:train", "Train a net, or go on with a run."),
    "verify": ("edgecnn.cli.verify:verify", "Check the golden answers on every backend."),
    "zoo": ("edgecnn.cli.zoo:zoo", "List, show and rebuild the bundles that come along."),
}
"""Verb -> where it lives, and its line in the help; a literal, so that the help imports nothing."""


class LazyGroup(click.Group):
    """A group that imports a verb's file when the verb is used."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Names of all verbs."""
        return sorted(VERBS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The verb, imported; None when there is none of that name."""
        if name not in VERBS:
            return None
        module, _, attribute = VERBS[name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, VERBS[name][1]) for name in sorted(VERBS)])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(edgecnn.__version__, prog_name="edgecnn")
@click.option("--debug", is_flag=True, help="Print a traceback when something fails.")
def cli(debug: bool) -> None:
    """Run small neural networks on pictures and video, on this machine alone."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; `edgecnn` is installed as this function."""
    given = [_at_home(one) for one in (sys.argv[1:] if arguments is None else arguments)]
    _stand_in_for_closed_streams()
    debug = "--debug" in given
    # --debug is understood before and after the verb.
    given = [argument for argument in given if argument != "--debug"]
    try:
        code: Any = cli.main(given, prog_name="edgecnn", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Interrupted.", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        return 130
    except BrokenPipeError:
        # Whoever read our output has stopped: not a failure worth words.
        sys.stderr.close()
        return 1
    except (EdgeCNNError, OSError) as error:
        if debug:
            traceback.print_exc()
        click.echo(f"Error: {' '.join(_words(error).split())}", err=True)
        return 1
    except Exception as error:  # noqa: BLE001 (a mistake of ours: whoever runs it needs one line)
        if debug:
            traceback.print_exc()
        words = " ".join(str(error).split()) or "no message"
        click.echo(
            f"Error inside edgecnn, {type(error).__name__}: {words}. "
            "Run it again with --debug and report what that prints.",
            err=True,
        )
        return 1
    return code if isinstance(code, int) else 0


def _at_home(argument: str) -> str:
    """An argument with ``~/`` as the home folder; shells leave it alone in ``--save=~/out``."""
    option, is_option, value = argument.partition("=")
    if not (is_option and option.startswith("--")):
        option, is_option, value = "", "", argument
    if not value.startswith("~/"):
        return argument
    return option + is_option + os.path.expanduser(value)  # noqa: PTH111 (as it is without a home)


def _stand_in_for_closed_streams() -> None:
    """A service may be started with its standard output closed, which Python shows as None."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 (as long as the process)


def _words(error: EdgeCNNError | OSError) -> str:
    """What a person is told; the system's own errors lose their number."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    where = "" if error.filename is None else f"{error.filename}: "
    return f"{where}{error.strerror}."
