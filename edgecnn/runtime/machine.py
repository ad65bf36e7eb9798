"""Facts about the machine that decide which variant of a model is fast on it."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from edgecnn.runtime.threads import available_cores


@dataclass(frozen=True, slots=True)
class Machine:
    """What a machine is.

    Attributes:
        arch: ``x86`` (64-bit), ``arm64``, or what the platform calls itself.
        cpu: Name of the processor.
        cores: Physical cores that this process may use.
        features: Instruction sets that matter to quantized and bfloat16 networks.
    """

    arch: str
    cpu: str
    cores: int
    features: frozenset[str]

    @property
    def kind(self) -> str:
        """Class of machine that relative speeds carry over to: ``x86-vnni``, ``x86``, ``arm64``."""
        if self.arch == "x86":
            return "x86-vnni" if "vnni" in self.features else "x86"
        return self.arch

    @property
    def key(self) -> str:
        """Short identifier under which measurements of this machine are kept."""
        text = "|".join([self.arch, self.cpu, str(self.cores), *sorted(self.features)])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


_FLAGS = {
    "avx2": "avx2",
    "avx512f": "avx512",
    "avx512_vnni": "vnni",
    "avx_vnni": "vnni",
    "amx_int8": "amx",
    "amx_bf16": "bf16",
    "avx512_bf16": "bf16",
    "asimddp": "dotprod",
    "i8mm": "i8mm",
    "bf16": "bf16",
}


@lru_cache(maxsize=1)
def this_machine() -> Machine:
    """The machine this program runs on."""
    raw = platform.machine().lower()
    arch = {"x86_64": "x86", "amd64": "x86", "aarch64": "arm64"}.get(raw, raw)
    cpu, flags = _cpu_info()
    features = frozenset(_FLAGS[flag] for flag in flags if flag in _FLAGS)
    return Machine(arch, cpu or platform.processor() or raw, available_cores(), features)


def _cpu_info() -> tuple[str, frozenset[str]]:
    """Name and flags from ``/proc/cpuinfo``; empty where there is none."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "", frozenset()
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        fields.setdefault(key.strip().lower(), value.strip())
    name = fields.get("model name") or fields.get("model") or _arm_part(fields)
    flags = fields.get("flags") or fields.get("features") or ""
    return name, frozenset(flags.split())


def _arm_part(fields: dict[str, str]) -> str:
    parts = {"0xd03": "Cortex-A53", "0xd08": "Cortex-A72", "0xd0b": "Cortex-A76"}
    part = fields.get("cpu part", "").lower()
    return parts.get(part, f"Arm part {part}" if part else "")
