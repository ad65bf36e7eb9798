"""Rewrites that keep a graph's values and let converters and int8 kernels do better.

Each says what it costs to go without. All change the graph in place and return how many places
they changed, so that a recipe can insist on the number that it knows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.graphs.graph import Graph, attribute

_SUMS = ("Add", "AddV2")


def fold_constant_sums(graph: Graph) -> int:
    """Compute sums of two constants (shapes, mostly), which hide them from other rewrites."""
    folded = 0
    for node in graph.of(*_SUMS):
        values = [graph.constant(name) for name in node.input]
        if values[0] is not None and values[1] is not None:
            total = np.asarray(values[0] + values[1], values[0].dtype)
            graph.replace(node.name, graph.add_constant(f"{node.name}/folded", total))
            folded += 1
    return folded


def unite_relu6(graph: Graph) -> int:
    """``Relu``, ``Minimum 6``, ``Maximum 0`` in any order that means it become ``Relu6``.

    Apart, the int8 file has three operators with a range each, and was 2.8x slower than float.
    """
    united = 0
    for node in graph.of("Minimum", "Maximum", "Relu"):
        if _clamp_user(graph, node):
            continue
        chain, current = [], node
        while (side := _clamp(graph, current)) is not None:
            chain.append(side)
            feeder = _data(graph, current)
            below = graph.nodes.get(feeder.partition(":")[0])
            if below is None:
                break
            current = below
        if {"low", "high"} <= set(chain):
            relu6 = graph.add("Relu6", f"{node.name}/relu6", [feeder])
            graph.replace(node.name, relu6)
            united += 1
    return united


def _clamp_user(graph: Graph, node: Any) -> bool:
    """Whether the node's only user clamps further; a chain is taken from its end."""
    users = graph.users(node.name)
    return len(users) == 1 and _clamp(graph, users[0]) is not None


def _clamp(graph: Graph, node: Any) -> str | None:
    if node.op == "Relu":
        return "low"
    for operation, bound, side in (("Maximum", 0.0, "low"), ("Minimum", 6.0, "high")):
        if node.op == operation and _operand(graph, node, bound, 0.0) is not None:
            return side
    return None


def _data(graph: Graph, node: Any) -> str:
    """The input of a clamp that is not its bound."""
    names = [name for name in node.input if graph.constant(name) is None]
    return str(names[0])


def exact_hard_swish(graph: Graph) -> int:
    """``x * relu6(x + 3) / 6`` in the one form that converters recognise, with an exact 1/6.

    Weights stored as float16 make 0.16663 of it, which is no hard-swish to a converter: four
    operators instead of one, each with its own int8 range.

    Reference: Howard et al., "Searching for MobileNetV3", arXiv:1905.02244.
    """
    changed = 0
    for node in graph.of("Relu6"):
        shifted = graph.source(node)
        if shifted.op not in _SUMS:
            continue
        x = _operand(graph, shifted, 3.0, 1e-2)
        product = _hard_swish_end(graph, node, x) if x is not None else None
        if product is None or x is None:
            continue
        gate = graph.add("Mul", f"{product}/gate", [x, node.name])
        sixth = graph.add_constant(f"{product}/sixth", np.asarray(1.0 / 6.0, np.float32))
        end = graph.add("Mul", f"{product}/hard_swish", [gate, sixth])
        three = graph.add_constant(f"{product}/three", np.asarray(3.0, np.float32))
        shifted.input[:] = [x, three]
        graph.replace(product, end)
        changed += 1
    return changed


def _hard_swish_end(graph: Graph, relu6: Any, x: str) -> str | None:
    """Name of the product that completes ``x * relu6 * (1/6)``, in whatever order it is taken."""
    for user in graph.users(relu6.name):
        if user.op != "Mul":
            continue
        other = next((name for name in user.input if name != relu6.name), None)
        if other is None:
            continue
        before = graph.nodes[other.partition(":")[0]]
        if before.op == "Mul" and _operand(graph, before, 1 / 6, 1e-3) == x:
            return str(user.name)  # (x / 6) * relu6
        if other == x or _operand(graph, user, 1 / 6, 1e-3) is not None:
            for last in graph.users(user.name):  # (x * relu6) / 6 and (relu6 / 6) * x
                completes = last.op == "Mul" and (
                    _operand(graph, last, 1 / 6, 1e-3) == user.name
                    if other == x
                    else x in last.input
                )
                if completes:
                    return str(last.name)
    return None


def _operand(graph: Graph, node: Any, number: float, tolerance: float) -> str | None:
    """The other input of a node of which one input is the constant ``number``."""
    if len(node.input) != 2:
        return None
    for index in (0, 1):
        value = graph.constant(node.input[index])
        if value is None or value.size != 1:
            continue
        if abs(float(value.reshape(())) - number) <= tolerance:
            return str(node.input[1 - index])
    return None


def finite_pool_padding(
    graph: Graph, lowest_pixel: NDArray[np.float32], highest_pixel: NDArray[np.float32]
) -> int:
    """Padding with minus infinity before the max-pool of a stem gets a finite number as low.

    Minus infinity has no int8 value, and XNNPACK refuses the file. Anything that no activation
    goes below serves as well. For a convolution of the input that bound follows from its weights
    and from the range of the pixels, so that the values stay the same for every picture.

    (A mirrored border would do, too, but XNNPACK leaves it to a slow kernel: it took a third of
    the time of a whole NanoDet.)

    Args:
        graph: Changed in place; channels last.
        lowest_pixel: (C,) value of the darkest pixel in the input tensor.
        highest_pixel: (C,) value of the brightest one.
    """
    changed = 0
    for pool in graph.of("MaxPool"):
        pad = graph.source(pool)
        value = graph.constant(pad.input[2]) if pad.op == "PadV2" else None
        if value is None or float(value) > -1e4:
            continue
        low = _lowest(graph, graph.source(pad), lowest_pixel, highest_pixel)
        if low is not None:
            pad.input[2] = graph.add_constant(f"{pad.name}/low", np.asarray(low, np.float32))
            changed += 1
    return changed


def _lowest(
    graph: Graph, activation: Any, low: NDArray[np.float32], high: NDArray[np.float32]
) -> float | None:
    """A number that no output of a stem goes below; None when its form is not known."""
    slope = 1.0
    found = biased_convolution(graph, activation.name)
    if activation.op in ("Relu", "Relu6"):
        return 0.0
    if activation.op == "LeakyRelu":
        alpha = attribute(activation, "alpha")
        slope = 0.2 if alpha is None else alpha.f
        found = biased_convolution(graph, activation.input[0])
    if found is None:
        return None
    conv, bias = found
    before = graph.source(conv)
    if before.op == "Pad":
        before = graph.source(before)
        low, high = np.minimum(low, 0.0), np.maximum(high, 0.0)
    kernel = graph.constant(conv.input[1])
    if before.op != "Placeholder" or kernel is None:
        return None
    worst = np.minimum(kernel * low[:, None], kernel * high[:, None]).sum(axis=(0, 1, 2)) + bias
    return float(min(0.0, worst.min() * slope))


def fold_same_padding(graph: Graph) -> int:
    """Explicit zero padding before a stride-1 VALID convolution becomes SAME.

    The same numbers with one operator, and one copy of the tensor, less.
    """
    folded = 0
    for conv in graph.of("Conv2D", "DepthwiseConv2dNative"):
        pad = graph.source(conv)
        kernel = graph.constant(conv.input[1])
        if pad.op != "Pad" or kernel is None or attribute(conv, "padding").s != b"VALID":
            continue
        paddings = graph.constant(pad.input[1])
        steps = list(attribute(conv, "strides").list.i)
        dilations = attribute(conv, "dilations")
        spread = [1, 1, 1, 1] if dilations is None else list(dilations.list.i) or [1, 1, 1, 1]
        if paddings is None or steps != [1, 1, 1, 1] or spread != [1, 1, 1, 1]:
            continue
        height, width = kernel.shape[:2]
        wanted = [[0, 0], [(height - 1) // 2, height // 2], [(width - 1) // 2, width // 2], [0, 0]]
        if paddings.tolist() == wanted:
            conv.input[0] = pad.input[0]
            conv.attr["padding"].s = b"SAME"
            folded += 1
    return folded


def part_split_convolutions(graph: Graph) -> int:
    """A convolution whose output is split by channels becomes one convolution for each part.

    Parts of different meaning (class logits, box sides) have different ranges. In one int8 tensor
    they share the widest one; apart, each gets its own scale. Channels come last.
    """
    parted = 0
    for split in graph.of("SplitV"):
        found = biased_convolution(graph, split.input[0])
        sizes, axis = graph.constant(split.input[1]), graph.constant(split.input[2])
        if found is None or sizes is None or axis is None or int(axis) not in (3, -1):
            continue
        conv, bias = found
        kernel = graph.constant(conv.input[1])
        if kernel is None or bias.shape != (kernel.shape[3],) or np.any(sizes < 0):
            continue
        ends = np.cumsum(sizes)
        kept = {key: conv.attr[key] for key in conv.attr if key != "T"}
        for index, (start, end) in enumerate(zip(ends - sizes, ends, strict=True)):
            name = f"{conv.name}/part_{index}"
            weights = graph.add_constant(f"{name}/kernel", kernel[..., start:end])
            part = graph.add("Conv2D", name, [conv.input[0], weights], **kept)
            offset = graph.add_constant(f"{name}/bias", bias[start:end])
            total = graph.add("BiasAdd", f"{name}/sum", [part, offset])
            graph.replace(split.name if index == 0 else f"{split.name}:{index}", total)
        parted += 1
    return parted


def biased_convolution(graph: Graph, name: str) -> tuple[Any, NDArray[Any]] | None:
    """The convolution and bias behind a sum; None when ``name`` is something else."""
    node = graph.nodes[name.partition(":")[0]]
    if node.op not in (*_SUMS, "BiasAdd"):
        return None
    for index in (0, 1):
        bias, conv = graph.constant(node.input[index]), graph.source(node, 1 - index)
        if bias is not None and conv.op == "Conv2D":
            return conv, bias.reshape(-1)
    return None
