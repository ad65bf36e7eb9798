from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def watch(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "examples" / "watch_folder.py"), str(folder)]
    return subprocess.run(
        [*command, "--every", "0.05", "--once", *options],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_every_picture_is_answered_once_and_a_broken_one_is_reported(tmp_path: Path) -> None:
    shutil.copy(ROOT / "assets" / "images" / "coffee.jpg", tmp_path / "a.jpg")
    shutil.copy(ROOT / "assets" / "images" / "cat_chelsea.jpg", tmp_path / "b.jpg")
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    (tmp_path / "notes.txt").write_text("not looked at")
    result = watch(tmp_path, "--model", "classify_efficientnet_lite0")
    assert result.returncode == 0, result.stderr
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [Path(answer["picture"]).name for answer in answers] == ["a.jpg", "b.jpg"]
    assert answers[0]["labels"][0] == "espresso"
    assert "broken.png" in result.stderr
    assert "Traceback" not in result.stderr


def test_empty_folder_ends_at_once(tmp_path: Path) -> None:
    result = watch(tmp_path, "--model", "classify_efficientnet_lite0")
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
