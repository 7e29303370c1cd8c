"""CPU models as the compiler sees them: required features and fingerprints."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from farrier_compiler.driver import compiler_process
from farrier_compiler.driver.targets import Target
from farrier_runtime.cpu_features import host_features


@dataclass(frozen=True)
class CpuModel:
    """A CPU as the compiler sees it: LLVM's names for its model, architecture and features."""

    name: str
    architecture: str
    features: tuple[str, ...]


def cpu_model(target: Target) -> CpuModel:
    """Return the CPU that a target's code needs.

    Args:
        target: one of kind "cpu".

    Example:
        >>> cpu_model(Target.parse("cpu:x86-64-v3")).architecture
        'x86_64'
    """
    if target not in _models:
        (reply,) = compiler_process.replies({"task": "device", "target": str(target)})
        learn(target, reply["device"])
    return _models[target]


_models: dict[Target, CpuModel] = {}


def learn(target: Target, text: str) -> None:
    """Record the CPU of a target from its `#hal.device.target` attribute."""
    if target.kind != "cpu":
        return
    texts = dict(re.findall(r'(cpu|cpu_features|target_triple) = "([^"]*)"', text))
    architecture = str(texts["target_triple"]).partition("-")[0]
    _models[target] = CpuModel(
        texts.get("cpu", ""),
        {"arm64": "aarch64"}.get(architecture) or architecture,
        _enabled(texts.get("cpu_features", "")),
    )


def vnni_lanes(targets: Sequence[Target]) -> int | None:
    """Return how many columns of an int8 matmul one VNNI instruction computes.

    Args:
        targets: what to compile for; on Linux, finding out about this machine's CPU needs no
            compiler.

    Returns:
        16 with AVX-512 VNNI, 8 with AVX-VNNI; None without VNNI, or for other than one CPU.

    Example:
        >>> vnni_lanes([Target.parse("cpu:cascadelake")])
        16
    """
    if [target.kind for target in targets] != ["cpu"]:
        return None
    here = host_features() if targets[0] == Target("cpu") else None
    features = cpu_model(targets[0]).features if here is None else here
    return 16 if "avx512vnni" in features else 8 if "avxvnni" in features else None


def _enabled(features: str) -> tuple[str, ...]:
    """Return the enabled features; the last sign counts: the host's follow its model's."""
    signs = {feature[1:]: feature[0] for feature in features.split(",") if feature}
    return tuple(sorted(name for name, sign in signs.items() if sign == "+"))


def full_name(target: Target) -> str:
    """Return a target's text as artifacts record it, with the model of this machine's CPU."""
    if target != Target("cpu"):
        return str(target)
    name = cpu_model(target).name
    return f"cpu:{name}" if name else "cpu"


_CPUINFO = Path("/proc/cpuinfo")


def fingerprint(target: Target) -> str:
    """Return a text that differs where a target's code would; on Linux, this needs no compiler."""
    if target != Target("cpu"):
        return str(target)
    with contextlib.suppress(OSError):
        lines = _CPUINFO.read_text().partition("\n\n")[0].splitlines()
        kept = [line for line in lines if line.partition(":")[0].strip() in _IDENTITY]
        return "cpu " + "\n".join(kept)
    return f"cpu {cpu_model(target)}"


# The lines of /proc/cpuinfo that identify a CPU; others change while a machine runs.
_IDENTITY = frozenset(
    {"vendor_id", "cpu family", "model", "stepping", "flags"}
    | {"CPU implementer", "CPU architecture", "CPU variant", "CPU part", "Features"}
    | {"isa", "uarch", "mvendorid", "marchid"}
)
