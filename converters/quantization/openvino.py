"""A float OpenVINO network as int8, by NNCF and with every knob of a plan.

The preset is ``mixed`` (activations have a zero point): hard-swish, leaky ReLU and sigmoid leave a
little below zero and much above, and without a zero point half of the levels are never used.
NNCF's own default, ``performance``, is for networks of ReLU alone, where the two come to the same.

Reference: Kozlov et al., "Neural Network Compression Framework for fast model inference",
arXiv:2002.08679.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from converters.options import Progress, no_progress
from converters.quantization.feeds import Shapes, fitting
from converters.quantization.openvino_names import named
from converters.quantization.plan import Int8Plan, Ranges
from converters.quantization.ranges import PERCENTILE
from converters.quiet import captured_output
from converters.sources.base import Feeds
from edgecnn.errors import ConversionError
from edgecnn.optional import require

_KEPT = frozenset({"Constant", "Parameter", "Result"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyControl:
    """Let NNCF itself put layers back into float until a metric is good enough. Slow.

    Attributes:
        validate: From a compiled model to the metric, larger is better; not 0 for the float
            network, because NNCF divides by it.
        max_drop: How much the metric may fall, absolute.
        feeds: Inputs by whose outputs NNCF ranks the layers; the calibration inputs serve.
    """

    validate: Callable[[Any], float]
    max_drop: float
    feeds: Feeds


def quantize_openvino(
    model: Any,
    feeds: Feeds,
    plan: Int8Plan,
    *,
    accuracy: AccuracyControl | None = None,
    progress: Progress = no_progress,
) -> Any:
    """Quantize a float ``openvino.Model``.

    The same input gives the same network with the same versions of OpenVINO and NNCF.

    Args:
        model: Static shapes, any number of inputs and outputs; left as it is.
        feeds: Calibration inputs as the device makes them.
        plan: How; its rim, ``per_channel`` and ``even_channels`` are for ``.tflite`` (an IR keeps a
            float rim, and NNCF chooses channels by the processor and aligns them itself).
        accuracy: Control the accuracy; None does not.
        progress: Told what is being done.

    Returns:
        An ``openvino.Model`` with the input and output names of ``model``. Operations have the
        names of `converters.quantization.openvino_names`.

    Raises:
        ConversionError: There is no calibration input, or one does not fit; the plan keeps a layer
            in float that the model does not have; NNCF refuses the model.
    """
    model = named(model)
    _check_layers(model, plan)
    with captured_output() as log:
        nncf = require("nncf", extra="convert")
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002 - the generator that NNCF draws from
        inputs = list(
            fitting(feeds, shapes(model), plan.samples, what="calibration", progress=progress)
        )
        settings: dict[str, Any] = {
            "preset": nncf.QuantizationPreset.MIXED,
            "subset_size": len(inputs),
            "fast_bias_correction": plan.bias_correction != "accurate",
            "ignored_scope": _scope(nncf, plan),
        }
        try:
            if accuracy is None:
                return nncf.quantize(
                    model,
                    nncf.Dataset(inputs),
                    advanced_parameters=_advanced(nncf, plan),
                    **settings,
                )
            return _controlled(nncf, model, inputs, accuracy, _advanced(nncf, plan), settings)
        except ConversionError:
            raise
        except Exception as error:
            raise ConversionError(f"NNCF cannot quantize the model: {error}\n{log()}") from error


def shapes(model: Any) -> Shapes:
    """Name -> shape and type of each input.

    Raises:
        ConversionError: A shape is not static.
    """
    found: dict[str, tuple[tuple[int, ...], np.dtype[Any]]] = {}
    for port in model.inputs:
        if port.partial_shape.is_dynamic:
            raise ConversionError(
                f"The input {port.any_name!r} has the shape {port.partial_shape}; int8 needs a "
                "static one."
            )
        dtype = np.dtype(port.element_type.to_dtype())
        found[port.any_name] = (tuple(int(side) for side in port.shape), dtype)
    return found


def layer_names(model: Any) -> list[str]:
    """Names of the operations that compute something, in order."""
    return [
        str(operation.get_friendly_name())
        for operation in model.get_ordered_ops()
        if operation.get_type_name() not in _KEPT
    ]


def _check_layers(model: Any, plan: Int8Plan) -> None:
    known = layer_names(model)
    unknown = [name for name in plan.float_layers if name not in known]
    if unknown:
        raise ConversionError(
            f"No operation is named {unknown[0]!r}, which float_layers names. Names are those of "
            f"layer errors; the model has {', '.join(known[:8])} ..."
        )


def _scope(nncf: Any, plan: Int8Plan) -> Any:
    return nncf.IgnoredScope(names=sorted(set(plan.float_layers))) if plan.float_layers else None


def _advanced(nncf: Any, plan: Int8Plan) -> Any:
    # None leaves the choice to NNCF, which halves the range in the layers at risk.
    return nncf.AdvancedQuantizationParameters(
        overflow_fix=None if plan.overflow_fix else nncf.OverflowFix.DISABLE,
        disable_bias_correction=plan.bias_correction == "none",
        activations_range_estimator_params=_estimator(plan.ranges),
    )


def _estimator(ranges: Ranges) -> Any:
    """NNCF's counterpart of a way to choose ranges.

    Its own default averages the least and the largest value over the inputs, which clips half of
    the peaks; its quantiles are averaged as well. Both lost points on the narrow networks that we
    tried (1.1 and 11 of 89.6), so the extremes are taken here.
    """
    module = require("nncf.quantization.range_estimator", extra="convert")
    known = module.RangeEstimatorParametersSet
    if ranges == "minmax":
        return known.MINMAX
    if ranges == "mse":
        return known.HISTOGRAM
    collect, kind, over = (
        module.StatisticsCollectorParameters,
        module.StatisticsType.QUANTILE,
        module.AggregatorType,
    )
    rare = 1.0 - PERCENTILE / 100.0
    return module.RangeEstimatorParameters(
        min=collect(statistics_type=kind, aggregator_type=over.MIN, quantile_outlier_prob=rare),
        max=collect(statistics_type=kind, aggregator_type=over.MAX, quantile_outlier_prob=rare),
    )


def _controlled(
    nncf: Any,
    model: Any,
    inputs: list[Any],
    accuracy: AccuracyControl,
    advanced: Any,
    settings: dict[str, Any],
) -> Any:
    ranked = list(fitting(accuracy.feeds, shapes(model), len(inputs)))

    def validate(compiled: Any, dataset: Any) -> tuple[float, None]:
        del dataset
        return accuracy.validate(compiled), None

    return nncf.quantize_with_accuracy_control(
        model,
        calibration_dataset=nncf.Dataset(inputs),
        validation_dataset=nncf.Dataset(ranked),
        validation_fn=validate,
        max_drop=accuracy.max_drop,
        advanced_quantization_parameters=advanced,
        **settings,
    )
