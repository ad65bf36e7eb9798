from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import edgecnn
from edgecnn.bundle import io
from edgecnn.bundle.schema import DecoderSpec
from edgecnn.bundle.store import MemoryStore
from edgecnn.core.results import Tensors
from edgecnn.errors import BundleError, OptionError, UnknownNameError
from edgecnn.runtime.policy import choose
from edgecnn.tasks.options import ClassifyOptions
from edgecnn.tasks.tensors import TensorModel
from tests.helpers.models import mean_color_bundle, mean_color_input, save_mean_color
from tests.helpers.tensor_models import (
    OUTPUTS,
    QUANTIZATION,
    SHAPE,
    arrays,
    product_and_sum_bundle,
    product_and_sum_tflite,
    save_product_and_sum,
)

WAYS = [("litert", "float32", 1e-6), ("openvino", "float32", 1e-6), ("litert", "int8", 0.09)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_product_and_sum(tmp_path_factory.mktemp("bundles") / "product_and_sum")


@pytest.mark.parametrize(("backend", "precision", "tolerance"), WAYS)
def test_real_values_go_in_and_come_out_on_every_variant(
    path: Path, backend: str, precision: str, tolerance: float
) -> None:
    given = arrays(3)
    with edgecnn.load(path, backend=backend, precision=precision, threads=1) as model:
        result = model(**given)
        same = model({"b": given["b"], "a": given["a"]})
    assert isinstance(result, Tensors)
    np.testing.assert_allclose(result["product"], given["a"] * given["b"], atol=tolerance)
    np.testing.assert_allclose(result["sum"], given["a"] + given["b"], atol=tolerance)
    assert result["sum"].dtype == np.float32
    assert same.to_dict() == result.to_dict()


def test_int8_answers_differ_from_the_real_ones_by_the_steps_of_its_tensors(path: Path) -> None:
    given = arrays(4)
    with edgecnn.load(path, backend="litert", precision="int8", threads=1) as model:
        result = model(given)
    steps = result["sum"] / QUANTIZATION["sum"][0]
    np.testing.assert_array_equal(steps, np.rint(steps))
    assert np.abs(result["sum"] - (given["a"] + given["b"])).max() > 1e-4


def test_values_beyond_the_range_of_an_int8_input_are_limited_to_it(path: Path) -> None:
    zeros = np.zeros(SHAPE)
    with edgecnn.load(path, backend="litert", precision="int8", threads=1) as model:
        high = model(a=zeros + 1e9, b=zeros)["sum"]
        low = model(a=zeros - np.inf, b=zeros)["sum"]
    np.testing.assert_allclose(high, 127 / 64, atol=1 / 16)
    np.testing.assert_allclose(low, -2.0, atol=1 / 16)


def test_the_result_is_read_like_a_dictionary(path: Path) -> None:
    with edgecnn.load(path, backend="litert", precision="float32") as model:
        result = model(arrays())
    assert list(result) == list(OUTPUTS)
    assert len(result) == 2
    assert "sum" in result
    assert dict(result).keys() == set(OUTPUTS)
    plain = json.loads(json.dumps(result.to_dict()))["outputs"]["sum"]
    assert plain["shape"] == list(SHAPE)
    assert plain["dtype"] == "float32"
    np.testing.assert_array_equal(np.float32(plain["values"]), result["sum"].ravel())
    with pytest.raises(UnknownNameError, match="'mask'. Known: product, sum"):
        result["mask"]


def test_a_result_of_another_type_is_refused_where_it_is_made() -> None:
    with pytest.raises(ValueError, match="x must be an array of float32, but got float64"):
        Tensors({"x": np.zeros(2)})


A, B = arrays()["a"], arrays()["b"]


@pytest.mark.parametrize(
    ("given", "named", "message"),
    [
        (None, {"a": A}, r"Inputs missing: b\."),
        (None, {"a": A, "c": B}, r"a \(1, 2, 3\), b .*Inputs missing: b; unknown: c\."),
        ({"a": A}, {"a": A, "b": B}, r"given twice: \['a'\]"),
        (None, {"a": A[0], "b": B}, r"takes .*\(1, 2, 3\), but got \(2, 3\). Add the batch axis"),
        (None, {"a": A[..., :2], "b": B}, r"\(1, 2, 2\). Resize or transpose"),
        (None, {"a": A * np.nan, "b": B}, r"'a' holds NaN, 6 times"),
        (None, {"a": np.full(SHAPE, "x"), "b": B}, r"takes numbers, but got <U1"),
        (None, {"a": A + 1j, "b": B}, r"takes numbers, but got complex"),
        (None, {"a": None, "b": B}, r"takes numbers, but got NoneType"),
        (None, {"a": [[1], [1, 2]], "b": B}, r"'a' is no array"),
        (None, {"a": A.astype(np.float64) * 1e300, "b": B}, r"stores float32, which cannot hold"),
        (A, {}, r"Got an array without a name.*model\(name=array"),
        ("street.jpg", {}, r"Got a str, and no picture will do"),
    ],
)
def test_wrong_inputs_are_named(path: Path, given: Any, named: Any, message: str) -> None:
    with edgecnn.load(path, backend="litert", precision="float32", threads=1) as model:
        with pytest.raises(OptionError, match=message):
            model(given, **named)
        with pytest.raises(OptionError, match=message):
            model.submit(given, **named)


def test_other_number_types_and_lists_are_taken(path: Path) -> None:
    ones: Any = np.ones(SHAPE, np.uint8)
    with edgecnn.load(path, backend="litert", precision="float32", threads=1) as model:
        result = model(a=(ones * 2).tolist(), b=ones.astype(np.float16))
        np.testing.assert_array_equal(result["sum"], np.full(SHAPE, 3.0))
        np.testing.assert_array_equal(model(a=ones, b=ones > 0)["product"], np.ones(SHAPE))


def test_runs_can_be_in_flight_together_and_inputs_changed_meanwhile(path: Path) -> None:
    with edgecnn.load(path, backend="litert", precision="float32", threads=1) as model:
        pending = []
        a, b = np.zeros(SHAPE, np.float32), np.ones(SHAPE, np.float32)
        for value in range(20):
            a[...] = value
            pending.append(model.submit(a=a, b=b))
        answers = [float(item.result()["sum"][0, 0, 0]) for item in pending]
    assert answers == [value + 1.0 for value in range(20)]
    timing = pending[0].timing
    assert timing is not None
    assert timing.total_ms >= timing.infer_ms > 0


def test_it_says_what_it_takes_and_what_it_is(path: Path) -> None:
    with edgecnn.load(path, backend="litert", precision="int8", threads=1) as model:
        assert {name: info.shape for name, info in model.inputs.items()} == dict.fromkeys(
            ("a", "b"), SHAPE
        )
        assert model.info.task == "tensors"
        assert model.info.file == "int8.tflite"
    with pytest.raises(OptionError, match="takes TensorOptions, but got ClassifyOptions"):
        edgecnn.load(path, options=ClassifyOptions())


def test_a_model_with_inputs_that_the_bundle_does_not_list_is_refused() -> None:
    manifest, files = product_and_sum_bundle(task="tensors")
    variant = manifest.variants[0]
    fewer = msgspec.structs.replace(variant, inputs=variant.inputs[:1])
    short = msgspec.structs.replace(
        manifest, variants=(fewer,), files=io.file_entries(files), golden=()
    )
    bundle = io.Bundle(short, MemoryStore("short", files))
    with pytest.raises(BundleError, match=r"inputs \['b'\], which the bundle does not list"):
        TensorModel(bundle, choose(short, backend="litert"))


def test_an_output_that_the_model_lacks_is_named(tmp_path: Path) -> None:
    wrong = product_and_sum_tflite().replace(b"sum", b"mus")
    bundle = save_product_and_sum(tmp_path / "x", {"float32.tflite": wrong})
    with pytest.raises(BundleError, match="'sum'.*mus"):
        edgecnn.load(bundle, backend="litert", precision="float32")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input": mean_color_input()}, "`input` says how a picture is fed"),
        ({"decoder": DecoderSpec(name="classification")}, "does not belong to the task 'tensors'"),
        ({"task": "segment", "input": None}, "every task but 'tensors' needs it"),
    ],
)
def test_a_bundle_that_mixes_pictures_and_arrays_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(BundleError, match=message):
        save_product_and_sum(tmp_path / "x", **changes)


def test_a_picture_task_without_an_input_specification_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="every task but 'tensors' needs it"):
        save_mean_color(tmp_path / "x", input=None)
    manifest, _ = product_and_sum_bundle()
    with pytest.raises(BundleError, match="takes arrays, not pictures"):
        _ = manifest.picture_input
    assert mean_color_bundle()[0].picture_input == mean_color_input()


def test_variants_with_other_names_or_shapes_are_refused(tmp_path: Path) -> None:
    manifest, files = product_and_sum_bundle()
    first, second, third = manifest.variants
    renamed = tuple(msgspec.structs.replace(spec, name=spec.name * 2) for spec in second.inputs)
    changed = (first, msgspec.structs.replace(second, inputs=renamed), third)
    with pytest.raises(BundleError, match=r"int8\.tflite' has the inputs.*'aa'.*same names"):
        io.save(msgspec.structs.replace(manifest, variants=changed), files, tmp_path / "x")
    same = tuple(msgspec.structs.replace(spec, name="a") for spec in second.inputs)
    changed = (first, msgspec.structs.replace(second, inputs=same), third)
    with pytest.raises(BundleError, match="inputs of different names"):
        io.save(msgspec.structs.replace(manifest, variants=changed), files, tmp_path / "x")
