from __future__ import annotations

import numpy as np
import pytest

from edgecnn.errors import BackendError, BundleError
from edgecnn.runtime.decode.classification import ClassificationDecoder, best_first
from edgecnn.runtime.output import Output
from tests.helpers.decoding import (
    LETTERBOX_HD,
    manifest,
    plain_sigmoid,
    plain_softmax,
    real,
    stored,
)

LABELS = tuple(f"class {index}" for index in range(40))


def decoder(activation: str, labels: tuple[str, ...] = LABELS) -> ClassificationDecoder:
    return ClassificationDecoder(
        manifest("classification", {"activation": activation}, labels=labels)
    )


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8"])
@pytest.mark.parametrize("activation", ["none", "softmax", "sigmoid"])
@pytest.mark.parametrize("top_k", [None, 1, 5, 40, 100])
def test_answers_as_a_plain_loop_does(dtype: str, activation: str, top_k: int | None) -> None:
    random = np.random.default_rng(11)
    values = random.random((1, 40)) if activation == "none" else random.normal(0, 4, (1, 40))
    name = "probabilities" if activation == "none" else "logits"
    output = stored(values, dtype)
    numbers = real(output)[0].tolist()
    order = sorted(range(40), key=lambda class_id: -numbers[class_id])[:top_k]
    if activation == "softmax":
        numbers = plain_softmax(numbers)
    elif activation == "sigmoid":
        numbers = [plain_sigmoid(number) for number in numbers]

    result = decoder(activation)({name: output}, LETTERBOX_HD, top_k=top_k)

    assert result.class_ids.tolist() == order
    assert result.labels == tuple(LABELS[class_id] for class_id in order)
    np.testing.assert_allclose(result.scores, [numbers[index] for index in order], atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.uint8])
@pytest.mark.parametrize("top_k", [None, 3])
def test_of_equal_scores_the_lower_class_comes_first(dtype: type, top_k: int | None) -> None:
    values = np.array([5, 9, 0, 9, 9, 5, 9], dtype)
    assert best_first(values, top_k).tolist() == [1, 3, 4, 6, 0, 5, 2][:top_k]


def test_lowest_int8_value_sorts_last() -> None:
    assert best_first(np.array([-128, 127, 0, -127], np.int8)).tolist() == [1, 2, 3, 0]


def test_softmax_survives_logits_that_overflow_a_plain_exponential() -> None:
    logits = np.array([[1000.0, 999.0, -1000.0]], np.float32)
    result = decoder("softmax")({"logits": Output(logits)}, LETTERBOX_HD)
    np.testing.assert_allclose(result.scores, [0.731059, 0.268941, 0.0], atol=1e-5)


def test_softmax_over_the_best_is_softmax_over_all() -> None:
    output = Output(np.random.default_rng(0).normal(0, 1, (1, 40)).astype(np.float32))
    best = decoder("softmax")({"logits": output}, LETTERBOX_HD, top_k=4)
    every = decoder("softmax")({"logits": output}, LETTERBOX_HD)
    np.testing.assert_allclose(best.scores, every.scores[:4], rtol=1e-6)
    assert every.scores.sum() == pytest.approx(1.0, abs=1e-5)


def test_scores_fall_even_where_logits_differ_by_one_bit() -> None:
    logits = np.full(2000, 0.1, np.float32).view(np.int32) + np.arange(2000, dtype=np.int32)
    output = Output(logits.view(np.float32)[None])
    result = decoder("softmax")({"logits": output}, LETTERBOX_HD)
    assert np.all(np.diff(result.scores) <= 0)
    assert result.class_ids.tolist() == list(range(1999, -1, -1))


def test_probabilities_never_get_a_second_softmax() -> None:
    output = Output(np.array([[0.2, 0.8]], np.float32))
    with pytest.raises(BundleError, match=r"'probabilities'.*softmax a second time"):
        decoder("softmax")({"probabilities": output}, LETTERBOX_HD)


def test_logits_are_not_passed_off_as_probabilities() -> None:
    output = Output(np.array([[2.0, -3.0]], np.float32))
    with pytest.raises(BundleError, match="'logits' has the activation 'none'"):
        decoder("none")({"logits": output}, LETTERBOX_HD)


def test_classes_without_a_label_are_numbered() -> None:
    output = Output(np.array([[0.1, 0.2, 0.7]], np.float32))
    result = decoder("none", ("a", ""))({"probabilities": output}, LETTERBOX_HD)
    assert result.labels == ("#2", "#1", "a")


@pytest.mark.parametrize("shape", [(3,), (2, 3), (1, 0), (1, 1, 3)])
def test_wrong_shape_is_refused(shape: tuple[int, ...]) -> None:
    output = Output(np.zeros(shape, np.float32))
    with pytest.raises(BundleError, match=r"shape \(1, N\)"):
        decoder("none")({"probabilities": output}, LETTERBOX_HD)


def test_unknown_output_name_lists_what_is_there() -> None:
    with pytest.raises(BundleError, match=r"'probabilities' or 'logits'.*Identity_1"):
        decoder("none")({"Identity_1": Output(np.zeros((1, 3), np.float32))}, LETTERBOX_HD)


def test_nan_is_refused() -> None:
    output = Output(np.array([[0.1, np.nan]], np.float32))
    with pytest.raises(BackendError, match="NaN"):
        decoder("none")({"probabilities": output}, LETTERBOX_HD)


@pytest.mark.parametrize("parameters", [{}, {"activation": "relu"}, {"activation": "none", "k": 1}])
def test_wrong_parameters_are_refused(parameters: dict[str, object]) -> None:
    with pytest.raises(BundleError, match="'classification'"):
        ClassificationDecoder(manifest("classification", parameters))
