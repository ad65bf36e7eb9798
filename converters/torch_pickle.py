"""Read weights from a PyTorch file of the older, non-zip kind, without PyTorch and without risk.

Such a ``.pth`` is a sequence of five pickles (a magic number, a protocol version, facts about the
machine that wrote it, the state dict, the list of its storage keys), then for each key an 8-byte
element count and the raw little-endian values. Unpickling runs whatever code the file names, so
nothing is unpickled here: the opcodes are listed by `pickletools.genops`, which executes nothing,
and a stack machine of our own understands the two dozen that a state dict needs. The only names
that it knows are ``collections.OrderedDict``, the storages of torch, and ``_rebuild_tensor_v2``,
and all three become plain records.
"""

from __future__ import annotations

import io
import math
import pickletools
import reprlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import ConversionError

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
MAX_BYTES = 1 << 31

_STORAGE_DTYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "|i1",
    "ByteStorage": "|u1",
    "BoolStorage": "|b1",
}


@dataclass(frozen=True, slots=True)
class _Name:
    """A class or function that the file mentions; it is never imported."""

    module: str
    attribute: str


@dataclass(frozen=True, slots=True)
class _Storage:
    """A run of values that comes later in the file, by key."""

    key: str
    dtype: np.dtype[Any]
    count: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A strided view of a storage, in elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Mark:
    """Where a variable-length item starts on the stack."""


def _natural(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _short(value: Any) -> str:
    """A short text for messages; a full one could take for ever on nested shared tuples."""
    return reprlib.repr(value) if isinstance(value, _Name | str | int) else type(value).__name__


def _name(text: str) -> _Name:
    module, _, attribute = text.partition(" ")
    known = (
        (module, attribute) == ("collections", "OrderedDict")
        or (module, attribute) == ("torch._utils", "_rebuild_tensor_v2")
        or (module == "torch" and attribute in _STORAGE_DTYPES)
    )
    if not known:
        raise ConversionError(
            f"The file wants {module}.{attribute}, which is no part of a plain state dict. Save "
            "only model.state_dict() with ordinary dense tensors; other files are not read, "
            "because they could run code."
        )
    return _Name(module, attribute)


def _storage(persistent: Any) -> _Storage:
    match persistent:
        case ("storage", _Name("torch", kind), str(key), str(), count, None) if _natural(count):
            return _Storage(key, np.dtype(_STORAGE_DTYPES[kind]), count)
    raise ConversionError(
        "A tensor's storage is described in a way that is not known: expected ('storage', a torch "
        f"storage type, key, device, element count, None), got {_short(persistent)}."
    )


def _call(function: Any, arguments: Any) -> Any:
    """The result of the two functions that may appear, without calling anything."""
    if function == _Name("collections", "OrderedDict") and arguments == ():
        return {}
    if function == _Name("torch._utils", "_rebuild_tensor_v2"):
        match arguments:
            case (_Storage() as storage, offset, tuple(shape), tuple(strides), bool(), {}):
                fits = len(shape) == len(strides) <= 32
                if fits and all(map(_natural, (offset, *shape, *strides))):
                    return _Tensor(storage, offset, shape, strides)
    raise ConversionError(
        f"The file calls {_short(function)} with arguments {_short(arguments)}, which no plain "
        "tensor needs. Save only model.state_dict()."
    )


class _Machine:
    """Runs the opcodes of one pickle; see `pickletools` for what each means."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, stream: io.BytesIO) -> Any:
        for opcode, argument, _ in pickletools.genops(stream):
            name = opcode.name
            if name in _VALUES:
                self.stack.append(_VALUES[name](argument))
            elif name in _ACTIONS:
                _ACTIONS[name](self, argument)
            elif name == "STOP":
                break
            elif name != "PROTO":
                raise ConversionError(
                    f"The file uses the pickle operation {name}, which a state dict does not need."
                )
        (result,) = self.stack
        return result

    def pop_to_mark(self) -> list[Any]:
        items = []
        while not isinstance(item := self.stack.pop(), _Mark):
            items.append(item)
        return items[::-1]

    def tuple_of(self, count: int) -> None:
        items = tuple(self.stack[len(self.stack) - count :])
        if len(items) != count:
            raise IndexError("the stack is too short")
        del self.stack[len(self.stack) - count :]
        self.stack.append(items)

    def set_items(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict):
            raise TypeError("items are set on something that is no dict")
        if not all(isinstance(key, str) for key in items[::2]):
            raise TypeError("a dict has a key that is no text")
        target.update(zip(items[::2], items[1::2], strict=True))

    def extend(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, list):
            raise TypeError("items are appended to something that is no list")
        target.extend(items)

    def reduce(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        self.stack.append(_call(function, arguments))

    def build(self) -> None:
        # torch hangs version numbers on the OrderedDict here (`_metadata`); they are not needed.
        state = self.stack.pop()
        if not (isinstance(state, dict) and isinstance(self.stack[-1], dict)):
            raise ConversionError("The file sets the state of something that is no dict.")


def _set_item(machine: _Machine) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    machine.set_items([key, value])


def _memorise(machine: _Machine, index: Any) -> None:
    machine.memo[index] = machine.stack[-1]


def _recall(machine: _Machine, index: Any) -> None:
    machine.stack.append(machine.memo[index])


_VALUES: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(
        ("BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE", "SHORT_BINUNICODE"),
        lambda argument: argument,
    ),
    "NONE": lambda _: None,
    "NEWTRUE": lambda _: True,
    "NEWFALSE": lambda _: False,
    "EMPTY_DICT": lambda _: {},
    "EMPTY_LIST": lambda _: [],
    "EMPTY_TUPLE": lambda _: (),
    "MARK": lambda _: _Mark(),
    "GLOBAL": _name,
}

_ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "BINPUT": _memorise,
    "LONG_BINPUT": _memorise,
    "BINGET": _recall,
    "LONG_BINGET": _recall,
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.pop_to_mark())),
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "SETITEM": lambda machine, _: _set_item(machine),
    "SETITEMS": lambda machine, _: machine.set_items(machine.pop_to_mark()),
    "APPEND": lambda machine, _: machine.extend([machine.stack.pop()]),
    "APPENDS": lambda machine, _: machine.extend(machine.pop_to_mark()),
    "REDUCE": lambda machine, _: machine.reduce(),
    "BINPERSID": lambda machine, _: machine.stack.append(_storage(machine.stack.pop())),
    "BUILD": lambda machine, _: machine.build(),
}


def _unpickle(stream: io.BytesIO, what: str) -> Any:
    try:
        return _Machine().run(stream)
    except (ValueError, KeyError, IndexError, TypeError, struct.error) as error:
        raise ConversionError(f"The {what} is damaged: {error}.") from error


def _values(stream: io.BytesIO, content: bytes, storage: _Storage) -> NDArray[Any]:
    """The run of values at the stream's position, which moves behind it."""
    start = stream.tell() + 8
    if start > len(content):
        raise ConversionError(f"The file ends before the values of storage {storage.key!r}.")
    (count,) = struct.unpack_from("<q", content, start - 8)
    if count != storage.count:
        raise ConversionError(
            f"Storage {storage.key!r} holds {count} values, but {storage.count} were announced."
        )
    end = start + count * storage.dtype.itemsize
    if end > len(content):
        raise ConversionError(
            f"Storage {storage.key!r} needs {end - start} bytes, but {len(content) - start} are "
            "left: the file is truncated."
        )
    stream.seek(end)
    return np.frombuffer(content, storage.dtype, count, start)


def _view(name: str, tensor: _Tensor, values: NDArray[Any]) -> NDArray[Any]:
    """The tensor as a read-only view of its storage, once it is known to lie inside it."""
    size = math.prod(tensor.shape)
    strides = [step if n > 1 else 0 for n, step in zip(tensor.shape, tensor.strides, strict=True)]
    reach = sum((n - 1) * step for n, step in zip(tensor.shape, strides, strict=True))
    # A view larger than its storage repeats values; copying it could take any amount of memory.
    if not 0 < size <= len(values) or tensor.offset + reach >= len(values):
        raise ConversionError(
            f"Tensor {name!r} of shape {tensor.shape}, strides {tensor.strides}, offset "
            f"{tensor.offset} does not fit its storage of {len(values)} values."
        )
    return np.lib.stride_tricks.as_strided(
        values[tensor.offset :],
        tensor.shape,
        [step * values.itemsize for step in strides],
        writeable=False,
    )


def read_state_dict(path: str | Path) -> dict[str, NDArray[Any]]:
    """Read a state dict that ``torch.save`` wrote before PyTorch 1.6, or in its old format.

    Args:
        path: The ``.pth`` or ``.pt`` file; at most 2 GiB.

    Returns:
        Name -> read-only array, in the order of the file, in the type that it was saved in
        (float16/32/64, integers or bool).

    Raises:
        ConversionError: The file is no such file, is damaged, or holds anything but dense tensors.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConversionError(
                f"{path.name} has {path.stat().st_size} bytes; at most {MAX_BYTES} are read."
            )
        content = path.read_bytes()
    except OSError as error:
        raise ConversionError(f"Cannot read {path}: {error.strerror}.") from error
    if content.startswith(b"PK"):
        raise ConversionError(
            f"{path.name} is in PyTorch's newer zip format. Save it again with "
            "torch.save(model.state_dict(), path, _use_new_zipfile_serialization=False)."
        )

    stream = io.BytesIO(content)
    header = [_unpickle(stream, f"header of {path.name}") for _ in range(3)]
    match header:
        case [magic, protocol, {"little_endian": True}] if (magic, protocol) == (MAGIC, PROTOCOL):
            pass
        case _:
            raise ConversionError(
                f"{path.name} is not a PyTorch file of protocol {PROTOCOL} from a little-endian "
                "machine."
            )
    state = _unpickle(stream, f"state dict of {path.name}")
    keys = _unpickle(stream, f"storage list of {path.name}")
    tensors = _checked_tensors(state)
    storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    if not _texts(keys) or sorted(keys) != sorted(storages):
        raise ConversionError(f"The storages of {path.name} are not those that its tensors need.")
    values = {key: _values(stream, content, storages[key]) for key in keys}
    return {name: _view(name, t, values[t.storage.key]) for name, t in tensors.items()}


def _texts(keys: Any) -> bool:
    return isinstance(keys, list) and all(isinstance(key, str) for key in keys)


def _checked_tensors(state: Any) -> dict[str, _Tensor]:
    if not isinstance(state, dict) or not state:
        raise ConversionError(
            f"The file holds a {type(state).__name__}, not a state dict with tensors. Save "
            "model.state_dict()."
        )
    storages: dict[str, _Storage] = {}
    for name, tensor in state.items():
        if not isinstance(name, str) or not isinstance(tensor, _Tensor):
            raise ConversionError(
                f"Entry {name!r} is a {type(tensor).__name__}, not a tensor. Save only "
                "model.state_dict()."
            )
        if storages.setdefault(tensor.storage.key, tensor.storage) != tensor.storage:
            raise ConversionError(f"Storage {tensor.storage.key!r} is described in two ways.")
    return state
