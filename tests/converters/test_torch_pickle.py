"""The reader of old PyTorch files: right values, and nothing in a file can make it run code."""

from __future__ import annotations

import io
import pickle
import struct
import sys
import types
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converters.torch_pickle import MAGIC, PROTOCOL, read_state_dict
from edgecnn.errors import ConversionError

SYSTEM = {"protocol_version": PROTOCOL, "little_endian": True, "type_sizes": {"int": 4}}


class Storage:
    """Stands for a torch storage while a test file is written."""

    def __init__(self, key: str, values: np.ndarray, *, announced: int | None = None) -> None:
        self.key = key
        self.values = values
        self.announced = len(values) if announced is None else announced


class Tensor:
    """Stands for a torch tensor: pickles as a call of ``_rebuild_tensor_v2``."""

    def __init__(self, storage: Any, offset: Any, shape: Any, strides: Any) -> None:
        self.arguments = (storage, offset, shape, strides, False, OrderedDict())

    def __reduce__(self) -> tuple[Any, ...]:
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.arguments


@pytest.fixture
def write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Path]:
    """A writer of files in the old format, with stand-ins for the names of torch."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    torch._utils = utils
    for name in ("FloatStorage", "HalfStorage", "LongStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch", "__qualname__": name}))

    def rebuild() -> None: ...

    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    rebuild.__name__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = rebuild
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    types_of = {"f4": torch.FloatStorage, "f2": torch.HalfStorage, "i8": torch.LongStorage}

    class Pickler(pickle.Pickler):
        def persistent_id(self, item: Any) -> Any:
            if not isinstance(item, Storage):
                return None
            kind = types_of[item.values.dtype.str[1:]]
            return "storage", kind, item.key, "cpu", item.announced, None

    def write_file(
        state: Any,
        storages: list[Storage],
        *,
        magic: int = MAGIC,
        system: Any = SYSTEM,
        raw_state: bytes | None = None,
    ) -> Path:
        stream = io.BytesIO()
        for part in (magic, PROTOCOL, system):
            pickle.dump(part, stream, protocol=2)
        if raw_state is None:
            Pickler(stream, protocol=2).dump(state)
        else:
            stream.write(raw_state)
        pickle.dump([storage.key for storage in storages], stream, protocol=2)
        for storage in storages:
            stream.write(struct.pack("<q", len(storage.values)) + storage.values.tobytes())
        path = tmp_path / "weights.pth"
        path.write_bytes(stream.getvalue())
        return path

    return write_file


def floats(count: int) -> np.ndarray:
    return np.arange(count, dtype="<f4")


def test_dense_tensors_come_back_in_order(write: Callable[..., Path]) -> None:
    weight, steps = Storage("11", floats(12)), Storage("7", np.array([5], "<i8"))
    half = Storage("9", np.array([0.5, -2.0], "<f2"))
    state = OrderedDict(
        weight=Tensor(weight, 0, (2, 3, 2), (6, 2, 1)),
        steps=Tensor(steps, 0, (), ()),
        half=Tensor(half, 0, (2,), (1,)),
    )
    state._metadata = OrderedDict({"": {"version": 1}})
    read = read_state_dict(write(state, [steps, half, weight]))
    assert list(read) == ["weight", "steps", "half"]
    np.testing.assert_array_equal(read["weight"], floats(12).reshape(2, 3, 2))
    assert read["steps"].shape == ()
    assert int(read["steps"]) == 5
    np.testing.assert_array_equal(read["half"], np.array([0.5, -2.0], np.float16))


def test_views_of_one_storage_keep_offset_and_strides(write: Callable[..., Path]) -> None:
    shared = Storage("1", floats(10))
    state = {
        "transposed": Tensor(shared, 0, (2, 5), (1, 2)),
        "tail": Tensor(shared, 7, (3,), (1,)),
        "single": Tensor(shared, 9, (1, 1), (99999999999, 1)),
    }
    read = read_state_dict(write(state, [shared]))
    np.testing.assert_array_equal(read["transposed"], floats(10).reshape(5, 2).T)
    np.testing.assert_array_equal(read["tail"], [7, 8, 9])
    np.testing.assert_array_equal(read["single"], [[9]])


def test_arrays_cannot_be_written_to(write: Callable[..., Path]) -> None:
    storage = Storage("1", floats(4))
    read = read_state_dict(write({"a": Tensor(storage, 0, (4,), (1,))}, [storage]))
    with pytest.raises(ValueError, match="read-only"):
        read["a"][0] = 1


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (0, (5,), (1,)),
        (1, (4,), (1,)),
        (0, (2, 2), (3, 1)),
        (0, (1 << 40,), (0,)),
        (0, (0, 1 << 62, 1 << 62), (1, 1, 1)),
        (1 << 70, (1,), (1,)),
        (-1, (2,), (1,)),
        (0, (2,), (-1,)),
        (0, (2, 2), (1,)),
        (0.0, (2,), (1,)),
    ],
)
def test_tensors_outside_their_storage_are_refused(
    write: Callable[..., Path], offset: Any, shape: Any, strides: Any
) -> None:
    storage = Storage("1", floats(4))
    path = write({"a": Tensor(storage, offset, shape, strides)}, [storage])
    with pytest.raises(ConversionError):
        read_state_dict(path)


def test_code_in_a_file_is_refused_and_not_run(write: Callable[..., Path], tmp_path: Path) -> None:
    class Attack:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "owned",)

    payload = pickle.dumps({"weight": Attack()}, protocol=2)
    with pytest.raises(ConversionError, match="no part of a plain state dict"):
        read_state_dict(write(None, [], raw_state=payload))
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    "payload",
    [
        b"\x80\x02cos\nsystem\n(X\x04\x00\x00\x00trueq\x00tR.",
        b"\x80\x02cbuiltins\neval\n(X\x01\x00\x00\x001tR.",
        b"\x80\x02ctorch\nload\n.",
        b"\x80\x02ctorch._utils\n_rebuild_parameter\n.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
        b"\x80\x02(ios\nsystem\n.",
        b"\x80\x02ccollections\nOrderedDict\n)\x81.",
        b"\x80\x02\x82\x01.",
        b"\x80\x02ccollections\nOrderedDict\n(]tR.",
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.",
        b"\x80\x02K\x01Q.",
        b"\x80\x02}K\x01b.",
        b"\x80\x02K\x01}b.",
        b"\x80\x02]K\x01K\x02s.",
        b"\x80\x02}K\x01K\x02s.",
        b"\x80\x02}K\x01a.",
        b"\x80\x02K\x01\x86.",
        b"\x80\x02K\x01K\x02t.",
        b"\x80\x02h\x07.",
        b"\x80\x02R.",
        b"\x80\x02.",
        b"\x80\x02}",
        b"\x80\x02X\xff\xff\xff\xffaa.",
        b"\x80\x02}.",
        b"\x80\x02]K\x01a.",
        b"\x80\x02}X\x01\x00\x00\x00aK\x01s.",
    ],
)
def test_other_pickles_are_refused(write: Callable[..., Path], payload: bytes) -> None:
    with pytest.raises(ConversionError):
        read_state_dict(write(None, [], raw_state=payload))


def test_nested_shared_tuples_do_not_cost_exponential_time(write: Callable[..., Path]) -> None:
    # Forty pairs of pairs have 2**40 leaves for whoever prints, hashes or compares them.
    bomb = b"\x80\x02)" + b"".join(b"q%ch%ch%c\x86" % (i, i, i) for i in range(40)) + b"Q."
    with pytest.raises(ConversionError, match="got tuple"):
        read_state_dict(write(None, [], raw_state=bomb))


def test_a_storage_shorter_than_announced_is_refused(write: Callable[..., Path]) -> None:
    storage = Storage("1", floats(4), announced=5)
    path = write({"a": Tensor(storage, 0, (5,), (1,))}, [storage])
    with pytest.raises(ConversionError, match="holds 4 values, but 5 were announced"):
        read_state_dict(path)


def test_missing_storages_are_refused(write: Callable[..., Path]) -> None:
    storage = Storage("1", floats(4))
    with pytest.raises(ConversionError, match="storages"):
        read_state_dict(write({"a": Tensor(storage, 0, (4,), (1,))}, []))


def test_every_truncation_is_refused(write: Callable[..., Path]) -> None:
    storage = Storage("1", floats(6))
    path = write({"a": Tensor(storage, 0, (2, 3), (3, 1))}, [storage])
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ConversionError):
            read_state_dict(path)


def test_altered_bytes_never_raise_anything_else(write: Callable[..., Path]) -> None:
    storage = Storage("1", floats(6))
    path = write({"a": Tensor(storage, 0, (2, 3), (3, 1))}, [storage])
    content = path.read_bytes()
    random = np.random.default_rng(11)
    refused = 0
    for _ in range(400):
        altered = bytearray(content)
        for index in random.integers(0, len(content), 2):
            altered[index] = random.integers(256)
        path.write_bytes(altered)
        try:
            read_state_dict(path)
        except ConversionError:
            refused += 1
    assert refused > 200


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"magic": MAGIC + 1}, "not a PyTorch file"),
        ({"system": {**SYSTEM, "little_endian": False}}, "little-endian"),
        ({"system": []}, "not a PyTorch file"),
    ],
)
def test_other_files_are_named(
    write: Callable[..., Path], changes: dict[str, Any], message: str
) -> None:
    storage = Storage("1", floats(4))
    path = write({"a": Tensor(storage, 0, (4,), (1,))}, [storage], **changes)
    with pytest.raises(ConversionError, match=message):
        read_state_dict(path)


def test_the_newer_zip_format_is_named(tmp_path: Path) -> None:
    (tmp_path / "new.pth").write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(ConversionError, match="zip format"):
        read_state_dict(tmp_path / "new.pth")


def test_a_missing_file_is_a_conversion_error(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"Cannot read .*missing\.pth"):
        read_state_dict(tmp_path / "missing.pth")
