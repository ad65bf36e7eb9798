from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from converters.sources import Source, open_source
from edgecnn.errors import ConversionError, OptionError
from tests.helpers import nets

LIMIT = 1e-4


def names(source: Source) -> tuple[list[str], list[str]]:
    return [port.name for port in source.inputs], [port.name for port in source.outputs]


@pytest.fixture(scope="module")
def model() -> Any:
    return nets.classifier()


@pytest.mark.parametrize("name", sorted(nets.MODELS))
def test_both_pivots_answer_as_the_model(name: str) -> None:
    with open_source(nets.MODELS[name]()) as source:
        spread = max(float(np.ptp(v)) for v in source.answer(nets.feeds(source)).values())
        assert spread > 0.01
        errors = nets.errors(source)
    assert max(errors.values()) <= LIMIT


def test_the_answer_is_that_of_keras_in_inference(model: Any) -> None:
    with open_source(model) as source:
        given = nets.feeds(source)
        expected = model.predict(given["image"], verbose=0)
        np.testing.assert_allclose(source.answer(given)["probabilities"], expected, atol=1e-6)


def test_one_input_is_called_image_and_batch_is_one(model: Any) -> None:
    with open_source(model) as source:
        assert names(source) == (["image"], ["probabilities"])
        assert source.inputs[0].shape == (1, nets.SIDE, nets.SIDE, 3)
        assert source.outputs[0].shape == (1, 5)
        assert source.kind == "keras"
        assert source.parameters == model.count_params()


def test_several_tensors_keep_their_names_as_plain_words() -> None:
    with open_source(nets.two_in_two_out()) as source:
        assert names(source) == (["picture", "side_info"], ["features", "scores"])


def test_names_can_be_chosen() -> None:
    with open_source(
        nets.two_in_two_out(), input_names=("image", "facts"), outputs=("map", "classes")
    ) as source:
        assert names(source) == (["image", "facts"], ["map", "classes"])
        assert nets.errors(source)["openvino"] <= LIMIT


@pytest.mark.parametrize("wanted", [("a", "b"), ("not/plain",)])
def test_names_that_do_not_fit_are_refused(model: Any, wanted: tuple[str, ...]) -> None:
    with pytest.raises(OptionError, match="output"):
        open_source(model, outputs=wanted)


def test_a_batch_can_be_chosen(model: Any) -> None:
    with open_source(model, batch=3) as source:
        assert source.inputs[0].shape[0] == source.outputs[0].shape[0] == 3
        assert max(nets.errors(source).values()) <= LIMIT


def test_open_sizes_need_a_word() -> None:
    with pytest.raises(ConversionError, match=r"'picture'.*\(\?, \?, \?, 3\).*input_shapes"):
        open_source(nets.classifier(None))
    with open_source(nets.classifier(None), input_shapes=(None, 16, 20, 3)) as source:
        assert source.inputs[0].shape == (1, 16, 20, 3)
        assert max(nets.errors(source).values()) <= LIMIT


def test_shapes_that_do_not_fit_are_refused(model: Any) -> None:
    with pytest.raises(OptionError, match="batch first"):
        open_source(model, input_shapes=(16, 16, 3))
    with pytest.raises(OptionError, match="'pixels'"):
        open_source(model, input_shapes={"pixels": (1, 16, 16, 3)})
    with pytest.raises(OptionError, match="2 shapes"):
        open_source(model, input_shapes=[(1, 16, 16, 3), (1, 4)])


def test_an_unbuilt_sequential_needs_a_shape() -> None:
    with pytest.raises(ConversionError, match="input_shapes"):
        open_source(nets.sequential(built=False))
    with open_source(
        nets.sequential(built=False), input_shapes=(None, nets.SIDE, nets.SIDE, 3)
    ) as source:
        assert names(source) == (["image"], ["logits"])
        assert max(nets.errors(source).values()) <= LIMIT


def test_a_shape_of_a_sequential_may_have_any_name() -> None:
    shapes = {"picture": (1, 12, 16, 3)}
    with open_source(nets.sequential(built=False), input_shapes=shapes) as source:
        assert source.inputs[0].shape == (1, 12, 16, 3)


def test_an_input_may_be_bytes() -> None:
    image = nets.keras.Input((8, 8, 3), dtype="uint8", name="pixels")
    x = nets.layers.Rescaling(1 / 255, name="scale")(image)
    x = nets.layers.Conv2D(2, 3, name="map")(x)
    with open_source(nets.keras.Model(image, x)) as source:
        assert source.inputs[0].dtype == np.uint8
        feed = {"image": np.arange(192, dtype=np.uint8).reshape(1, 8, 8, 3)}
        expected = source.answer(feed)["map"]
        np.testing.assert_allclose(
            nets.run_tflite(source.tflite(), feed)["map"], expected, atol=LIMIT
        )
        found = nets.run_openvino(source.openvino(), feed)["map"]
        np.testing.assert_allclose(found, expected, atol=LIMIT)


def test_a_subclassed_model_is_converted_by_a_shape_or_by_its_first_call() -> None:
    model = nets.Subclassed()
    with pytest.raises(ConversionError, match="'pixels'"):
        open_source(model)
    with open_source(model, input_shapes={"pixels": (1, 16, 16, 3)}) as source:
        assert max(nets.errors(source).values()) <= LIMIT
    with open_source(model, outputs=("logits", "map")) as source:
        assert names(source) == (["image"], ["logits", "map"])
        assert source.inputs[0].shape == (1, 16, 16, 3)


def test_a_subclassed_model_may_take_several_arguments() -> None:
    shapes = {"left": (1, 8, 8, 2), "right": (1, 8, 8, 2)}
    with open_source(nets.TwoArguments(), input_shapes=shapes) as source:
        given = nets.feeds(source)
        swapped = {"left": given["right"], "right": given["left"]}
        assert names(source) == (["left", "right"], ["output"])
        assert not np.allclose(source.answer(given)["output"], source.answer(swapped)["output"])
        assert max(nets.errors(source).values()) <= LIMIT


def test_a_subclassed_model_may_take_and_give_dicts() -> None:
    with open_source(nets.DictArgument(), input_shapes={"a": (None, 6), "b": (None, 6)}) as source:
        assert names(source) == (["a", "b"], ["dense", "sum"])
        assert max(nets.errors(source).values()) <= LIMIT


def test_wrong_feeds_are_refused(model: Any) -> None:
    with open_source(model) as source:
        with pytest.raises(OptionError, match="image"):
            source.answer({"picture": np.zeros((1, 16, 16, 3), np.float32)})
        with pytest.raises(OptionError, match="float64"):
            source.answer({"image": np.zeros((1, 16, 16, 3))})


def test_operators_that_tflite_lacks_are_named_with_their_layers(
    capfd: pytest.CaptureFixture[str],
) -> None:
    image = nets.keras.Input((8, 8))
    x = nets.Spectrum(name="spectrum")(image)
    net = nets.keras.Model(image, nets.layers.Dense(2, name="logits")(x))
    with open_source(net) as source:
        with pytest.raises(ConversionError) as caught:
            source.tflite()
        assert (
            max(
                float(np.abs(nets.run_openvino(source.openvino(), given)["logits"] - value).max())
                for given in [nets.feeds(source)]
                for value in source.answer(given).values()
            )
            <= LIMIT
        )
    assert "FFT2D in spectrum" in str(caught.value)
    assert len(str(caught.value)) < 400
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_closing_leaves_no_folder(model: Any, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with open_source(model) as source:
        source.tflite()
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


def test_a_model_trained_in_mixed_precision_is_converted_in_float32() -> None:
    policy = nets.keras.mixed_precision.DTypePolicy("mixed_float16")
    vector = nets.keras.Input((4,))
    net = nets.keras.Model(vector, nets.layers.Dense(3, dtype=policy, name="dense")(vector))
    kernel, bias = net.get_weights()
    with open_source(net) as source:
        given = nets.feeds(source)
        answer = source.answer(given)["dense"]
        np.testing.assert_allclose(answer, given["image"] @ kernel + bias, atol=1e-6)
        assert max(nets.errors(source).values()) <= LIMIT


@pytest.mark.parametrize(
    ("activation", "known"), [("sigmoid", True), (None, None), ("softmax", None)]
)
def test_a_sigmoid_at_the_end_gives_probabilities(
    activation: str | None, known: bool | None
) -> None:
    image = nets.keras.Input((8, 8, 3))
    pooled = nets.layers.GlobalAveragePooling2D()(image)
    model = nets.keras.Model(image, nets.layers.Dense(3, activation=activation)(pooled))
    with open_source(model) as source:
        assert source.probabilities is known


def test_an_open_size_is_asked_for_as_both_ways_have_it() -> None:
    image = nets.keras.Input((None, None, 3))
    model = nets.keras.Model(image, nets.layers.GlobalAveragePooling2D()(image))
    with pytest.raises(ConversionError, match=r"input_shapes=.*--input-shape 1,224,224,3"):
        open_source(model)
    with open_source(model, input_shapes=(1, 8, 12, 3)) as source:
        assert source.inputs[0].shape == (1, 8, 12, 3)
