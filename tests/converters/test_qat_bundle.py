"""Networks that were trained with quantization in mind become proven bundles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
pytest.importorskip("tensorflow")

import edgecnn  # noqa: E402
from converters.options import ConvertOptions, Proof  # noqa: E402
from converters.proof.gates import MIN_DECISIONS  # noqa: E402
from converters.report.schema import SIMULATION, Report  # noqa: E402
from edgecnn.bundle import io  # noqa: E402
from edgecnn.errors import ConversionError, ParityError  # noqa: E402
from edgecnn.training import quantize  # noqa: E402
from tests.helpers import qat_nets  # noqa: E402
from tests.helpers.command import edgecnn_command  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

LABELS = ("a", "b", "c", "d", "e")
SHORT = ConvertOptions(proof=Proof(rounds=2, tensors=8))


def prepared(seed: int = 0, config: quantize.QATConfig | None = None) -> Any:
    """A net with observed ranges that says something else about each kind of picture."""
    model = quantize.prepare(qat_nets.build("residual", seed), config)
    quantize.observe(model, qat_nets.pictures(64))
    return model


def judged(model: Any) -> tuple[Any, Any]:
    """Pictures and, as their classes, what the net itself answers in training."""
    x = np.rint(qat_nets.pictures(MIN_DECISIONS, seed=3))
    answers = np.asarray(keras.ops.convert_to_numpy(model(x, training=False)))
    return x.astype(np.uint8), answers.argmax(axis=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    """The bundle of a saved net with 4-bit weights, and its report."""
    folder = tmp_path_factory.mktemp("qat")
    model = prepared(config=quantize.int4_weights())
    model.save(folder / "net.keras")
    report = edgecnn.convert(
        folder / "net.keras",
        folder / "bundle",
        labels=LABELS,
        validation=judged(model),
        options=SHORT,
    )
    return folder / "bundle", report


def test_both_files_are_proven_against_the_simulation(made: tuple[Path, Report]) -> None:
    _, report = made
    assert [one.file for one in report.proven] == ["int8.tflite", "openvino/int8.xml"]
    assert report.reference == SIMULATION
    assert report.reference_metric == 1.0
    assert report.calibration is None
    for one in report.proven:
        assert one.agreement["pictures"] == MIN_DECISIONS
        assert one.agreement["top1_agreement"] >= 0.995
        assert one.metric == one.agreement["top1_agreement"]
    assert report.gates["qat.top1_agreement"] == 0.995
    assert {name.partition(".")[0] for name in report.gates} == {"qat"}


def test_float_files_are_not_made_and_the_report_says_why(made: tuple[Path, Report]) -> None:
    _, report = made
    assert [one.what for one in report.skipped] == ["float32", "float16"]
    assert all("prepared from" in one.reason for one in report.skipped)


def test_the_report_says_how_4_bit_weights_are_stored(made: tuple[Path, Report]) -> None:
    bundle, report = made
    assert {one.precision for one in report.proven} == {"int8"}
    assert "4-bit weights" in report.source.note
    assert "one a byte" in (bundle / "CARD.md").read_text()
    assert "one a byte" in (bundle / "report.md").read_text()


def test_rounded_probabilities_are_still_probabilities(made: tuple[Path, Report]) -> None:
    manifest = io.load(made[0]).manifest
    assert manifest.decoder.parameters["activation"] == "none"
    with edgecnn.load(made[0], backend="litert") as classify:
        scores = classify(np.rint(qat_nets.pictures(1))[0, ..., 0].astype(np.uint8), "gray").scores
    assert np.array_equal(scores * 256, np.rint(scores * 256))
    assert scores.sum() == pytest.approx(1.0, abs=len(LABELS) / 512)


def test_the_bundle_verifies_itself(made: tuple[Path, Report]) -> None:
    assert len(io.load(made[0]).manifest.golden) > 0
    said = edgecnn_command("verify", made[0])
    assert said.code == 0, said.err


def test_the_tflite_takes_and_gives_int8(made: tuple[Path, Report]) -> None:
    tflite = io.load(made[0]).manifest.variants[0]
    assert {spec.dtype for spec in (*tflite.inputs, *tflite.outputs)} == {"int8"}


def test_a_file_that_decides_otherwise_stops_the_conversion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from converters import qat

    other, model = prepared(seed=1), prepared()
    monkeypatch.setattr(
        "converters.sources.qat_model.export",
        lambda _, folder, **names: qat.export(other, folder, **names),
    )
    with pytest.raises(ParityError, match=r"qat\.top1_agreement"):
        edgecnn.convert(
            model,
            tmp_path / "bundle",
            targets="tflite",
            labels=LABELS,
            validation=judged(model),
            options=SHORT,
        )
    assert not (tmp_path / "bundle").exists()


def test_arrays_go_in_by_name(tmp_path: Path) -> None:
    layers = keras.layers
    one = keras.Input((4, 4, 2), name="one")
    two = keras.Input((4, 4, 2), name="two")
    x = layers.Add(name="sum")([layers.Conv2D(2, 1, name="mix")(one), two])
    model = quantize.prepare(keras.Model([one, two], layers.ReLU(name="both")(x)))
    rng = np.random.default_rng(0)
    feeds = {name: rng.uniform(-1, 1, (16, 4, 4, 2)).astype(np.float32) for name in ("one", "two")}
    quantize.observe(model, tuple(feeds.values()))
    report = edgecnn.convert(
        model, tmp_path / "bundle", task="tensors", calibration=feeds, options=SHORT
    )
    assert report.reference == SIMULATION
    with edgecnn.load(tmp_path / "bundle", backend="litert") as ask:
        first = {name: values[:1] for name, values in feeds.items()}
        answer = ask(first)["both"]
    simulated = model([values[:1] for values in feeds.values()], training=False)
    step = float(np.ptp(simulated)) / 100
    assert np.abs(answer - keras.ops.convert_to_numpy(simulated)).max() <= step


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"precisions": ("float32",)}, "prepared from, or ask for int8"),
        ({"precisions": ("int4w",), "targets": "tflite"}, "prepared from, or ask for int8"),
    ],
)
def test_other_precisions_alone_are_refused(
    settings: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConversionError, match=message):
        edgecnn.convert(prepared(), tmp_path / "bundle", labels=LABELS, **settings)


def test_ranges_that_are_not_known_are_named_before_anything_is_done(tmp_path: Path) -> None:
    model = quantize.prepare(qat_nets.build("residual"))
    with pytest.raises(ConversionError, match=r"'pixels_range' among them.*observe"):
        edgecnn.convert(model, tmp_path / "bundle", labels=LABELS)
