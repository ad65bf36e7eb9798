from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgecnn.bundle import io
from edgecnn.bundle.schema import DecoderSpec
from edgecnn.errors import BackendError, BundleError
from edgecnn.registry import TASKS
from edgecnn.runtime import probe as probing
from edgecnn.runtime.backend import ModelFile
from edgecnn.runtime.bare import Description, bundle_from_file
from edgecnn.runtime.policy import choose, missing_reason
from tests.helpers.models import (
    LABELS,
    mean_color_input,
    mean_color_ir,
    mean_color_tflite,
    plain_picture,
)

DESCRIPTION = Description(
    task="classify",
    input=mean_color_input(),
    decoder=DecoderSpec(name="classification", parameters={"activation": "none"}),
    labels=LABELS,
    outputs={"means": "probabilities"},
)


def _write(folder: Path, kind: str) -> Path:
    path = folder / ("mean colour.xml" if kind == "ir" else "mean colour.tflite")
    if kind == "ir":
        xml, weights = mean_color_ir()
        path.write_bytes(xml)
        path.with_suffix(".bin").write_bytes(weights)
    else:
        path.write_bytes(mean_color_tflite(kind))
    return path


def _answer(bundle: io.Bundle) -> Any:
    with TASKS[bundle.manifest.task](bundle, choose(bundle.manifest)) as task:
        return task(plain_picture(0, 0, 255), "rgb")


@pytest.mark.parametrize("kind", ["float32", "int8", "ir"])
def test_a_described_file_answers_and_can_be_saved(tmp_path: Path, kind: str) -> None:
    if kind == "ir" and missing_reason("openvino"):
        pytest.skip("openvino is not installed here")
    bundle = bundle_from_file(_write(tmp_path, kind), DESCRIPTION)
    assert _answer(bundle)[0].label == "blue"
    saved = io.load(io.export(bundle, tmp_path / "saved"))
    saved.verify()
    assert _answer(saved)[0].label == "blue"


def test_an_ir_needs_its_weights_beside_it(tmp_path: Path) -> None:
    path = _write(tmp_path, "ir")
    path.with_suffix(".bin").unlink()
    with pytest.raises(BundleError, match="needs its .bin beside it"):
        bundle_from_file(path, DESCRIPTION)


def test_empty_missing_sparse_and_renamed_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    with pytest.raises(BundleError, match="No such file"):
        bundle_from_file(path, DESCRIPTION)
    path.touch()
    with pytest.raises(BundleError, match="empty"):
        bundle_from_file(path, DESCRIPTION)
    path.write_bytes(b"\xff\xd8\xff\xe0 in truth a photograph")
    with pytest.raises(BackendError, match=r"refuses .*model\.tflite"):
        bundle_from_file(path, DESCRIPTION)
    with path.open("wb") as stream:
        stream.truncate(3 * 2**30)
    with pytest.raises(BundleError, match="are accepted"):
        bundle_from_file(path, DESCRIPTION)


def test_a_description_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path, "float32")
    wrong = Description(
        task="classify",
        input=mean_color_input(width=16),
        decoder=DESCRIPTION.decoder,
    )
    with pytest.raises(BundleError, match="describes"):
        bundle_from_file(path, wrong)


def test_a_file_that_crashes_its_parser_does_not_crash_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\nkill -SEGV $$\n")
    script.chmod(0o755)
    monkeypatch.setattr(probing.sys, "executable", str(script))
    model = ModelFile("evil.tflite", "tflite", mean_color_tflite() + b"evil")
    with pytest.raises(BackendError, match=r"evil\.tflite makes litert crash \(signal 11\)"):
        probing.probe(model, "litert")


def test_a_file_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\nexec sleep 30\n")
    script.chmod(0o755)
    monkeypatch.setattr(probing.sys, "executable", str(script))
    monkeypatch.setattr(probing, "TIMEOUT_S", 0.2)
    with pytest.raises(BackendError, match="did not answer within"):
        probing.probe(ModelFile("slow", "tflite", mean_color_tflite() + b"slow"), "litert")


def test_a_file_that_passed_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    model = ModelFile("mean_color", "tflite", mean_color_tflite())
    first = probing.probe(model, "litert")
    monkeypatch.setattr(probing, "_run_child", None)
    assert probing.probe(model, "litert") == first
    assert [tensor.name for tensor in first.inputs] == ["image"]


def test_a_file_is_tried_also_where_nothing_can_be_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    found = probing.probe(ModelFile("mean_color", "tflite", mean_color_tflite()), "litert")
    assert [tensor.name for tensor in found.inputs] == ["image"]
