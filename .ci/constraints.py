"""Write a constraints file: one exact version for everything that a set of extras brings.

Usage: ``python .ci/constraints.py EXTRAS FILE [PACKAGE ...]``, run by ``make constraints`` with
the Python that CI uses. It resolves the newest versions that fit together, without installing them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

HEADER = """\
# The exact versions that CI installs for edgecnn[{extras}]. Made by `make constraints`.
"""


def resolve(extras: str, packages: tuple[str, ...]) -> dict[str, str]:
    """Name -> version of everything that the checkout with ``extras``, and packages, bring."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
    command += ["--report", "-", f".[{extras}]", *packages]
    report = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    resolved = (entry["metadata"] for entry in json.loads(report)["install"])
    return {package["name"]: package["version"] for package in resolved}


def main(extras: str, file: str, *packages: str) -> None:
    """Write the file, sorted by name as PEP 503 writes names."""
    versions = {
        re.sub(r"[-_.]+", "-", name).lower(): version
        for name, version in resolve(extras, packages).items()
    }
    versions.pop("edgecnn")
    lines = [f"{name}=={version}\n" for name, version in sorted(versions.items())]
    Path(file).write_text(HEADER.format(extras=extras) + "".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
