"""CPU features of this machine, by LLVM's names, and their check against an artifact's needs."""

from __future__ import annotations

import functools
import platform
from pathlib import Path

from farrier_runtime.errors import DeviceError
from farrier_runtime.manifest import CpuRequirements

# LLVM's names by Linux's, for the instructions that compilers use in numeric code. Others (cache
# control, protection keys, ...) are not checked, because virtual machines hide them from Linux.
_X86_64 = {
    "abm": "lzcnt",
    "adx": "adx",
    "aes": "aes",
    "amx_bf16": "amx-bf16",
    "amx_complex": "amx-complex",
    "amx_fp16": "amx-fp16",
    "amx_int8": "amx-int8",
    "amx_tile": "amx-tile",
    "avx": "avx",
    "avx2": "avx2",
    "avx512_bf16": "avx512bf16",
    "avx512_bitalg": "avx512bitalg",
    "avx512_fp16": "avx512fp16",
    "avx512_vbmi2": "avx512vbmi2",
    "avx512_vnni": "avx512vnni",
    "avx512_vp2intersect": "avx512vp2intersect",
    "avx512_vpopcntdq": "avx512vpopcntdq",
    "avx512bw": "avx512bw",
    "avx512cd": "avx512cd",
    "avx512dq": "avx512dq",
    "avx512f": "avx512f",
    "avx512ifma": "avx512ifma",
    "avx512vbmi": "avx512vbmi",
    "avx512vl": "avx512vl",
    "avx_ifma": "avxifma",
    "avx_ne_convert": "avxneconvert",
    "avx_vnni": "avxvnni",
    "avx_vnni_int8": "avxvnniint8",
    "avx_vnni_int16": "avxvnniint16",
    "bmi1": "bmi",
    "bmi2": "bmi2",
    "cx16": "cx16",
    "f16c": "f16c",
    "fma": "fma",
    "fma4": "fma4",
    "gfni": "gfni",
    "movbe": "movbe",
    "pclmulqdq": "pclmul",
    "pni": "sse3",
    "popcnt": "popcnt",
    "sha_ni": "sha",
    "sse": "sse",
    "sse2": "sse2",
    "sse4_1": "sse4.1",
    "sse4_2": "sse4.2",
    "sse4a": "sse4a",
    "ssse3": "ssse3",
    "tbm": "tbm",
    "vaes": "vaes",
    "vpclmulqdq": "vpclmulqdq",
    "xop": "xop",
}
_AARCH64 = {
    "aes": "aes",
    "asimd": "neon",
    "asimddp": "dotprod",
    "asimdfhm": "fp16fml",
    "asimdhp": "fullfp16",
    "asimdrdm": "rdm",
    "atomics": "lse",
    "bf16": "bf16",
    "crc32": "crc",
    "fcma": "complxnum",
    "fp": "fp-armv8",
    "frint": "fptoint",
    "i8mm": "i8mm",
    "jscvt": "jsconv",
    "lrcpc": "rcpc",
    "sha2": "sha2",
    "sha3": "sha3",
    "sha512": "sha3",
    "sm4": "sm4",
    "sme": "sme",
    "sme2": "sme2",
    "sve": "sve",
    "sve2": "sve2",
}
_NAMES = {"x86_64": _X86_64, "aarch64": _AARCH64}
_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}
_CPUINFO = Path("/proc/cpuinfo")


def host_architecture() -> str:
    """Return LLVM's name for this machine's CPU architecture, or else the system's name."""
    machine = platform.machine().lower()
    return _ARCHITECTURES.get(machine, machine)


@functools.cache
def host_features() -> frozenset[str] | None:
    """Return the LLVM features of this machine's CPU; None if it is unknown or not on Linux."""
    try:
        text = _CPUINFO.read_text()
    except OSError:
        return None
    return parse_cpuinfo(text, host_architecture())


def parse_cpuinfo(text: str, architecture: str) -> frozenset[str] | None:
    """Translate the flags in `/proc/cpuinfo` to LLVM feature names.

    Args:
        text: the file's contents.
        architecture: `"x86_64"` or `"aarch64"`.

    Returns:
        LLVM feature names; None for other architectures, or if the file has no flags.
    """
    names = _NAMES.get(architecture)
    for line in text.splitlines():
        key, _, flags = line.partition(":")
        if names and key.strip() in {"flags", "Features"}:
            return frozenset(names[flag] for flag in flags.split() if flag in names)
    return None


def check(required: CpuRequirements) -> None:
    """Refuse code that this machine's CPU cannot run.

    Features that this file does not list are not checked; where the CPU's features are unknown,
    only the architecture is.

    Args:
        required: the requirements of the code.

    Raises:
        DeviceError: the CPU does not meet them; the text says what is missing and what to do.

    Example:
        >>> check(CpuRequirements(host_architecture(), ()))
    """
    architecture, features = host_architecture(), host_features()
    if required.architecture != architecture:
        raise DeviceError(
            f"the code is for {required.architecture} CPUs, but this machine's is {architecture}. "
            f"Compile for this one, for example on it with target='cpu'"
        )
    checked = set(_NAMES.get(architecture, {}).values())
    missing = sorted(checked.intersection(required.features) - (features or checked))
    if missing:
        hint = (
            " Compile with target='cpu:x86-64-v3'" if architecture == "x86_64" else " Compile here"
        )
        raise DeviceError(
            f"the code needs CPU features that this machine lacks: {', '.join(missing)}.{hint}"
            f", or for an older CPU by its LLVM name"
        )
