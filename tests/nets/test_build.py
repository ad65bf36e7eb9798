"""What holds for every net of the registry, at small sizes and widths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from edgecnn import nets  # noqa: E402
from edgecnn.errors import OptionError, UnknownNameError  # noqa: E402
from tests.helpers.net_families import FAMILIES  # noqa: E402

MADE_UP = ("activation", "add_", "batch_norm", "conv2d", "dense_", "depthwise", "dropout_", "re_lu")
SAME_NAMES = {"lenet5", "alexnet", "mobilenet_v1"}
"""Nets whose layers are the same ones with the small stem, and with a quarter of the width."""
QUICK = set(FAMILIES) - {"densenet121"}
EVERY = [
    pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in nets.names()
]
"""All nets; where running one takes seconds, the larger members of a family count as slow."""


@pytest.mark.parametrize("name", nets.names())
def test_builds_for_small_gray_pictures_and_for_large_ones(name: str) -> None:
    small = nets.outline(name, input_shape=(28, 28, 1), num_classes=10, width=0.25)
    large = nets.outline(name, input_shape=(224, 160, 3), num_classes=7)
    assert (small.input_shape, small.output_shape) == ((None, 28, 28, 1), (None, 10))
    assert (large.input_shape, large.output_shape) == ((None, 224, 160, 3), (None, 7))
    first, second = ([layer.name for layer in net.layers] for net in (large, small))
    # Names that Keras makes up end in a number that grows with every net that is built.
    assert not [one for one in first if one.startswith(MADE_UP)]
    if name in SAME_NAMES:
        assert first == second


@pytest.mark.parametrize("name", nets.names())
def test_too_small_an_input_says_what_is_enough_and_that_is_true(name: str) -> None:
    with pytest.raises(OptionError, match=r"at least \d+ pixels") as caught:
        nets.outline(name, input_shape=(2, 64, 1), width=0.25)
    needed = int(str(caught.value).split("at least ")[1].split()[0])
    net = nets.outline(name, input_shape=(needed, needed + 1, 1), width=0.25)
    assert all(0 not in layer.output.shape for layer in net.layers)
    with pytest.raises(OptionError):
        nets.outline(name, input_shape=(needed - 1, 64, 1), width=0.25)


# Keras saves a TensorFlow variable through an __array__ that NumPy 2 calls outdated.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("name", EVERY)
def test_answers_and_answers_the_same_after_saving(name: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(5)
    # Logits, since the probabilities of a net with random weights are often exactly 0 and 1.
    model = nets.build(
        name, input_shape=(28, 28, 1), num_classes=3, width=0.125, classifier_activation=None
    )
    assert model.name == name
    pixels = np.random.default_rng(5).uniform(-1, 1, (2, 28, 28, 1)).astype(np.float32)
    answers = np.asarray(model(pixels, training=False))
    assert answers.shape == (2, 3)
    assert np.isfinite(answers).all()
    assert not np.array_equal(answers[0], answers[1])
    model.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras")
    np.testing.assert_array_equal(np.asarray(loaded(pixels, training=False)), answers)


def test_small_stem_keeps_more_of_a_small_picture() -> None:
    paper = nets.outline("mobilenet_v2", input_shape=(32, 32, 3))
    small = nets.outline("mobilenet_v2", input_shape=(32, 32, 3), stem="small")
    assert paper.get_layer("head_conv").output.shape[1:3] == (1, 1)
    assert small.get_layer("head_conv").output.shape[1:3] == (2, 2)


def test_auxiliary_heads_train_and_come_off() -> None:
    from edgecnn.nets.googlenet import main_branch

    keras.utils.set_random_seed(2)
    model = nets.build(
        "googlenet", input_shape=(80, 80, 1), num_classes=3, width=0.125, auxiliary=True
    )
    assert set(model.output) == {"predictions", "auxiliary1", "auxiliary2"}
    pixels = np.random.default_rng(2).uniform(-1, 1, (1, 80, 80, 1)).astype(np.float32)
    whole = model(pixels, training=False)
    alone = main_branch(model)
    np.testing.assert_array_equal(np.asarray(alone(pixels)), np.asarray(whole["predictions"]))
    assert not [layer.name for layer in alone.layers if layer.name.startswith("auxiliary")]
    with pytest.raises(ValueError, match="no auxiliary heads"):
        main_branch(alone)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("lenet5", {"num_classes": 0}, "num_classes is 0"),
        ("lenet5", {"width": 0.0}, "width is 0.0"),
        ("lenet5", {"dropout": 1.0}, "dropout is 1.0"),
        ("lenet5", {"stem": "tiny"}, "stem is 'tiny'"),
        ("lenet5", {"input_shape": (28, 28)}, r"input_shape is \(28, 28\)"),
        ("lenet5", {"groups": 2}, "no option groups"),
        ("shufflenet_v1", {"groups": 5}, "rows for 1, 2, 3, 4, 8"),
        ("resnet18", {"attention": "full"}, "known are squeeze_excite"),
        ("mobilenet_v2", {"head_filters": 0}, "head_filters is 0"),
        ("separable_resnet", {"blocks": (1, 1)}, r"blocks is \[1, 1\]; give 3 numbers"),
        ("separable_resnet", {"blocks": (1, -1, 0)}, "numbers from 0 up"),
        ("mobilenet_v1", {"stem": "paper", "input_shape": (28, 28, 1)}, "16, with stem='small'"),
    ],
)
def test_options_that_cannot_be_are_refused(
    name: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        nets.build(name, **options)


def test_unknown_name_lists_the_nets() -> None:
    with pytest.raises(UnknownNameError, match="shufflenet_v2"):
        nets.build("shufflenet_v3")


def test_a_separable_resnet_of_few_layers_has_those_blocks_that_were_asked_for() -> None:
    names = [layer.name for layer in nets.outline("separable_resnet", blocks=(1, 1, 0)).layers]
    assert [name for name in names if name.endswith("_add")] == [
        "stage1_block1_add",
        "stage2_block1_add",
    ]


def test_dropout_is_the_paper_s_or_the_one_asked_for() -> None:
    assert nets.outline("mobilenet_v2").get_layer("dropout").rate == 0.2
    assert nets.outline("mobilenet_v2", dropout=0.4).get_layer("dropout").rate == 0.4
    plain = nets.outline("mobilenet_v2", dropout=0.0)
    assert "dropout" not in [layer.name for layer in plain.layers]


def test_outline_leaves_nothing_behind_and_later_nets_have_weights() -> None:
    nets.outline("vgg16")
    model = nets.build("lenet5")
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    assert model.count_params() == 61_706
