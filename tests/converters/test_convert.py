"""The whole way, on a net that learned Fashion-MNIST: from a .keras file to answers on a device."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgecnn
from converters import convert as converting
from converters.options import About, ConvertOptions, Int8, Proof, Signature
from converters.quantization.plan import Int8Plan
from converters.report.schema import Report, decode
from edgecnn.bundle import io, signing
from edgecnn.bundle.keys import generate_key
from edgecnn.data import fashion_mnist
from edgecnn.errors import (
    BundleError,
    ConversionError,
    EdgeCNNError,
    OptionError,
    ParityError,
    UnknownNameError,
)
from tests.helpers import fashion
from tests.helpers.command import edgecnn_command

keras = pytest.importorskip("keras")
pytest.importorskip("tensorflow")

NAMES = fashion_mnist.NAMES
QUICK = ConvertOptions(proof=Proof(rounds=0, pictures=100, tensors=16))
WAYS = [
    ("float32.tflite", "litert"),
    ("openvino/float32.xml", "openvino"),
    ("float16.tflite", "litert"),
    ("openvino/float16.xml", "openvino"),
    ("int8.tflite", "litert"),
    ("openvino/int8.xml", "openvino"),
]


@pytest.fixture(scope="module")
def net(fashion_net: Path) -> Path:
    return fashion_net


@pytest.fixture(scope="module")
def converted(
    net: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Report, list[str]]:
    out = tmp_path_factory.mktemp("out") / "tiny"
    said: list[str] = []
    report = edgecnn.convert(
        net,
        out,
        labels=NAMES,
        calibration=fashion.seen(),
        validation=fashion.held_out(),
        max_drop=0.02,
        options=ConvertOptions(
            about=About(licence="MIT", training_data="1,400 pictures of Fashion-MNIST"),
            proof=Proof(rounds=5),
        ),
        progress=lambda what, share: said.append(what),
    )
    return out, report, said


def test_every_file_is_proven_on_its_backend(converted: Any) -> None:
    _, report, _ = converted
    assert report.passed
    assert [(one.file, one.backend) for one in report.proven] == WAYS
    for one in report.proven:
        assert one.failures == one.lowered == ()
        assert one.latency is not None
        assert one.latency.median_ms > 0
        (figures,) = one.outputs
        if one.precision == "float32":
            assert figures.max_abs <= 1e-4
        assert figures.cosine > 0.99


def test_int8_is_smaller_and_about_as_good(converted: Any) -> None:
    _, report, _ = converted
    by_file = {one.file: one for one in report.proven}
    assert report.reference_metric > 0.7
    assert by_file["float32.tflite"].metric == report.reference_metric
    assert by_file["int8.tflite"].bytes < 0.45 * by_file["float32.tflite"].bytes
    assert abs(by_file["int8.tflite"].drop) <= 0.02


def test_the_bundle_holds_the_report_in_three_forms_and_the_tools_own_log(converted: Any) -> None:
    out, report, _ = converted
    bundle = io.load(out)
    bundle.verify()
    assert decode(bundle.read("report.json")) == report
    assert b"Passed" in bundle.read("report.md")
    assert bundle.read("report.html").startswith(b"<!DOCTYPE html>")
    assert "conversion.log" in bundle.manifest.files
    assert bundle.manifest.licence == "MIT"
    assert bundle.manifest.labels == NAMES
    assert bundle.manifest.input.color == "gray"


def test_progress_says_what_is_done(converted: Any) -> None:
    _, _, said = converted
    for part in ("tflite float32", "openvino int8", "latency", "golden pictures"):
        assert part in said


def test_golden_answers_hold_on_every_variant(converted: Any) -> None:
    out, _, _ = converted
    said = edgecnn_command("verify", out)
    assert said.code == 0, said.out + said.err
    assert "24 answers checked, 0 failed" in said.out


@pytest.mark.parametrize("backend", ["litert", "openvino"])
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_the_command_answers_with_the_accuracy_that_the_report_states(
    converted: Any, tmp_path: Path, backend: str, precision: str
) -> None:
    out, report, _ = converted
    images, labels = fashion.held_out()
    folder = fashion.write_pictures(tmp_path / "pictures", images)
    answers = tmp_path / "answers.json"
    arguments = ("--backend", backend, "--precision", precision, "--json", answers, "--top-k", "1")
    said = edgecnn_command("run", folder, "--model", out, *arguments)
    assert said.code == 0, said.err
    lines = [json.loads(line) for line in answers.read_text().splitlines()]
    first = [line["result"]["class_ids"][0] for line in lines]
    accuracy = float(np.mean(np.array(first) == labels))
    stated = next(
        one.metric for one in report.proven if (one.backend, one.precision) == (backend, precision)
    )
    assert accuracy == pytest.approx(stated, abs=1e-9)


def test_classes_are_named_by_their_folders(net: Path, tmp_path: Path) -> None:
    images, labels = fashion.held_out()
    folder = fashion.write_classes(tmp_path / "data", images[:200], labels[:200], NAMES)
    out = tmp_path / "named.edge"
    # The folders count in the order of their names, so the net's own classes are other ones.
    with pytest.raises(ParityError) as caught:
        edgecnn.convert(
            net, out, validation=folder, precisions=["float32"], targets=["tflite"],
            max_drop=0.0, options=ConvertOptions(proof=Proof(gates={"float32.cosine": 1.1})),
        )  # fmt: skip
    report = decode((tmp_path / "named-report" / "report.json").read_bytes())
    assert report.labels == tuple(sorted(name.replace("/", "_") for name in NAMES))
    assert report.preprocessing is not None
    assert report.preprocessing.mean_levels < 1.0
    assert "named-report/report.html" in str(caught.value)
    assert not out.exists()


def test_what_falls_short_leaves_its_report_and_no_bundle(net: Path, tmp_path: Path) -> None:
    out = tmp_path / "short"
    options = ConvertOptions(
        proof=Proof(rounds=0, gates={"int8.cosine": 0.999999}), int8=Int8(budget_s=0)
    )
    with pytest.raises(ParityError, match=r"int8\.tflite on litert: int8\.cosine: 0\.99\d+"):
        edgecnn.convert(net, out, calibration=fashion.seen(), targets=["tflite"], options=options)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["short-report"]
    report = decode((tmp_path / "short-report" / "report.json").read_bytes())
    assert not report.passed
    assert report.layers["int8.tflite"]


def test_remedies_are_tried_and_told(net: Path, tmp_path: Path) -> None:
    options = ConvertOptions(
        proof=Proof(rounds=0, pictures=50, tensors=8, gates={"int8.cosine": 0.999999}),
        int8=Int8(budget_s=20, plan=Int8Plan(samples=20)),
    )
    with pytest.raises(ParityError):
        edgecnn.convert(
            net, tmp_path / "out", calibration=fashion.seen()[:200], targets=["tflite"],
            precisions=["int8"], options=options,
        )  # fmt: skip
    report = decode((tmp_path / "out-report" / "report.json").read_bytes())
    (repair,) = report.repairs
    assert repair.file == "int8.tflite"
    names = [remedy.name for remedy in repair.remedies]
    assert names[0] == "more calibration"
    assert {"other ranges", "bias correction"} <= set(names)
    assert repair.final_score >= repair.plain_score


def test_a_lowered_gate_is_in_the_report(net: Path, tmp_path: Path) -> None:
    gates = {"float16.max_error": 1e-9, "float16.cosine": 0.1}
    with pytest.raises(ParityError, match=r"float16\.max_error"):
        edgecnn.convert(
            net, tmp_path / "a", precisions=["float16"], targets=["tflite"],
            validation=fashion.held_out(), options=ConvertOptions(proof=Proof(gates=gates)),
        )  # fmt: skip
    report = edgecnn.convert(
        net, tmp_path / "b", precisions=["float16"], targets=["tflite"],
        validation=fashion.held_out(),
        options=ConvertOptions(proof=Proof(rounds=0, gates={"float16.max_error": 0.5})),
    )  # fmt: skip
    assert report.gates["float16.max_error"] == 0.5
    # The float file that it was compared with is not shipped: nobody asked for it.
    assert [variant.file for variant in io.load(tmp_path / "b").manifest.variants] == [
        "float16.tflite"
    ]


def test_several_inputs_and_outputs_become_a_bundle_of_arrays(tmp_path: Path) -> None:
    layers = keras.layers
    picture, number = keras.Input((8, 8, 3), name="picture"), keras.Input((4,), name="number")
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(6, 3, name="conv")(picture))
    x = layers.Concatenate()([x, layers.Dense(6, activation="relu", name="fc")(number)])
    outputs = [layers.Dense(3, name="mood")(x), layers.Dense(2, name="weather")(x)]
    model = keras.Model([picture, number], outputs)
    rng = np.random.default_rng(0)
    inputs = {
        "picture": rng.uniform(0, 1, (60, 8, 8, 3)).astype(np.float32),
        "number": rng.normal(size=(60, 4)).astype(np.float32),
    }
    report = edgecnn.convert(
        model, tmp_path / "arrays", task="tensors", calibration=inputs, options=QUICK
    )
    assert {one.precision for one in report.proven} == {"float32", "float16", "int8"}
    asked = {name: array[:1] for name, array in inputs.items()}
    expected = model.predict(asked, verbose=0)
    for backend in ("litert", "openvino"):
        with edgecnn.load(tmp_path / "arrays", backend=backend, precision="float32") as task:
            answer = task(asked)
        for port, values in zip(model.output_names, expected, strict=True):
            np.testing.assert_allclose(answer[port], values, atol=1e-4)
    assert edgecnn_command("verify", tmp_path / "arrays").code == 0


def test_an_open_batch_becomes_the_one_that_was_asked_for(tmp_path: Path) -> None:
    vector = keras.Input((6,), name="vector")
    model = keras.Model(vector, keras.layers.Dense(2, name="pair")(vector))
    options = ConvertOptions(
        proof=Proof(rounds=0), signature=Signature(batch=3, inputs=("triple",))
    )
    rows = np.random.default_rng(0).normal(size=(60, 6)).astype(np.float32)
    edgecnn.convert(
        model, tmp_path / "out", task="tensors", calibration={"triple": rows},
        precisions=["float32"], options=options,
    )  # fmt: skip
    with edgecnn.load(tmp_path / "out") as task:
        assert task(triple=rows[:3])["pair"].shape == (3, 2)
    with pytest.raises(ConversionError, match=r"\(3, 6\)"):
        edgecnn.convert(model, tmp_path / "no", precisions=["float32"], options=options)


def test_accuracy_control_keeps_the_metric(net: Path, tmp_path: Path) -> None:
    wishes: dict[str, Any] = {
        "calibration": fashion.seen()[:100], "targets": ["openvino"], "precisions": ["int8"],
        "options": ConvertOptions(
            proof=Proof(rounds=0, pictures=100, tensors=16), int8=Int8(accuracy_control=True)
        ),
    }  # fmt: skip
    with pytest.raises(OptionError, match="pass validation="):
        edgecnn.convert(net, tmp_path / "out", **wishes)
    images, labels = fashion.held_out()
    validation = images[:100], labels[:100]
    report = edgecnn.convert(net, tmp_path / "out", validation=validation, **wishes)
    (proven,) = report.proven
    assert proven.drop <= 0.01


def test_a_quantized_file_is_packed_as_it_is(converted: Any, tmp_path: Path) -> None:
    out, _, _ = converted
    report = edgecnn.convert(
        out / "int8.tflite", tmp_path / "packed", calibration=fashion.seen()[:100],
        validation=fashion.held_out(), labels=NAMES, options=QUICK,
    )  # fmt: skip
    assert [(one.file, one.metric) for one in report.proven] == [
        ("int8.tflite", report.reference_metric)
    ]
    skipped = {one.what: one.reason for one in report.skipped}
    assert set(skipped) == {"openvino", "float32", "float16"}
    assert "int8 already" in skipped["float32"]


def test_a_float_tflite_and_an_ir_are_sources_as_well(converted: Any, tmp_path: Path) -> None:
    out, first, _ = converted
    for file in ("float16.tflite", "openvino/float32.xml"):
        report = edgecnn.convert(
            out / file, tmp_path / Path(file).stem, calibration=fashion.seen()[:100],
            validation=fashion.held_out(), precisions=["float32", "int8"], options=QUICK,
        )  # fmt: skip
        assert report.reference_metric == pytest.approx(first.reference_metric, abs=0.01)
        formats = {one.format for one in report.proven}
        assert formats == ({"tflite", "openvino"} if file.endswith(".tflite") else {"openvino"})


def test_a_signed_bundle_is_what_comes_out(net: Path, tmp_path: Path) -> None:
    private, public = generate_key()
    wishes: dict[str, Any] = {"precisions": ["float32"], "targets": ["tflite"]}
    wishes["validation"] = fashion.held_out()
    with pytest.raises(OptionError, match="[Kk]ey"):
        edgecnn.convert(
            "missing.keras", tmp_path / "no", options=ConvertOptions(sign=public), **wishes
        )
    options = ConvertOptions(proof=Proof(rounds=0), sign=private)
    edgecnn.convert(net, tmp_path / "out", options=options, **wishes)
    signing.verify(tmp_path / "out", public)
    model = tmp_path / "out" / "float32.tflite"
    model.write_bytes(model.read_bytes()[:-1] + b"x")
    with pytest.raises(BundleError, match=r"float32\.tflite"):
        signing.verify(tmp_path / "out", public)


BAD: dict[str, tuple[dict[str, Any], type[EdgeCNNError], str]] = {
    "too few labels": ({"labels": NAMES[:9]}, OptionError, "9 labels came.*10 classes"),
    "no calibration": ({"calibration": None}, OptionError, "pass calibration="),
    "empty calibration": (
        {"calibration": np.empty((0, 28, 28), np.uint8)}, EdgeCNNError, "empty|no pictures|0 "
    ),
    "wrong channels": (
        {"calibration": np.zeros((200, 28, 28, 3), np.uint8)}, EdgeCNNError, r"28, 28, 3"
    ),
    "wrong dtype": ({"calibration": np.zeros((9, 28, 28), complex)}, EdgeCNNError, "complex"),
    "0..1": (
        {"calibration": np.random.default_rng(0).random((200, 28, 28))}, EdgeCNNError, "0..255|255"
    ),
    "NaN": ({"calibration": np.full((200, 28, 28), np.nan)}, EdgeCNNError, "NaN"),
    "unknown task": ({"task": "classification"}, UnknownNameError, "classify"),
    "unknown target": ({"targets": ["tflight"]}, UnknownNameError, "tflite, openvino"),
    "unknown precision": ({"precisions": ["int7"]}, UnknownNameError, "float32, float16, int8"),
    "no targets": ({"targets": []}, UnknownNameError, "none"),
    "other input": (
        {"input": {"width": 32}}, ConversionError, r"\(1, 28, 28, 1\).*\(1, 28, 32, 1\)"
    ),
    "unknown gate": (
        {"options": ConvertOptions(proof=Proof(gates={"int9.cosine": 0}))}, OptionError, "Known"
    ),
    "unknown data set": ({"calibration": "fashion_minst"}, EdgeCNNError, "fashion_mnist"),
    "no such model": ({"model": "missing.keras"}, EdgeCNNError, "missing.keras"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_and_nothing_is_left(case: str, net: Path, tmp_path: Path) -> None:
    changes, error, words = BAD[case]
    arguments: dict[str, Any] = {"model": net, "calibration": fashion.seen()[:120], "labels": NAMES}
    arguments |= changes
    model = arguments.pop("model")
    with pytest.raises(error, match=words):
        edgecnn.convert(model, tmp_path / "out", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_something_that_is_there_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "todo.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises(BundleError, match="exists already|other things"):
            edgecnn.convert(
                "missing.keras", tmp_path / "notes", precisions=["float32"], force=force
            )
    assert (tmp_path / "notes" / "todo.txt").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(net: Path, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    with pytest.raises(BundleError, match="no permission"):
        edgecnn.convert(net, locked / "out", precisions=["float32"])


def test_a_parent_that_is_a_file_is_refused(net: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BundleError, match="it is no folder"):
        edgecnn.convert(net, tmp_path / "file" / "out", precisions=["float32"])


@pytest.fixture
def small_files() -> Iterator[Callable[[Any], Any]]:
    """Makes a function run as on a full disk: the system refuses files of more than 20 kB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limited(function: Any) -> Any:
        def run(*arguments: Any, **named: Any) -> Any:
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
            try:
                return function(*arguments, **named)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)

        return run

    yield limited
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_what_was_there(
    net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_files: Any
) -> None:
    wishes: dict[str, Any] = {
        "precisions": ["float32"], "targets": ["tflite"], "validation": fashion.held_out(),
        "options": QUICK,
    }  # fmt: skip
    out = tmp_path / "out"
    edgecnn.convert(net, out, **wishes)
    before = (out / "bundle.json").read_bytes()
    monkeypatch.setattr(converting, "write_bundle", small_files(converting.write_bundle))
    with pytest.raises(BundleError, match="Cannot write"):
        edgecnn.convert(net, out, **wishes, force=True)
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]
    assert (out / "bundle.json").read_bytes() == before
    io.load(out).verify()


def test_an_interruption_leaves_nothing(net: Path, tmp_path: Path) -> None:
    def interrupt(what: str, share: float) -> None:
        if what == "openvino int8":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        edgecnn.convert(
            net, tmp_path / "out", calibration=fashion.seen()[:100], progress=interrupt,
            options=QUICK,
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_training_code_that_prepares_pictures_otherwise_fails_by_name(
    net: Path, tmp_path: Path
) -> None:
    def half(file: Path) -> Any:
        import cv2

        grey = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
        return cv2.resize(grey, (28, 28), interpolation=cv2.INTER_AREA)[..., None] / 255

    with pytest.raises(ParityError, match="training on pixels 0..1 would explain it"):
        edgecnn.convert(
            net, tmp_path / "out", precisions=["float32"], targets=["tflite"],
            validation=fashion.held_out(),
            options=ConvertOptions(proof=Proof(rounds=0, preprocess=half)),
        )  # fmt: skip
    assert [entry.name for entry in tmp_path.iterdir()] == ["out-report"]
