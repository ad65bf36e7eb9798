"""What stands in the way of a TFLite conversion, out of the converter's many lines.

An operator without a counterpart appears as ``'tf.FFT2D' op is neither a custom op nor a flex op``
behind a chain of locations, the first of which is the node in the model's graph
("model_1/spectrum_1/FFT2D@__inference_serve_379").
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_MISSING = re.compile(r"'tf\.(\w+)' op is neither a custom op nor a flex op")
_NODE = re.compile(r'fused\["[^"]*", "([^"@]+)')
_SHOWN = 8


def explain(text: str, precision: str, layers: Collection[str] = ()) -> str:
    """A message of a few lines: which operators, in which layers, and what to do.

    Args:
        text: The converter's exception and log.
        precision: What was being made.
        layers: Names of the model's layers; without them, nodes of the graph are named.
    """
    found = _missing_operators(text)
    if not found:
        lines = [line for line in text.splitlines() if line.strip()]
        reason = lines[0] if lines else "no reason given"
        return f"TFLite conversion to {precision} failed: {reason[:300]}"
    listed = [
        f"{operator} in {_listing(_layer(node, layers) for node in nodes)}" if nodes else operator
        for operator, nodes in sorted(found.items())
    ]
    return (
        f"These operators have no TFLite counterpart: {'; '.join(listed)}. Build the model from "
        "built-in operators, or leave those layers out of the graph and do their work after "
        "inference."
    )


def _missing_operators(text: str) -> dict[str, list[str]]:
    """Operator -> nodes of the graph that it stands for, in the order of the log."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        match = _MISSING.search(line)
        if match is None:
            continue
        nodes = found.setdefault(match[1], [])
        node = _NODE.search(line[: match.start()])
        if node is not None and node[1] not in nodes:
            nodes.append(node[1])
    if not found:
        found = {operator: [] for operator in re.findall(r"\btf\.([A-Z]\w+)\(", text)}
    return found


def _layer(node: str, layers: Collection[str]) -> str:
    """The innermost known layer of a node's path, or the path without the operator."""
    parts = node.split("/")
    for part in reversed(parts[:-1]):
        # Keras numbers scopes that it enters again: "spectrum" becomes "spectrum_1".
        for name in (part, re.sub(r"_\d+$", "", part)):
            if name in layers:
                return name
    return "/".join(parts[:-1]) or node


def _listing(names: Iterable[str]) -> str:
    unique = list(dict.fromkeys(names))
    rest = len(unique) - _SHOWN
    return ", ".join(unique[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
