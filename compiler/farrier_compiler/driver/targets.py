"""Compilation targets: their names and the compiler flags that select them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from farrier_compiler.driver import target_names
from farrier_compiler.driver.target_names import CPUS, CUDA, PORTABLE_CUDA
from farrier_runtime.devices import DRIVERS, count
from farrier_runtime.errors import ArgumentError
from farrier_runtime.hints import near
from farrier_runtime.wording import shown

Layout = Literal["tiled", "compact"]


@dataclass(frozen=True)
class _Kind:
    """A kind of target, and the models that may follow its colon."""

    description: str
    names: Mapping[str, str]
    default: str | None  # the model where none is given; None: a model is needed


_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "cpu": _Kind("this machine's CPU", target_names.cpu_descriptions(), ""),
        "cuda": _Kind("NVIDIA GPUs from Ampere on", target_names.cuda_descriptions(), ""),
        "rocm": _Kind("AMD GPUs through HIP", target_names.ROCM, None),
        "vulkan": _Kind("any GPU with Vulkan", target_names.VULKAN, ""),
        "metal": _Kind("Apple GPUs", {}, ""),
    }
)


@dataclass(frozen=True)
class Target:
    """A device to compile for; make one with `parse` or `default`.

    Attributes:
        kind: "cpu", "cuda", "rocm", "vulkan" or "metal": the kind of device that runs it.
        name: the model of CPU or GPU; empty for this machine's CPU and for portable GPU code.

    Example:
        >>> str(Target.parse("cuda:sm_80"))
        'cuda:sm_80'
    """

    kind: str
    name: str = ""

    @staticmethod
    def parse(text: str) -> Target:
        """Return the target that a text names.

        Args:
            text: "cpu" (this machine's), "cpu:x86-64-v3", "cuda", "cuda:sm_90", ...

        Raises:
            ArgumentError: there is no such target; the text lists the targets.
        """
        kind, _, name = text.partition(":") if type(text) is str else ("", "", "")
        if kind not in _KINDS:
            raise ArgumentError(_unknown_kind(text))
        models = _KINDS[kind]
        if not name and text == kind and models.default is not None:
            return Target(kind, models.default)
        if name not in models.names:
            raise ArgumentError(_unknown_name(kind, name))
        return Target(kind, name)

    @staticmethod
    def default() -> Target:
        """Return the target for this machine: its CUDA device if it has one, else its CPU."""
        return Target("cuda" if count("cuda") else "cpu")

    @staticmethod
    def all_names() -> dict[str, str]:
        """Return every target's name with a description."""
        descriptions: dict[str, str] = {}
        for kind, models in _KINDS.items():
            if models.default is not None:
                descriptions[kind] = models.description
            descriptions |= {f"{kind}:{name}": text for name, text in models.names.items()}
        return descriptions

    @property
    def driver(self) -> str:
        """IREE's name for the driver that runs the program."""
        return DRIVERS[self.kind]

    def flags(self) -> tuple[str, ...]:
        """Return the session flags that select this target, and no others."""
        match self.kind:
            case "cpu":
                return _cpu_flags(self.name)
            case "cuda":
                return (f"--iree-hal-target-device={_cuda_device(self.name)}",)
            case "rocm":
                return ("--iree-hal-target-device=hip", f"--iree-rocm-target={self.name}")
            case "vulkan" if self.name:
                return ("--iree-hal-target-device=vulkan", f"--iree-vulkan-target={self.name}")
            case _:
                return (f"--iree-hal-target-device={self.kind}",)

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


def _unknown_kind(text: str) -> str:
    close = near(shown(text).strip("'"), Target.all_names(), count=3, cutoff=0.7)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    return (
        f"There is no target {shown(text)}.{hint} Targets are {', '.join(_KINDS)}, with a model "
        "after a colon: cpu:x86-64-v3, cuda:sm_80, rocm:gfx942, vulkan:rdna3. `farrier targets` "
        "lists all."
    )


def _unknown_name(kind: str, name: str) -> str:
    models = list(_KINDS[kind].names)
    if not models:
        return f"Target {kind} takes no model: write {kind}, not '{kind}:{name}'."
    close = near(name, models, count=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(f'{kind}:{match}' for match in close)}?" if close else ""
    problem = f"There is no target '{kind}:{name}'." if name else f"Target {kind} needs a model."
    return f"{problem}{hint} Models for {kind} are {', '.join(models)}."


def _cpu_flags(name: str) -> tuple[str, ...]:
    flags = (
        "--iree-hal-target-device=local",
        "--iree-hal-local-target-device-backends=llvm-cpu",
    )
    if not name:
        return (*flags, "--iree-llvmcpu-target-cpu=host")
    model = CPUS[name]
    return (
        *flags,
        f"--iree-llvmcpu-target-triple={model.architecture}-unknown-unknown-eabi-elf",
        f"--iree-llvmcpu-target-cpu={model.llvm}",
    )


def _cuda_device(name: str) -> str:
    """Return the whole target attribute: IREE lacks sm_90, sm_100 and the memory size of sm_86."""
    gpu = CUDA[name] if name else PORTABLE_CUDA
    dot = "dot = dp4xi8toi32, " if gpu.generation >= 75 else ""
    instructions = ", ".join(f"<NV_{name}>" for name in gpu.matrix_instructions)
    mma = f"mma = [{instructions}], " if instructions else ""
    return (
        '#hal.device.target<"cuda", [#hal.executable.target<"cuda", "cuda-nvptx-fb", '
        "{iree_codegen.target_info = #iree_gpu.target<"
        f'arch = "{gpu.architecture}", features = "+ptx{gpu.ptx}", wgp = <'
        "compute = fp64|fp32|fp16|int64|int32|int16|int8, storage = b64|b32|b16|b8, "
        f"subgroup = shuffle|arithmetic, {dot}{mma}subgroup_size_choices = [32], "
        "max_workgroup_sizes = [1024, 1024, 64], max_thread_count_per_workgroup = 1024, "
        f"max_workgroup_memory_bytes = {gpu.shared_memory}, "
        "max_workgroup_counts = [2147483647, 65535, 65535]>>}>]>"
    )


UNPACKED_ONCE = "--iree-opt-const-expr-max-size-increase-threshold=1099511627776"
"""The flag that unpacks int4 constants to bytes at load, however large they are."""


def flags_for(
    targets: Sequence[Target],
    device_attribute: Callable[[Sequence[str]], str],
    layout: Layout = "tiled",
    optimization_level: int = 3,
) -> tuple[str, ...]:
    """Return the flags that compile one artifact for targets; for one, all are session flags.

    Args:
        targets: the targets; the default comes first.
        device_attribute: returns the `#hal.device.target` attribute that session flags stand for.
        layout: "tiled" repacks matmul weights at load, for speed on CPUs; "compact" leaves them
            as they are.
        optimization_level: from 0 to 3; higher numbers mean 3.
    """
    # IREE 3.13 cannot compile data tiling for a CUDA device and a CPU in one module.
    tiled = layout == "tiled" and all(target.kind == "cpu" for target in targets)
    common = (
        f"--iree-opt-level=O{min(max(optimization_level, 0), 3)}",
        f"--iree-opt-data-tiling={str(tiled).lower()}",
        "--iree-opt-strip-assertions=false",  # O1 and higher would remove shape checks
        "--iree-opt-const-eval=false",  # it would widen quantised weights in the artifact
        "--iree-llvmcpu-stack-allocation-limit=131072",
        "--iree-input-demote-f64-to-f32=false",
    )
    if len(targets) == 1:
        return (*targets[0].flags(), *common)
    devices = ",".join(device_attribute((*target.flags(), *common)) for target in targets)
    # IREE 3.13 links each kind's kernels under one name and keeps the last: CPUs would find none.
    return (f"--iree-hal-target-device={devices}", "--iree-hal-link-executables=false", *common)


def check_kinds(targets: Sequence[Target]) -> None:
    """Refuse two targets of one kind: the runtime chooses an artifact's program by device kind.

    Raises:
        ArgumentError: there is no target, or two are of one kind.
    """
    if not targets:
        raise ArgumentError("No target is given: pass at least one, for example 'cpu'.")
    kinds = [target.kind for target in targets]
    for target in targets:
        if kinds.count(target.kind) > 1:
            same = " and ".join(str(other) for other in targets if other.kind == target.kind)
            raise ArgumentError(
                f"One artifact cannot hold programs for {same}: the runtime chooses by the kind of "
                f"device, and both are {target.kind}. Compile for the oldest of them, whose code "
                "newer ones run too, or make an artifact for each."
            )
