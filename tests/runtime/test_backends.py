from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from edgecnn.errors import BackendError, UnknownNameError
from edgecnn.registry import BACKENDS
from edgecnn.runtime import policy
from edgecnn.runtime.backend import Backend, Engine, ModelFile
from edgecnn.runtime.policy import get_backend, missing_reason
from tests.helpers.models import SIDE, mean_color_ir, mean_color_tflite, save_mean_color

TFLITE = ModelFile("mean_color.tflite", "tflite", mean_color_tflite())
INT8 = ModelFile("int8.tflite", "tflite", mean_color_tflite("int8"))
IR = ModelFile("mean_color.xml", "openvino", *mean_color_ir())

OPENABLE = [
    pytest.param(name, model, id=f"{name}-{model.name}")
    for name in BACKENDS
    for model in (TFLITE, IR)
    if missing_reason(name) is None and model.format in get_backend(name).formats
]


def _open(name: str, model: ModelFile) -> Engine:
    return get_backend(name).open(model, threads=1)


@pytest.mark.parametrize(("name", "model"), OPENABLE)
def test_an_engine_keeps_the_contract(name: str, model: ModelFile) -> None:
    engine = _open(name, model)
    assert list(engine.inputs) == ["image"]
    assert engine.inputs["image"].shape == (1, SIDE, SIDE, 3)
    assert engine.inputs["image"].dtype == np.float32
    assert engine.outputs["means"].shape == (1, 3)
    assert engine.info.backend == name
    assert engine.info.threads == 1
    picture = np.random.default_rng(0).random((1, SIDE, SIDE, 3), np.float32)
    first = engine.infer({"image": picture})["means"]
    np.testing.assert_allclose(first, picture.mean((1, 2)), atol=1e-6)

    kept = first.copy()
    engine.infer({"image": lambda view: view.fill(0.25)})
    np.testing.assert_array_equal(first, kept)  # the caller owns what it was given
    second = engine.infer({"image": lambda view: view.fill(0.25)})["means"]
    np.testing.assert_allclose(second, 0.25, atol=1e-6)
    engine.close()
    engine.close()
    with pytest.raises(BackendError, match="closed"):
        engine.infer({"image": picture})


@pytest.mark.parametrize(("name", "model"), OPENABLE)
def test_wrong_feeds_are_named(name: str, model: ModelFile) -> None:
    engine = _open(name, model)
    with pytest.raises(BackendError, match=r"takes the inputs \['image'\], but got \['picture'\]"):
        engine.infer({"picture": np.zeros((1, SIDE, SIDE, 3), np.float32)})
    with pytest.raises(BackendError, match=r"float32 of shape \(1, 8, 8, 3\).*float64"):
        engine.infer({"image": np.zeros((1, SIDE, SIDE, 3))})
    with pytest.raises(BackendError, match=r"but got float32 of shape \(8, 8, 3\)"):
        engine.infer({"image": np.zeros((SIDE, SIDE, 3), np.float32)})
    engine.close()


@pytest.mark.parametrize(("name", "model"), OPENABLE)
def test_tensors_go_by_the_names_that_were_asked_for(name: str, model: ModelFile) -> None:
    renamed = ModelFile(
        model.name, model.format, model.model, model.weights, {"means": "scores", "image": "x"}
    )
    engine = _open(name, renamed)
    assert (list(engine.inputs), list(engine.outputs)) == (["x"], ["scores"])


@pytest.mark.parametrize("name", [name for name in BACKENDS if missing_reason(name) is None])
@pytest.mark.parametrize("content", [b"", b"not a model", mean_color_tflite()[:200]])
def test_what_is_no_model_is_refused(name: str, content: bytes) -> None:
    backend: Backend = get_backend(name)
    for file_format in backend.formats:
        broken = ModelFile("broken", file_format, content)  # type: ignore[arg-type]
        with pytest.raises(BackendError, match=f"{name}.*refuses broken"):
            backend.open(broken, threads=1)


def test_int8_tensors_say_their_scale() -> None:
    info = _open("litert", INT8).inputs["image"]
    assert info.dtype == np.int8
    assert (info.scale, info.zero_point) == (1 / 256, -128)


def test_litert_points_to_openvino_for_an_ir() -> None:
    with pytest.raises(BackendError, match="Use the backend openvino"):
        _open("litert", IR)
    with pytest.raises(BackendError, match="f32 only"):
        get_backend("litert").open(TFLITE, threads=1, compute="bf16")


def test_litert_opens_quietly(capfd: pytest.CaptureFixture[str]) -> None:
    _open("litert", TFLITE).infer({"image": np.zeros((1, SIDE, SIDE, 3), np.float32)})
    assert capfd.readouterr() == ("", "")


def test_an_unknown_backend_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="litert, openvino, tflite_runtime"):
        get_backend("tensorrt")


def test_openvino_keeps_compiled_models_in_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    _open("openvino", IR).close()
    assert list((tmp_path / "edgecnn" / "openvino").glob("*.blob"))


def test_openvino_does_without_a_cache_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino")
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    engine = _open("openvino", IR)
    assert engine.outputs["means"].shape == (1, 3)
    engine.close()


def test_other_packages_add_backends_by_an_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(
        "theirs", "edgecnn.runtime.backends.litert:LiteRTBackend", policy.ENTRY_POINTS
    )
    monkeypatch.setattr(policy, "_third_party", lambda: {"theirs": point})
    assert policy.backend_names()[-1] == "theirs"
    engine = get_backend("theirs").open(TFLITE, threads=1)
    assert engine.infer({"image": np.zeros((1, SIDE, SIDE, 3), np.float32)})["means"].sum() == 0


@pytest.mark.parametrize("backend", [name for name in BACKENDS if missing_reason(name) is None])
def test_a_signal_after_the_last_model_was_closed_is_heard(backend: str, tmp_path: Path) -> None:
    """OpenVINO leaves a stack for signals behind, whose memory must not go with the model."""
    script = f"""
import os, signal
import edgecnn
edgecnn.load({str(save_mean_color(tmp_path / "bundle"))!r}, backend={backend!r}).close()
signal.signal(signal.SIGTERM, lambda *_: print("heard"))
os.kill(os.getpid(), signal.SIGTERM)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stdout) == (0, "heard\n"), run.stderr


def test_nobody_makes_an_openvino_of_its_own() -> None:
    """Two that go in another order than they came leave a signal a stack without memory."""
    root = Path(__file__).parents[2]
    makers = [
        file.relative_to(root).as_posix()
        for folder in ("edgecnn", "converters", "gui", "benchmarks", "examples", "tests")
        for file in sorted((root / folder).rglob("*.py"))
        if "openvino" + ".Core(" in file.read_text(encoding="utf-8")
    ]
    assert makers == ["edgecnn/runtime/backends/openvino.py"]
