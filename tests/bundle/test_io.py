from __future__ import annotations

import json
import os
import stat
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edgecnn.bundle import io
from edgecnn.bundle.schema import SCHEMA_VERSION, DecoderSpec, Preferred
from edgecnn.errors import BundleError
from tests.helpers.models import mean_color_bundle, mean_color_input, save_mean_color


@pytest.mark.parametrize("name", ["mean_color", "mean_color.edge"])
def test_what_was_saved_is_loaded_again(tmp_path: Path, name: str) -> None:
    manifest, files = mean_color_bundle()
    bundle = io.load(io.save(manifest, files, tmp_path / name))
    assert msgspec.structs.replace(bundle.manifest, files={}) == manifest
    assert {path: bundle.read(path) for path in bundle.manifest.files} == files
    bundle.verify()


@pytest.mark.parametrize("name", ["a", "a.edge"])
def test_the_same_content_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    manifest, files = mean_color_bundle()
    one, two = tmp_path / "one" / name, tmp_path / "two" / name
    for path in (one, two):
        io.save(manifest, files, path)
    for first in [one] if one.is_file() else [p for p in one.rglob("*") if p.is_file()]:
        second = two / first.relative_to(one) if one.is_dir() else two
        assert first.read_bytes() == second.read_bytes()


def test_a_folder_becomes_an_edge_file_and_back(tmp_path: Path) -> None:
    folder = io.load(save_mean_color(tmp_path / "mean_color"))
    packed = io.load(io.export(folder, tmp_path / "packed.edge"))
    again = io.load(io.export(packed, tmp_path / "again"))
    assert again.manifest == folder.manifest
    again.verify()


def test_an_existing_bundle_is_replaced_only_by_force(tmp_path: Path) -> None:
    path = save_mean_color(tmp_path / "mean_color")
    manifest, files = mean_color_bundle(title="New title")
    with pytest.raises(BundleError, match="exists already.*--force"):
        io.save(manifest, files, path)
    assert io.load(path).manifest.title == "Mean colour"
    io.save(manifest, files, path, force=True)
    assert io.load(path).manifest.title == "New title"
    assert [entry.name for entry in tmp_path.iterdir()] == ["mean_color"]


def test_a_folder_that_is_no_bundle_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    manifest, files = mean_color_bundle()
    with pytest.raises(BundleError, match="not replaced"):
        io.save(manifest, files, tmp_path / "thesis", force=True)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


def test_a_failed_save_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    manifest, files = mean_color_bundle()
    for name in ("folder", "file.edge"):
        with pytest.raises(BundleError, match=r"No space left on device.*Nothing was changed"):
            io.save(manifest, files, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content[:-10], "truncated or altered"),
        (lambda content: content + b"x", "truncated or altered"),
        (lambda content: bytes([content[0] ^ 1]) + content[1:], "was altered"),
        (lambda content: b"", "truncated or altered"),
    ],
)
def test_an_altered_file_is_refused_by_name(tmp_path: Path, change, message: str) -> None:  # type: ignore[no-untyped-def]
    path = save_mean_color(tmp_path / "mean_color")
    file = path / "int8.tflite"
    file.write_bytes(change(file.read_bytes()))
    bundle = io.load(path)
    with pytest.raises(BundleError, match=f"int8.tflite.*{message}|{message}.*int8.tflite"):
        bundle.verify()
    bundle.read("float32.tflite")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = save_mean_color(tmp_path / "mean_color")
    (path / "int8.tflite").unlink()
    with pytest.raises(BundleError, match=r"int8\.tflite.*missing"):
        io.load(path).verify()


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    path = save_mean_color(tmp_path / "mean_color")
    target = tmp_path / "elsewhere.tflite"
    (path / "int8.tflite").rename(target)
    (path / "int8.tflite").symlink_to(target)
    with pytest.raises(BundleError, match="symbolic link"):
        io.load(path).verify()


def _edit(path: Path, **changes: object) -> None:
    manifest = json.loads((path / "bundle.json").read_text())
    manifest.update(changes)
    (path / "bundle.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": SCHEMA_VERSION + 1}, "pip install -U edgecnn"),
        ({"schema_version": 0}, "schema_version must be 1"),
        ({"schema_version": "one"}, "not a valid bundle.json"),
        ({"task": "divine"}, r"unknown task 'divine'. Known: classify"),
        ({"decoder": {"name": "tea_leaves"}}, "unknown decoder 'tea_leaves'. Known: blazeface"),
        ({"colour": "rgb"}, "unknown field `colour`"),
        ({"variants": []}, "no variants"),
        ({"labels": "red"}, "Expected `array`"),
    ],
)
def test_a_senseless_manifest_is_refused(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    path = save_mean_color(tmp_path / "mean_color")
    _edit(path, **changes)
    with pytest.raises(BundleError, match=message):
        io.load(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 0}, "1 to 8192"),
        ({"std": (0.0, 1.0, 1.0)}, "must not hold 0"),
        ({"mean": (0.0,)}, "3 finite numbers"),
        ({"crop_fraction": 1.5}, "crop_fraction"),
        ({"pad": 256}, "0..255"),
        ({"width": 16}, "describes"),
    ],
)
def test_an_impossible_input_is_refused(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(BundleError, match=message):
        save_mean_color(tmp_path / "mean_color", input=mean_color_input(**changes))


def test_a_variant_must_name_files_of_the_bundle(tmp_path: Path) -> None:
    manifest, files = mean_color_bundle()
    del files["int8.tflite"]
    with pytest.raises(BundleError, match=r"'int8\.tflite' is used but not listed"):
        io.save(manifest, files, tmp_path / "mean_color")


@pytest.mark.parametrize(
    "changes",
    [{"file": "gone.tflite"}, {"backend": "openvino"}, {"threads": 0}, {"machine": "arm64"}],
)
def test_a_senseless_pick_of_optimize_is_refused(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    fields: dict[str, Any] = {
        "machine": "x86-vnni",
        "file": "int8.tflite",
        "backend": "litert",
        "threads": 1,
    }
    good = Preferred(**fields | {"machine": "arm64"}), Preferred(**fields | {"threads": 2})
    path = save_mean_color(tmp_path / "mean_color", preferred=good)
    assert io.load(path).manifest.preferred == good
    with pytest.raises(BundleError, match="`preferred`"):
        save_mean_color(tmp_path / "other", preferred=(*good, Preferred(**fields | changes)))


def test_an_embedding_belongs_to_embedders(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="belongs to the task embed"):
        save_mean_color(tmp_path / "mean_color", task="embed")


@pytest.mark.parametrize(
    "bad",
    ["../outside.tflite", "/etc/passwd", "a\\b", "C:/x", "", "a//b", "./a", "a\nb", "x" * 201],
)
def test_paths_that_leave_the_bundle_are_refused(tmp_path: Path, bad: str) -> None:
    path = save_mean_color(tmp_path / "mean_color")
    manifest = json.loads((path / "bundle.json").read_text())
    manifest["files"][bad] = {"sha256": "0" * 64, "bytes": 0}
    (path / "bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="not allowed"):
        io.load(path)


def _zip(path: Path, entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def test_a_zip_with_paths_that_leave_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="not allowed"):
        io.load(_zip(tmp_path / "slip.edge", {"bundle.json": b"{}", "../evil": b"x"}))


def test_a_zip_entry_without_a_name_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "nameless.edge", {"x": b"y"})
    content = path.read_bytes()
    directory = content.index(b"PK\x01\x02")
    # In the central directory: a name of length 0, and its one letter as a comment instead.
    damaged = bytearray(content)
    damaged[directory + 28] = 0
    damaged[directory + 32] = 1
    path.write_bytes(bytes(damaged))
    with pytest.raises(BundleError, match="not allowed"):
        io.load(path)


def test_a_compressed_zip_is_refused(tmp_path: Path) -> None:
    bomb = _zip(tmp_path / "bomb.edge", {"bundle.json": bytes(10**6)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(BundleError, match="compressed"):
        io.load(bomb)


def test_a_zip_with_too_many_entries_is_refused(tmp_path: Path) -> None:
    many = _zip(tmp_path / "many.edge", {f"f{index}": b"" for index in range(1_001)})
    with pytest.raises(BundleError, match="1001 entries"):
        io.load(many)


def test_a_symbolic_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "link.edge", "w") as archive:
        info = zipfile.ZipInfo("bundle.json")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(BundleError, match="link or device"):
        io.load(tmp_path / "link.edge")


@pytest.mark.parametrize("content", [b"not a zip", b"PK\x03\x04", b"TFL3" * 100])
def test_a_file_that_is_no_bundle_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.edge").write_bytes(content)
    with pytest.raises(BundleError, match="not an .edge bundle"):
        io.load(tmp_path / "x.edge")


def test_empty_missing_and_sparse_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.edge").touch()
    with pytest.raises(BundleError, match="empty"):
        io.load(tmp_path / "empty.edge")
    with pytest.raises(BundleError, match="no file or folder"):
        io.load(tmp_path / "nowhere")
    with pytest.raises(BundleError, match="holds no bundle.json"):
        io.load(tmp_path)
    with (tmp_path / "sparse.edge").open("wb") as stream:
        stream.truncate(3 * 2**30)
    with pytest.raises(BundleError, match="more than the"):
        io.load(tmp_path / "sparse.edge")


def test_a_truncated_zip_is_refused_at_every_length(tmp_path: Path) -> None:
    whole = save_mean_color(tmp_path / "whole.edge").read_bytes()
    for length in range(1, len(whole), 97):
        (tmp_path / "cut.edge").write_bytes(whole[:length])
        with pytest.raises(BundleError):
            io.load(tmp_path / "cut.edge").verify()


def test_decoder_parameters_may_be_left_out(tmp_path: Path) -> None:
    path = save_mean_color(tmp_path / "mean_color", decoder=DecoderSpec(name="classification"))
    assert io.load(path).manifest.decoder.parameters == {}


@pytest.mark.parametrize("name", ["net.keras", "net.h5", "net.onnx"])
def test_a_trained_network_is_no_bundle_yet(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"a network")
    with pytest.raises(BundleError, match=rf"edgecnn convert \S*{name} OUT"):
        io.load(tmp_path / name)


def test_the_folder_of_a_training_run_is_no_bundle_yet(tmp_path: Path) -> None:
    (tmp_path / "best.keras").write_bytes(b"a network")
    with pytest.raises(BundleError, match=r"Convert it first: edgecnn convert"):
        io.load(tmp_path)


def test_the_work_folder_of_a_recipe_points_to_its_bundle(tmp_path: Path) -> None:
    save_mean_color(tmp_path / "bundle")
    with pytest.raises(BundleError, match=r"but holds one: \S*bundle$"):
        io.load(tmp_path)
