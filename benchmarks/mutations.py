"""Seeded ways to damage a file: at random, and with knowledge of JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

Random = np.random.Generator


def flip_bits(content: bytes, random: Random) -> bytes:
    """Change 1 to 8 single bits."""
    damaged = bytearray(content)
    for _ in range(int(random.integers(1, 9))):
        damaged[int(random.integers(len(damaged)))] ^= 1 << int(random.integers(8))
    return bytes(damaged)


def overwrite(content: bytes, random: Random) -> bytes:
    """Overwrite a run of up to 64 bytes with noise, zeros or ones."""
    start = int(random.integers(len(content)))
    length = int(random.integers(1, 65))
    fill = [random.bytes(length), bytes(length), b"\xff" * length][int(random.integers(3))]
    return (content[:start] + fill + content[start + length :])[: len(content)]


def write_number(content: bytes, random: Random) -> bytes:
    """Overwrite an aligned 32-bit word with a number that parsers trip over."""
    numbers = [0, 1, -1, 2**31 - 1, -(2**31), 2**16, 2**24, len(content), len(content) * 2]
    start = int(random.integers(max(len(content) // 4, 1))) * 4
    word = int(random.choice(numbers)).to_bytes(4, "little", signed=True)
    return content[:start] + word + content[start + 4 :]


def truncate(content: bytes, random: Random) -> bytes:
    """Keep a part from the start."""
    return content[: int(random.integers(len(content)))]


def splice(content: bytes, random: Random) -> bytes:
    """Cut a run out, or put it in twice."""
    start, stop = sorted(int(place) for place in random.integers(0, len(content), 2))
    stop = min(stop, start + 4096)
    if random.random() < 0.5:
        return content[:start] + content[stop:]
    return content[:stop] + content[start:stop] + content[stop:]


BINARY: tuple[Callable[[bytes, Random], bytes], ...] = (
    flip_bits,
    overwrite,
    write_number,
    truncate,
    splice,
)

_STRANGE: tuple[Any, ...] = (
    *(None, True, -1, 0, 1e308, 2**63),
    *("", "..", "../../etc/passwd", "\u0000", "x" * 5000),
    *([], {}, [[]]),
)


def damage_json(content: bytes, random: Random) -> bytes:
    """Replace, delete or add one value somewhere in a JSON document."""
    document = json.loads(content)
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in pairs:
            places.append((node, key))
            if isinstance(value, dict | list):
                walk(value)

    walk(document)
    parent, key = places[int(random.integers(len(places)))]
    action = random.random()
    strange = _STRANGE[int(random.integers(len(_STRANGE)))]
    if action < 0.2:
        del parent[key]
    elif action < 0.3 and isinstance(parent, dict):
        parent["surprise"] = strange
    elif action < 0.5 and isinstance(parent[key], int | float):
        parent[key] = type(parent[key])(parent[key] * random.choice([-1, 2, 1000, 0]))
    else:
        parent[key] = strange
    return json.dumps(document).encode()


def damage(content: bytes, random: Random) -> bytes:
    """One to three random binary mutations."""
    for _ in range(int(random.integers(1, 4))):
        if len(content) > 8:
            content = BINARY[int(random.integers(len(BINARY)))](content, random)
    return content
