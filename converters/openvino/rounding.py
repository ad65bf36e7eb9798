"""Keeps a rounding that OpenVINO leaves out on processors, so that trained integers stay exact.

A convolution whose outcome is rounded, added to something else and rounded again is run as one
kernel, in which OpenVINO's CPU plugin drops the first rounding for speed. A network that was
trained with that rounding then computes something else: each block of a ResNet is off by a level in
a fifth of its values, and after eight of them the answer of a random ResNet-18 was another one. An
activation in between that changes nothing (a PReLU of slope 1) makes the plugin keep the rounding
in the same kernel, for 5 % of the time of that net.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgecnn.optional import require

_COMPUTING = frozenset({"Convolution", "GroupConvolution", "MatMul"})
_PASSED = frozenset({"Add", "Clamp", "Multiply", "Relu", "Transpose"})
"""What may lie between a convolution and the rounding of its outcome."""
_LONGEST = 6


def keep_rounding(model: Any) -> int:
    """Guard every rounding between a convolution and an addition.

    Args:
        model: An ``openvino.Model`` with FakeQuantize operations; it is changed.

    Returns:
        How many were guarded.
    """
    operations = require("openvino", extra="convert").opset13
    slope = np.ones(1, np.float32)
    found = [node for node in model.get_ordered_ops() if _is_dropped(node)]
    for node in found:
        unchanged = operations.prelu(node.input_value(0), operations.constant(slope))
        node.input(0).replace_source_output(unchanged.output(0))
    model.validate_nodes_and_infer_types()
    return len(found)


def _is_dropped(node: Any) -> bool:
    if node.get_type_name() != "FakeQuantize":
        return False
    users = (target.get_node().get_type_name() for target in node.output(0).get_target_inputs())
    return "Add" in users and _comes_from_a_convolution(node)


def _comes_from_a_convolution(node: Any) -> bool:
    for _ in range(_LONGEST):
        node = node.input_value(0).get_node()
        if node.get_type_name() in _COMPUTING:
            return True
        if node.get_type_name() not in _PASSED:
            return False
    return False
