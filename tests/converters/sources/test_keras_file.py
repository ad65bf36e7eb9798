from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from converters.quiet import captured_output
from converters.sources import open_source
from edgecnn.errors import ConversionError
from tests.helpers import nets
from tests.helpers.nets import keras, layers

LIMIT = 1e-4


class Halve(layers.Layer):  # type: ignore[misc]
    """A layer of the tests' own."""

    def call(self, x: Any) -> Any:
        return x / 2


def with_layer(layer: Any) -> Any:
    vector = keras.Input((6,))
    return keras.Model(vector, layers.Dense(2, name="logits")(layer(vector)))


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_files_answer_as_the_model_that_was_saved(name: str, tmp_path: Path) -> None:
    model = nets.classifier()
    model.compile("adam", "categorical_crossentropy")
    nets.save(model, tmp_path / name)
    with open_source(tmp_path / name) as source:
        assert (source.kind, source.title) == ("keras", name)
        given = nets.feeds(source)
        expected = model.predict(given["image"], verbose=0)
        np.testing.assert_allclose(source.answer(given)["probabilities"], expected, atol=1e-6)
        assert max(nets.errors(source).values()) <= LIMIT


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_a_lambda_layer_is_refused_and_not_run(name: str, tmp_path: Path) -> None:
    nets.save(with_layer(layers.Lambda(lambda x: x * 2, name="doubling")), tmp_path / name)
    with pytest.raises(ConversionError, match="Lambda layer 'doubling'"):
        open_source(tmp_path / name)


def test_a_nested_lambda_layer_is_refused(tmp_path: Path) -> None:
    inner = keras.Sequential([layers.Input((6,)), layers.Lambda(lambda x: x + 1, name="hidden")])
    nets.save(with_layer(inner), tmp_path / "net.keras")
    with pytest.raises(ConversionError, match="'hidden'"):
        open_source(tmp_path / "net.keras")


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_a_class_that_is_not_known_is_named_with_what_to_do(name: str, tmp_path: Path) -> None:
    nets.save(with_layer(Halve(name="halving")), tmp_path / name)
    with pytest.raises(ConversionError, match=r"'Halve'.*'halving'.*custom_objects"):
        open_source(tmp_path / name)
    with open_source(tmp_path / name, custom_objects={"Halve": Halve}) as source:
        assert max(nets.errors(source).values()) <= LIMIT


def test_a_registered_class_needs_no_word(tmp_path: Path) -> None:
    registered = keras.saving.register_keras_serializable("tests")(type("Third", (Halve,), {}))
    nets.save(with_layer(registered()), tmp_path / "net.keras")
    with open_source(tmp_path / "net.keras") as source:
        assert source.parameters == 14


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.99])
def test_damaged_files_are_refused(name: str, part: float, tmp_path: Path) -> None:
    nets.save(nets.sequential(), tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(ConversionError, match=f"{name} is damaged"):
        open_source(tmp_path / name)


def test_weights_alone_are_refused(tmp_path: Path) -> None:
    with captured_output():
        nets.sequential().save_weights(tmp_path / "net.weights.h5")
    with pytest.raises(ConversionError, match="weights only"):
        open_source(tmp_path / "net.weights.h5")


def test_layers_of_our_own_nets_need_no_word_in_a_fresh_process(tmp_path: Path) -> None:
    from edgecnn.nets.layers.channels import ChannelShuffle

    image = keras.Input((4, 4, 4))
    path = nets.save(keras.Model(image, ChannelShuffle(2)(image)), tmp_path / "net.keras")
    code = (
        "import sys; from converters.sources import open_source\n"
        "with open_source(sys.argv[1]) as source: print(source.outputs[0].shape)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[3],
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "(1, 4, 4, 4)"
