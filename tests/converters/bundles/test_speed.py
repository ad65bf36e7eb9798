from __future__ import annotations

from pathlib import Path

import msgspec

from converters.bundles.speed import record_speeds, relative_speeds
from edgecnn.bundle import io
from tests.helpers.models import mean_color_bundle


def test_every_way_to_run_is_measured_against_the_first_on_litert(tmp_path: Path) -> None:
    manifest, files = mean_color_bundle()
    bundle = io.load(io.save(manifest, files, tmp_path / "mean_color"))
    speeds = relative_speeds(bundle, rounds=5)
    assert set(speeds) == {variant.file for variant in manifest.variants}
    assert speeds["float32.tflite"][0].ratio == 1.0
    assert all(speed.ratio > 0 for found in speeds.values() for speed in found)


def test_measuring_again_changes_speeds_and_their_table_only(tmp_path: Path) -> None:
    manifest, files = mean_color_bundle()
    card = b"# Mean colour\n\nWords that stay.\n\nLatency of one inference over an old machine.\n"
    path = io.save(manifest, files | {"CARD.md": card}, tmp_path / "mean_color")
    record_speeds(path, rounds=5)
    bundle = io.load(path)
    bundle.verify()
    text = bundle.read("CARD.md").decode()
    assert text.startswith(
        "# Mean colour\n\nWords that stay.\n\nLatency of one inference over that"
    )
    assert "| `int8.tflite` | litert | f32 |" in text
    assert "old machine" not in text
    assert all(variant.speed for variant in bundle.manifest.variants)
    for name, content in files.items():
        assert bundle.read(name) == content
    plain = [msgspec.structs.replace(variant, speed=()) for variant in bundle.manifest.variants]
    assert tuple(plain) == manifest.variants
