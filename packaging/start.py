"""Where the packed program starts: as the window, as the command line, or as a child of either.

A frozen Python has no ``-m``, but the app starts children of itself by it: they try unknown model
files, and verify. So the program understands ``-m`` for the modules that are started in this way.
"""

from __future__ import annotations

import runpy
import sys

CHILDREN = ("edgecnn", "edgecnn.runtime.probe")
"""Modules that code of ours runs by ``sys.executable -m``."""


def main() -> int:
    """Run what the arguments ask for; without any, open the window."""
    given = sys.argv[1:]
    if given[:1] == ["-m"]:
        if len(given) < 2 or given[1] not in CHILDREN:
            named = given[1] if len(given) > 1 else "nothing"
            print(  # noqa: T201 (there is no command line yet that would say it)
                f"Error: -m got {named}, but runs only {' and '.join(CHILDREN)}.", file=sys.stderr
            )
            return 2
        sys.argv = given[1:]
        runpy.run_module(given[1], run_name="__main__", alter_sys=True)
        return 0
    from edgecnn.cli import main as command

    return command(given or ["app"])


if __name__ == "__main__":
    sys.exit(main())
