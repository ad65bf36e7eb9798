"""What ``run`` writes about an answer: a JSON object for programs, a line for people."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click

from edgecnn.cli.describe import names_found, one_line
from edgecnn.core.results import Faces, Result
from edgecnn.errors import SourceError
from edgecnn.faces.recognition import Recognition
from edgecnn.video.answer import Answer


def record(answer: Answer, model: str, *, live: bool, names: bool = False) -> dict[str, Any]:
    """What one model said about one frame, as plain values.

    Args:
        answer: Holds a result of that model.
        model: Name or path, as given.
        live: The age of the frame belongs to it.
        names: The names of recognized people do.
    """
    frame, times = answer.frame, answer.task_times[model]
    spent = {name: time_ms for name, time_ms in times.to_dict().items() if name != "capture"}
    plain: dict[str, Any] = {
        "source": frame.source,
        "index": frame.index,
        "timestamp_s": round(frame.timestamp_s, 3),
        "size_wh": list(frame.size_wh),
        "model": model,
        "result": _plain(answer.results[model], names),
        "timing_ms": {**spent, "total": round(times.total_ms, 3)},
    }
    if live:
        plain["age_ms"] = round(answer.age_ms, 3)
        taken_s = time.time() - (time.monotonic() - answer.captured_s)
        plain["taken_at"] = round(taken_s, 3)
    return plain


def _plain(result: Result, names: bool) -> dict[str, Any]:
    """As a dictionary; a face without its embedding, which would tell whose it is to anybody."""
    if isinstance(result, Recognition):
        return result.to_dict(names=names)
    plain = result.to_dict()
    if isinstance(result, Faces):
        plain.pop("embeddings", None)
    return plain


@contextlib.contextmanager
def json_sink(target: str | None, *, flush: bool) -> Iterator[JsonLines | None]:
    """Where objects go: a file, ``-`` for standard output, or nowhere.

    Args:
        target: Path, ``-`` or None.
        flush: Each line at once, for whoever follows a live stream.

    Raises:
        SourceError: The file cannot be written; its folder is made when missing.
    """
    if target is None:
        yield None
    elif target == "-":
        yield JsonLines(sys.stdout, flush=flush)
        sys.stdout.flush()
    else:
        try:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            opened = Path(target).open("w", encoding="utf-8")  # noqa: SIM115 (closed below)
        except OSError as error:
            raise SourceError(f"Cannot write {target}: {error.strerror}.") from error
        with opened as stream:
            yield JsonLines(stream, flush=flush)


class JsonLines:
    """Writes one object a line."""

    def __init__(self, stream: IO[str], *, flush: bool) -> None:
        self._stream = stream
        self._flush = flush

    def write(self, plain: dict[str, Any]) -> None:
        """Append an object."""
        self._stream.write(json.dumps(plain) + "\n")
        if self._flush:
            self._stream.flush()


class Teller:
    """Tells people what is seen: each picture, but of moving pictures only what changes.

    A change is another kind of object, another best class, another number of faces.

    Args:
        moving: Whether frames follow one another in time.
        live: Whether they are of now: then the time of day is told.
        several: Whether the model's name is needed.
    """

    def __init__(self, *, moving: bool, live: bool, several: bool) -> None:
        self._moving = moving
        self._live = live
        self._several = several
        self._said: dict[str, tuple[list[str], int]] = {}

    def tell(self, answer: Answer, model: str, result: Result) -> None:
        """Say what a model said about a frame, if it is news."""
        if self._moving:
            found = names_found(result)
            kinds = (sorted(found), found["face"])
            if self._said.get(model) == kinds:
                return
            self._said[model] = kinds
        frame = answer.frame
        where = f"{frame.timestamp_s:7.2f} s" if self._moving else frame.source
        if self._live:
            where = time.strftime("%H:%M:%S")
        click.echo(f"{where}{f' {model}' if self._several else ''}: {one_line(result)}")
