"""Answer about every picture that appears in a folder, one JSON line each. Made to be a service.

    python watch_folder.py INCOMING --model detect_nanodet

A picture is taken when its size has not changed between two looks, so that one that is still being
copied is left alone. Answers go to standard output, troubles to standard error; both are kept by
systemd (see edgecnn.service). SIGTERM ends it after the picture in hand.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

import edgecnn

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


def pictures(folder: Path) -> dict[Path, tuple[int, int]]:
    """Size in bytes and time of change of every picture in a folder."""
    found = {}
    for path in folder.iterdir():
        if path.suffix.lower() in SUFFIXES and path.is_file():
            status = path.stat()
            found[path] = (status.st_size, status.st_mtime_ns)
    return found


def main() -> None:
    """Watch until SIGTERM or Ctrl-C; with --once, until every picture there is answered."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="detect_nanodet", help="name in the zoo, or a bundle")
    parser.add_argument("--every", type=float, default=0.5, help="seconds between two looks")
    parser.add_argument("--once", action="store_true", help="stop when nothing is left to do")
    options = parser.parse_args()

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    with edgecnn.load(options.model) as task:
        print(f"{task.info.name}: {task.info.reason}", file=sys.stderr, flush=True)
        seen: dict[Path, tuple[int, int]] = {}
        done: dict[Path, tuple[int, int]] = {}
        while not stop.is_set():
            found = pictures(options.folder)
            ready = [path for path in sorted(found) if seen.get(path) == found[path]]
            waiting = [path for path in ready if done.get(path) != found[path]]
            for path in waiting:
                if stop.is_set():
                    break
                try:
                    answer = task(path).to_dict()
                except edgecnn.EdgeCNNError as error:
                    print(f"{path}: {error}", file=sys.stderr, flush=True)
                else:
                    print(json.dumps({"picture": str(path), **answer}), flush=True)
                done[path] = found[path]
            done = {path: stamp for path, stamp in done.items() if path in found}
            if options.once and seen == found and not waiting:
                break
            seen = found
            stop.wait(options.every)


if __name__ == "__main__":
    main()
