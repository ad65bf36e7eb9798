"""Names for the operations of an OpenVINO network that last from one reading to the next.

OpenVINO numbers operations without a name by a counter of the whole process ("Convolution_11555"),
and those of a ``.tflite`` by their place. The same file read twice thus has other names, and a list
of layers to keep in float would mean nothing. Here such names give way to that of the tensor, or to
a number within the kind.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

_COUNTED = re.compile(r"\d+|[A-Z][A-Za-z0-9]*_\d+")


def named(model: Any) -> Any:
    """A copy of an ``openvino.Model`` in which every operation has a name that lasts.

    Names that were given on purpose are kept; the same network always gets the same names.
    """
    copy = model.clone()
    operations = [
        operation for operation in copy.get_ordered_ops() if operation.get_type_name() != "Result"
    ]
    given = {
        operation.get_friendly_name()
        for operation in operations
        if not _COUNTED.fullmatch(operation.get_friendly_name())
    }
    numbers: Counter[str] = Counter()
    for operation in operations:
        kind = operation.get_type_name()
        numbers[kind] += 1
        if not _COUNTED.fullmatch(operation.get_friendly_name()):
            continue
        name = _tensor_name(operation)
        if name is None or name in given:
            name = f"{kind}_{numbers[kind]}"
        given.add(name)
        operation.set_friendly_name(name)
    return copy


def _tensor_name(operation: Any) -> str | None:
    if operation.get_type_name() in ("Constant", "Parameter"):
        return None
    return min(operation.output(0).get_names(), default=None)
