"""Names of classes from a text file, as people have it."""

from __future__ import annotations

from pathlib import Path

from edgecnn.errors import OptionError


def read_labels(file: Path) -> tuple[str, ...]:
    """Names of classes, one a line.

    Blank lines, spaces around a name, Windows' ends of lines and the mark that its editors put
    first are no part of a name.

    Args:
        file: UTF-8.

    Returns:
        In the order of the file, which is that of the network's output.

    Raises:
        OptionError: It cannot be read, is not UTF-8, or holds none.
    """
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise OptionError(f"Cannot read names from {file}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise OptionError(f"Cannot read names from {file}: it is not UTF-8 text.") from error
    names = tuple(line.strip() for line in lines if line.strip())
    if not names:
        raise OptionError(f"{file} holds no names; one on each line is expected.")
    return names
