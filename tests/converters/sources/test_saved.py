from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from converters.quiet import captured_output, tensorflow
from converters.sources import open_source
from edgecnn.errors import ConversionError
from tests.converters.graphs.test_tfjs import BIAS, KERNEL
from tests.converters.graphs.test_tfjs import model as tfjs_model
from tests.helpers import nets

LIMIT = 1e-4
tf = tensorflow()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """A Keras model and its export, with an open batch."""
    model, folder = (
        nets.two_in_two_out(vector_name="facts"),
        tmp_path_factory.mktemp("saved") / "model",
    )
    with captured_output():
        model.export(folder, verbose=False)
    return model, folder


def test_an_export_of_keras_answers_as_the_model(exported: tuple[Any, Path]) -> None:
    model, folder = exported
    with open_source(folder) as source:
        assert source.kind == "savedmodel"
        assert [port.shape[0] for port in (*source.inputs, *source.outputs)] == [1] * 4
        assert [port.name for port in source.outputs] == ["features", "scores"]
        given = nets.feeds(source)
        expected = model([given["picture"], given["facts"]], training=False)
        for name, value in source.answer(given).items():
            np.testing.assert_allclose(value, expected[name], atol=1e-5)
        assert max(nets.errors(source).values()) <= LIMIT


def test_a_module_without_a_signature_is_refused(tmp_path: Path) -> None:
    module = tf.Module()
    module.weight = tf.Variable(1.0)
    tf.saved_model.save(module, str(tmp_path / "m"))
    with pytest.raises(ConversionError, match="serving_default.*none"):
        open_source(tmp_path / "m")


def test_an_unknown_shape_needs_a_word(tmp_path: Path) -> None:
    module = tf.Module()
    module.serve = tf.function(
        lambda x: {"y": tf.nn.relu(x)},
        input_signature=[tf.TensorSpec((None, None, None, 3), tf.float32, "x")],
        autograph=False,
    )
    tf.saved_model.save(module, str(tmp_path / "m"), signatures=module.serve)
    with pytest.raises(ConversionError, match="input_shapes"):
        open_source(tmp_path / "m")
    with open_source(tmp_path / "m", input_shapes={"x": (1, 4, 6, 3)}) as source:
        assert source.outputs[0].shape == (1, 4, 6, 3)
        assert max(nets.errors(source).values()) <= LIMIT


def test_a_damaged_folder_is_refused(exported: tuple[Any, Path], tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "saved_model.pb").write_bytes(
        (exported[1] / "saved_model.pb").read_bytes()[:2000]
    )
    with pytest.raises(ConversionError, match="cannot load"):
        open_source(tmp_path / "m")


def test_an_output_whose_size_depends_on_values_is_refused(tmp_path: Path) -> None:
    module = tf.Module()
    module.serve = tf.function(
        lambda x: {"where": tf.where(x > 0)},
        input_signature=[tf.TensorSpec((1, 4), tf.float32, "x")],
        autograph=False,
    )
    tf.saved_model.save(module, str(tmp_path / "m"), signatures=module.serve)
    with pytest.raises(ConversionError, match="'where'.*depends on the values"):
        open_source(tmp_path / "m")


def test_a_browser_model_answers_on_both_targets(tmp_path: Path) -> None:
    with open_source(tfjs_model(tmp_path), outputs=("map",)) as source:
        assert (source.kind, source.parameters) == ("tfjs", KERNEL.size + BIAS.size)
        given = nets.feeds(source)
        expected = np.maximum(given["image"].reshape(4, 2) @ KERNEL[0, 0] + BIAS, 0)
        np.testing.assert_allclose(source.answer(given)["map"], expected, rtol=1e-5, atol=1e-6)
        assert max(nets.errors(source).values()) <= LIMIT


def test_the_signature_of_a_browser_model_names_its_outputs(tmp_path: Path) -> None:
    signature = {"outputs": {"before": {"name": "conv:0"}, "after": {"name": "end:0"}}}
    with open_source(tfjs_model(tmp_path, signature=signature)) as source:
        assert [port.name for port in source.outputs] == ["before", "after"]
        assert max(nets.errors(source).values()) <= LIMIT


@pytest.mark.parametrize("content", ["{", "[]", '{"a": 1}'])
def test_other_json_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(content)
    with pytest.raises(ConversionError, match=r"model\.json"):
        open_source(tmp_path / "model.json")
