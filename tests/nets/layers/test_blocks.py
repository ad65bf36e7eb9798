"""Every block keeps the shape it promises, is saved and loaded, and converts with parity."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")
import keras

from converters.sources import open_source
from edgecnn.nets.layers.attention import cbam, channel_attention, spatial_attention
from edgecnn.nets.layers.channels import ChannelShuffle, ChannelSlice, ChannelStatistics
from edgecnn.nets.layers.dense_block import dense_block, transition
from edgecnn.nets.layers.inception import InceptionSpec, inception
from edgecnn.nets.layers.inverted_residual import inverted_residual
from edgecnn.nets.layers.local_response_norm import LocalResponseNorm
from edgecnn.nets.layers.separable import depthwise_separable
from edgecnn.nets.layers.shuffle_unit import shuffle_unit_v1, shuffle_unit_v2
from edgecnn.nets.layers.squeeze_excite import squeeze_excite
from tests.helpers import nets

SHAPE = (8, 10, 16)
BRANCHES = InceptionSpec(8, 4, 8, 4, 8, 8)
BLOCKS: dict[str, tuple[Callable[[Any], Any], tuple[int, int, int]]] = {
    "separable": (lambda x: depthwise_separable(x, 24, "separable", stride=2), (4, 5, 24)),
    "residual": (
        lambda x: inverted_residual(x, 16, "residual", expanded=48, squeezed=8),
        (8, 10, 16),
    ),
    "bottleneck": (
        lambda x: inverted_residual(x, 8, "bottleneck", expanded=16, kernel=5, stride=2),
        (4, 5, 8),
    ),
    "inception": (lambda x: inception(x, BRANCHES, "inception"), (8, 10, 32)),
    "dense": (lambda x: dense_block(x, 2, 4, "dense"), (8, 10, 24)),
    "transition": (lambda x: transition(x, 8, "transition"), (4, 5, 8)),
    "shuffle_v1": (lambda x: shuffle_unit_v1(x, 16, "shuffle_v1", groups=2), (8, 10, 16)),
    "shuffle_v1_down": (
        lambda x: shuffle_unit_v1(x, 32, "shuffle_v1_down", groups=4, stride=2, group_first=False),
        (4, 5, 32),
    ),
    "shuffle_v2": (lambda x: shuffle_unit_v2(x, 16, "shuffle_v2"), (8, 10, 16)),
    "shuffle_v2_down": (
        lambda x: shuffle_unit_v2(x, 24, "shuffle_v2_down", stride=2),
        (4, 5, 24),
    ),
    "squeeze": (lambda x: squeeze_excite(x, 4, "squeeze"), (8, 10, 16)),
    "channel": (lambda x: channel_attention(x, 4, "channel"), (8, 10, 16)),
    "spatial": (lambda x: spatial_attention(x, "spatial"), (8, 10, 16)),
    "cbam": (lambda x: cbam(x, 4, "cbam", kernel=3), (8, 10, 16)),
    "lrn": (lambda x: LocalResponseNorm(alpha=0.1, name="lrn")(x), (8, 10, 16)),
}
"""Name -> what adds it to a graph, and the shape that comes out."""


@pytest.fixture(scope="module")
def model() -> Any:
    """All blocks side by side, each with an output of its own."""
    keras.utils.set_random_seed(1)
    image = keras.Input(SHAPE, name="image")
    outputs = {
        name: keras.layers.Identity(name=f"{name}_out")(add(image))
        for name, (add, _) in BLOCKS.items()
    }
    return nets.randomized(keras.Model(image, outputs, name="blocks"))


@pytest.fixture(scope="module")
def found(model: Any) -> dict[str, dict[str, np.ndarray]]:
    """Answers of the source and of both targets."""
    with open_source(model) as source:
        given = nets.feeds(source)
        return {
            "source": source.answer(given),
            "tflite": nets.run_tflite(source.tflite(), given),
            "openvino": nets.run_openvino(source.openvino(), given),
        }


@pytest.mark.parametrize("name", BLOCKS)
def test_shape_is_the_promised_one(model: Any, name: str) -> None:
    assert model.output[name].shape == (None, *BLOCKS[name][1])


@pytest.mark.parametrize("target", ["tflite", "openvino"])
@pytest.mark.parametrize("name", BLOCKS)
def test_converts_with_parity(
    found: dict[str, dict[str, np.ndarray]], name: str, target: str
) -> None:
    answers = found[target][name]
    expected = found["source"][name]
    assert float(np.ptp(expected)) > 0.1
    limit = 1e-4 * max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(answers, expected, atol=limit, rtol=0)


# Keras saves a TensorFlow variable through an __array__ that NumPy 2 calls outdated.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_all_are_the_same_after_saving(model: Any, tmp_path: Path) -> None:
    model.save(tmp_path / "blocks.keras")
    loaded = keras.saving.load_model(tmp_path / "blocks.keras")
    pixels = np.random.default_rng(0).normal(size=(1, *SHAPE)).astype(np.float32)
    before, after = model(pixels), loaded(pixels)
    for name in BLOCKS:
        np.testing.assert_array_equal(np.asarray(after[name]), np.asarray(before[name]))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_fresh_process_loads_own_layers_after_importing_the_package(tmp_path: Path) -> None:
    image = keras.Input(SHAPE)
    x = ChannelShuffle(2, name="shuffle")(LocalResponseNorm(name="lrn")(image))
    x = ChannelStatistics(name="statistics")(ChannelSlice(0, 4, name="slice")(x))
    keras.Model(image, x).save(tmp_path / "own.keras")
    code = (
        "import sys, keras, edgecnn.nets.layers.registered\n"
        "print([layer.name for layer in keras.saving.load_model(sys.argv[1]).layers][1:])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "own.keras")],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[3],
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "['lrn', 'shuffle', 'slice', 'statistics']"


def test_shuffle_deals_the_channels_of_each_group_out() -> None:
    channels = np.arange(6, dtype=np.float32)
    pixels = np.broadcast_to(channels, (2, 3, 4, 6)) + 10 * np.arange(3)[None, :, None, None]
    shuffled = np.asarray(ChannelShuffle(2)(pixels.astype(np.float32)))
    np.testing.assert_array_equal(shuffled, pixels[..., [0, 3, 1, 4, 2, 5]])
    np.testing.assert_array_equal(np.asarray(ChannelShuffle(3)(shuffled)), pixels)


def test_local_response_norm_is_the_formula_of_the_paper() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 9)).astype(np.float32)
    expected = np.empty_like(x)
    for channel in range(9):
        near = x[..., max(0, channel - 2) : channel + 3]
        expected[..., channel] = x[..., channel] / (2 + 0.3 * (near**2).sum(-1)) ** 0.75
    found = np.asarray(LocalResponseNorm(size=5, alpha=0.3, bias=2.0)(x))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_channel_attention_adds_what_mean_and_maximum_say() -> None:
    keras.utils.set_random_seed(3)
    image = keras.Input(SHAPE)
    model = keras.Model(image, channel_attention(image, 4, "a"))
    first, second = (weight[0, 0] for weight in model.get_weights())
    x = np.random.default_rng(3).normal(size=(1, *SHAPE)).astype(np.float32)
    dense = [np.maximum(v @ first, 0) @ second for v in (x.mean((1, 2)), x.max((1, 2)))]
    gate = 1 / (1 + np.exp(-(dense[0] + dense[1])))
    np.testing.assert_allclose(np.asarray(model(x)), x * gate[:, None, None], atol=1e-5)


def test_slice_and_statistics_are_what_they_say() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 6)).astype(np.float32)
    np.testing.assert_array_equal(np.asarray(ChannelSlice(2, 5)(x)), x[..., 2:5])
    found = np.asarray(ChannelStatistics()(x))
    np.testing.assert_allclose(found[..., 0], x.mean(-1), atol=1e-6)
    np.testing.assert_array_equal(found[..., 1], x.max(-1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: ChannelShuffle(0)(x), "groups is 0"),
        (lambda x: ChannelShuffle(3)(x), "16 channels cannot be divided into 3"),
        (lambda x: ChannelShuffle(2)(keras.Input((None, None, 4))), "known size"),
        (lambda x: ChannelSlice(4, 4)(x), "start is 4 and stop is 4"),
        (lambda x: ChannelSlice(4, 17)(x), "There are 16 channels, but stop is 17"),
        (lambda x: LocalResponseNorm(size=4)(x), "size is 4"),
        (lambda x: LocalResponseNorm(bias=0.0)(x), "bias is 0.0"),
    ],
)
def test_what_cannot_be_is_refused(make: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(keras.Input(SHAPE))
