"""Small graphs made by hand: every way in which channels meet, divide, repeat and move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")

import keras
from keras import layers, ops

from edgecnn.errors import OptionError
from edgecnn.training.prune import MacsTarget, PruneOptions, count_macs, prune
from tests.training.prune import proving

SIDE = 8


def conv(x: Any, filters: int, name: str, **settings: Any) -> Any:
    return layers.Conv2D(filters, 3, padding="same", name=name, **settings)(x)


def norm(x: Any, name: str) -> Any:
    return layers.ReLU(name=f"{name}_relu")(layers.BatchNormalization(name=f"{name}_bn")(x))


def head(x: Any) -> Any:
    return layers.Dense(5, name="logits")(layers.GlobalAveragePooling2D(name="gap")(x))


def graph(body: Callable[[Any], Any], channels: int = 3) -> Any:
    image = keras.Input((SIDE, SIDE, channels), name="image")
    return keras.Model(image, body(image), name="by_hand")


def residual(image: Any) -> Any:
    x = norm(conv(image, 16, "stem"), "stem")
    for block in range(2):
        y = norm(conv(x, 12, f"inside{block}"), f"inside{block}")
        x = layers.Add(name=f"add{block}")([x, conv(y, 16, f"out{block}")])
    return head(x)


def concatenated(image: Any) -> Any:
    one = norm(conv(image, 10, "one"), "one")
    two = conv(image, 14, "two", activation="relu")
    both = layers.Concatenate(name="both")([one, two, one])
    return head(conv(norm(both, "both"), 8, "after"))


def added_to_a_concatenation(image: Any) -> Any:
    parts = [conv(image, 6, "one"), conv(image, 10, "two")]
    both = layers.Concatenate(name="both")(parts)
    return head(layers.Add(name="add")([both, conv(image, 16, "whole")]))


def depthwise_multiplier(image: Any) -> Any:
    x = norm(conv(image, 8, "stem"), "stem")
    x = layers.DepthwiseConv2D(3, depth_multiplier=3, padding="same", name="depthwise")(x)
    return head(conv(norm(x, "wide"), 8, "after"))


def convolution_with_a_group_a_channel(image: Any) -> Any:
    x = norm(conv(image, 8, "stem"), "stem")
    return head(conv(norm(conv(x, 16, "each", groups=8), "each"), 8, "after"))


def grouped(image: Any) -> Any:
    x = norm(conv(image, 16, "stem"), "stem")
    x = norm(conv(x, 24, "grouped", groups=4), "grouped")
    return head(conv(x, 8, "after"))


def shuffle(x: Any, groups: int, name: str) -> Any:
    _, height, width, channels = x.shape
    x = layers.Reshape((height, width, groups, channels // groups), name=f"{name}_split")(x)
    x = layers.Permute((1, 2, 4, 3), name=f"{name}_turn")(x)
    return layers.Reshape((height, width, channels), name=f"{name}_join")(x)


def shuffled(image: Any) -> Any:
    x = norm(conv(image, 16, "stem"), "stem")
    x = norm(conv(x, 16, "first", groups=2), "first")
    x = conv(shuffle(x, 2, "shuffle"), 16, "second", groups=2)
    return head(layers.Activation("relu", name="last")(x))


def shuffled_by_operations(image: Any) -> Any:
    x = conv(image, 16, "stem", activation="relu")
    x = conv(x, 16, "first", groups=2, activation="relu")
    x = ops.reshape(x, (-1, SIDE * SIDE, 2, 8))
    x = ops.reshape(ops.transpose(x, (0, 1, 3, 2)), (-1, SIDE, SIDE, 16))
    keep, take = ops.split(x, 2, axis=-1)
    take = ops.relu(conv(take, 8, "half")) * 0.5
    x = ops.concatenate([keep, take], axis=-1)
    return head(conv(x, 8, "after"))


def squeeze_excite(image: Any) -> Any:
    x = norm(conv(image, 16, "stem"), "stem")
    weights = layers.GlobalAveragePooling2D(name="squeeze")(x)
    weights = layers.Dense(8, activation="relu", name="reduce")(weights)
    weights = layers.Dense(16, activation="sigmoid", name="expand")(weights)
    weights = layers.Reshape((1, 1, 16), name="map")(weights)
    return head(conv(layers.Multiply(name="scale")([x, weights]), 8, "after"))


def spatial_map(image: Any) -> Any:
    x = norm(conv(image, 16, "stem"), "stem")
    weights = conv(x, 1, "map", activation="sigmoid")
    return head(conv(layers.Multiply(name="scale")([x, weights]), 8, "after"))


def flattened(image: Any) -> Any:
    x = layers.MaxPooling2D(2, name="pool")(conv(image, 12, "stem", activation="relu"))
    x = layers.Dense(16, activation="relu", name="hidden")(layers.Flatten(name="flatten")(x))
    return layers.Dense(5, name="logits")(x)


def rarer_layers(image: Any) -> Any:
    x = layers.SeparableConv2D(12, 3, depth_multiplier=2, padding="same", name="separable")(
        conv(image, 8, "stem")
    )
    x = layers.PReLU(shared_axes=[1, 2], name="prelu")(x)
    x = layers.Conv2DTranspose(10, 3, strides=2, padding="same", name="up")(x)
    x = layers.ZeroPadding2D(1, name="pad")(layers.LeakyReLU(name="leaky")(x))
    x = layers.SpatialDropout2D(0.1, name="dropout")(x)
    return head(conv(x, 8, "after"))


def means_by_operations(image: Any) -> Any:
    x = ops.relu6(conv(image, 16, "stem"))
    x = ops.mean(conv(x, 12, "after"), axis=(1, 2))
    return layers.Dense(5, name="logits")(x + 1.0)


def two_outputs(image: Any) -> list[Any]:
    x = norm(conv(image, 16, "stem"), "stem")
    middle = layers.Dense(3, name="aside")(layers.GlobalMaxPooling2D(name="highest")(x))
    return [head(norm(conv(x, 12, "after"), "after")), middle]


@pytest.mark.parametrize(
    "body",
    [
        residual,
        concatenated,
        added_to_a_concatenation,
        depthwise_multiplier,
        convolution_with_a_group_a_channel,
        grouped,
        shuffled,
        shuffled_by_operations,
        squeeze_excite,
        spatial_map,
        flattened,
        rarer_layers,
        means_by_operations,
        two_outputs,
    ],
)
@pytest.mark.parametrize("fraction", [0.75, 0.5])
def test_removing_channels_is_exact(body: Callable[[Any], Any], fraction: float) -> None:
    proving.prove(graph(body), fraction)


def test_an_addition_keeps_the_same_channels_on_both_sides() -> None:
    kept = proving.prove(graph(residual), 0.4).report.kept
    assert kept["stem"] == kept["out0"] == kept["out1"]
    assert 0 < len(kept["stem"]) < 16


def test_channels_whose_output_is_dead_go_without_a_trace() -> None:
    model = proving.randomise(graph(residual))
    dead = [1, 4, 5, 11]
    scale, shift, *_ = model.get_layer("inside0_bn").weights
    for weight in (scale, shift):
        values = proving.to_numpy(weight)
        values[dead] = 0
        weight.assign(values)
    options = PruneOptions(score="gamma", multiple_of=1, exclude=("stem", "inside1"))
    # The two convolutions around the block are 47 % of the net; a third of their channels go.
    result = prune(model, MacsTarget(0.845), options)
    assert sorted(set(range(12)) - set(result.report.kept["inside0"])) == dead
    assert result.model.count_params() < model.count_params()
    x = proving.pictures(model)
    ours, theirs = proving.outputs(result.model, x), proving.outputs(model, x)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-5, atol=1e-6)


def test_models_inside_models_are_opened() -> None:
    inner = keras.Sequential(
        [layers.Input((SIDE, SIDE, 12)), layers.Conv2D(12, 1, name="stem"), layers.ReLU()],
        name="inner",
    )
    core = graph(lambda x: inner(conv(x, 12, "begin")), channels=3)
    image = keras.Input((SIDE, SIDE, 3))
    model = keras.Model(image, head(conv(core(image), 8, "stem")))
    result = proving.prove(model, 0.5)
    names = [layer.name for layer in result.model.layers]
    assert "inner" not in names
    assert len(names) == len(set(names))
    assert {"stem", "begin"} <= set(names)


def test_a_sequential_model_is_pruned() -> None:
    model = keras.Sequential(
        [
            layers.Input((SIDE, SIDE, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 3, activation="relu", name="conv"),
            layers.Flatten(),
            layers.Dense(4, name="logits"),
        ]
    )
    assert len(proving.prove(model, 0.5).report.kept["conv"]) == 8


def test_what_meets_an_input_or_an_output_stays() -> None:
    def body(image: Any) -> Any:
        x = layers.Add(name="add")([image, conv(image, 3, "same_as_input")])
        return conv(conv(x, 12, "free"), 4, "answer")

    report = proving.prove(graph(body), 0.5).report
    assert len(report.kept["same_as_input"]) == 3
    assert len(report.kept["answer"]) == 4
    assert 0 < len(report.kept["free"]) <= 6


@pytest.mark.parametrize(
    "mixing", [layers.LayerNormalization(name="mix"), layers.Softmax(name="mix")]
)
def test_layers_that_mix_channels_keep_them(mixing: Any) -> None:
    def body(image: Any) -> Any:
        return head(conv(conv(mixing(conv(image, 8, "held")), 16, "free"), 8, "after"))

    kept = proving.prove(graph(body), 0.6).report.kept
    assert len(kept["held"]) == 8
    assert len(kept["free"]) < 16


def test_a_softmax_inside_a_layer_keeps_its_channels() -> None:
    def body(image: Any) -> Any:
        return head(conv(conv(image, 8, "held", activation="softmax"), 16, "free"))

    assert len(proving.prove(graph(body), 0.5).report.kept["held"]) == 8


def test_excluded_layers_keep_what_goes_in_and_out() -> None:
    kept = proving.prove(graph(residual), 0.8, exclude=("inside0",)).report.kept
    assert len(kept["stem"]) == 16
    assert len(kept["inside1"]) < 12


@keras.saving.register_keras_serializable("edgecnn_tests")
class Backwards(layers.Layer):  # type: ignore[misc]
    """Something that pruning cannot know."""

    def call(self, x: Any) -> Any:
        return x[..., ::-1]


def test_an_unknown_layer_is_named_with_what_to_do() -> None:
    def body(image: Any) -> Any:
        return head(conv(conv(Backwards(name="odd")(conv(image, 8, "a")), 16, "b"), 8, "c"))

    with pytest.raises(OptionError, match=r"'odd' \(Backwards\).*exclude=\('odd',\)"):
        prune(graph(body), MacsTarget(0.5))
    kept = proving.prove(graph(body), 0.6, exclude=("odd",)).report.kept
    assert len(kept["a"]) == 8
    assert len(kept["b"]) < 16


def test_channels_on_an_axis_of_their_own_are_refused_or_left_alone() -> None:
    def body(image: Any) -> Any:
        x = layers.Permute((3, 1, 2), name="turn")(conv(image, 8, "held"))
        return head(conv(conv(x, 16, "free"), 8, "after"))

    with pytest.raises(OptionError, match=r"through 'free' \(Conv2D\).*exclude"):
        prune(graph(body), MacsTarget(0.5))
    kept = proving.prove(graph(body), 0.9, exclude=("free",)).report.kept
    assert len(kept["held"]) == 8
    assert len(kept["after"]) < 8


def test_an_operation_with_a_constant_for_each_channel_keeps_them() -> None:
    def body(image: Any) -> Any:
        x = conv(image, 8, "held") * np.arange(8, dtype=np.float32)
        return head(conv(x, 16, "free"))

    assert len(proving.prove(graph(body), 0.5).report.kept["held"]) == 8


def test_a_shared_layer_with_weights_is_refused_by_name() -> None:
    def body(image: Any) -> Any:
        shared = layers.Conv2D(3, 3, padding="same", name="twice")
        return head(shared(shared(image)))

    with pytest.raises(OptionError, match=r"'twice' \(Conv2D\) is called more than once"):
        prune(graph(body), MacsTarget(0.5))


def test_a_shared_layer_without_weights_is_no_obstacle() -> None:
    relu = layers.ReLU(name="relu")

    def body(image: Any) -> Any:
        return head(relu(conv(relu(conv(image, 16, "a")), 8, "b")))

    proving.prove(graph(body), 0.5)


def test_a_size_that_is_not_fixed_is_refused() -> None:
    image = keras.Input((None, None, 3))
    with pytest.raises(OptionError, match="fixed input shape"):
        prune(keras.Model(image, head(conv(image, 8, "a"))), MacsTarget(0.5))


def test_a_subclassed_model_is_refused() -> None:
    class Own(keras.Model):  # type: ignore[misc]
        pass

    with pytest.raises(OptionError, match="functional Keras model"):
        prune(Own(), MacsTarget(0.5))


def test_excluded_layers_count_in_the_cost() -> None:
    report = prune(graph(residual), MacsTarget(1.0), PruneOptions(exclude=("stem",))).report
    assert report.macs_before == count_macs(graph(residual))


def test_an_unknown_excluded_name_is_refused() -> None:
    with pytest.raises(OptionError, match="'nowhere'"):
        prune(graph(residual), MacsTarget(0.5), PruneOptions(exclude=("nowhere",)))


def test_groups_for_which_no_smaller_width_fits_stay_as_they_are() -> None:
    # 5 and 4 channels can only shrink alike to none, and the three groups want them alike.
    def body(image: Any) -> Any:
        x = layers.Concatenate(name="join")([conv(image, 5, "five"), conv(image, 4, "four")])
        return head(conv(conv(x, 9, "grouped", groups=3), 16, "free"))

    kept = proving.prove(graph(body), 0.5).report.kept
    assert len(kept["free"]) < 16
    assert (len(kept["five"]), len(kept["four"])) == (5, 4)
