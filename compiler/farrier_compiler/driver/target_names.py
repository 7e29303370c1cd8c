"""Tables of the CPU and GPU models that IREE 3.13 compiles for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Cpu:
    """A CPU: LLVM's names for its architecture and its model."""

    architecture: str
    llvm: str


_X86_64 = """
    x86-64 x86-64-v2 x86-64-v3 x86-64-v4
    nocona core2 penryn bonnell atom silvermont slm goldmont goldmont-plus tremont nehalem corei7
    westmere sandybridge corei7-avx ivybridge core-avx-i haswell core-avx2 broadwell skylake
    skylake-avx512 skx cascadelake cooperlake cannonlake icelake-client rocketlake icelake-server
    tigerlake sapphirerapids alderlake raptorlake meteorlake arrowlake arrowlake-s lunarlake
    gracemont pantherlake wildcatlake novalake sierraforest grandridge graniterapids
    graniterapids-d emeraldrapids clearwaterforest diamondrapids knl knm
    k8 athlon64 athlon-fx opteron k8-sse3 athlon64-sse3 opteron-sse3 amdfam10 barcelona btver1
    btver2 bdver1 bdver2 bdver3 bdver4 znver1 znver2 znver3 znver4 znver5 znver6
    c86-4g-m4 c86-4g-m6 c86-4g-m7 c86-4g-m8
"""
_AARCH64 = """
    neoverse-n1 neoverse-n2 neoverse-n3 neoverse-v1 neoverse-v2 neoverse-v3 neoverse-v3ae
    neoverse-e1 neoverse-512tvb grace gb10 cobalt-100 a64fx
    apple-a7 apple-a8 apple-a9 apple-a10 apple-a11 apple-a12 apple-a13 apple-a14 apple-a15
    apple-a16 apple-a17 apple-a18 apple-a19 apple-m1 apple-m2 apple-m3 apple-m4 apple-m5
    apple-s4 apple-s5 apple-s6 apple-s7 apple-s8 apple-s9 apple-s10 cyclone
    ampere1 ampere1a ampere1b ampere1c armagicpu c1-nano c1-premium c1-pro c1-ultra c2-pro c2-ultra
    carmel cortex-a34 cortex-a35 cortex-a53 cortex-a55 cortex-a57 cortex-a65 cortex-a65ae
    cortex-a72 cortex-a73 cortex-a75 cortex-a76 cortex-a76ae cortex-a77 cortex-a78 cortex-a78ae
    cortex-a78c cortex-a320 cortex-a510 cortex-a520 cortex-a520ae cortex-a710 cortex-a715
    cortex-a720 cortex-a720ae cortex-a725 cortex-r82 cortex-r82ae cortex-x1 cortex-x1c cortex-x2
    cortex-x3 cortex-x4 cortex-x925 exynos-m3 exynos-m4 exynos-m5 falkor fujitsu-monaka hip12 kryo
    olympus oryon-1 rigel saphira thunderx thunderx2t99 thunderx3t110 thunderxt81 thunderxt83
    thunderxt88 tsv110
"""
# RISC-V CPUs without floating-point instructions are left out: IREE cannot link for them.
_RISCV64 = """
    an-erbium andes-ax25 andes-ax45 andes-ax45mpv andes-nx45 et-soc1 gaisler-gr765
    mips-p8700 sifive-p450 sifive-p470 sifive-p550 sifive-p670 sifive-p870-d
    sifive-s54 sifive-s76 sifive-u54 sifive-u74 sifive-x180 sifive-x280
    sifive-x390 spacemit-a100 spacemit-x60 spacemit-x100 syntacore-scr4-rv64
    syntacore-scr5-rv64 syntacore-scr7 tt-ascalon-x tt-ascalon-xg xiangshan-kunminghu
    xiangshan-nanhu xt-c910v2 xt-c920v2
"""


def _cpus() -> dict[str, Cpu]:
    # LLVM calls the oldest Arm CPU "generic", which says too little here.
    cpus = {"aarch64": Cpu("aarch64", "generic")}
    for architecture, names in (("x86_64", _X86_64), ("aarch64", _AARCH64), ("riscv64", _RISCV64)):
        cpus |= {name: Cpu(architecture, name) for name in names.split()}
    return cpus


CPUS: Mapping[str, Cpu] = MappingProxyType(_cpus())


def cpu_descriptions() -> dict[str, str]:
    """Return the names of the CPUs with descriptions."""
    special = {
        "x86-64": "any 64-bit x86 CPU",
        "x86-64-v2": "64-bit x86 CPUs with SSE4.2, from 2009 on",
        "x86-64-v3": "64-bit x86 CPUs with AVX2, from 2013 on",
        "x86-64-v4": "64-bit x86 CPUs with AVX-512, from 2017 on",
        "aarch64": "any 64-bit Arm CPU",
    }
    return special | {
        name: f"{cpu.architecture} CPU" for name, cpu in CPUS.items() if name not in special
    }


@dataclass(frozen=True)
class Gpu:
    """The properties of an NVIDIA GPU that the compiler needs.

    Attributes:
        architecture: the name of the PTX target.
        ptx: the PTX version, times ten; it determines how new the driver must be.
        shared_memory: the most bytes of shared memory that a block can have.
    """

    architecture: str
    ptx: int
    shared_memory: int

    @property
    def generation(self) -> int:
        """The compute capability times ten."""
        return int(self.architecture.removeprefix("sm_").rstrip("a"))

    @property
    def matrix_instructions(self) -> tuple[str, ...]:
        """The tensor-core instructions that IREE uses on it."""
        names: list[str] = []
        # IREE's own table lists these from sm_70 on, where they abort the compiler.
        if self.generation >= 80:
            names += ["MMA_SYNC_F32_16x8x16_F16", "MMA_SYNC_F16_16x8x16_F16"]
            names += ["MMA_SYNC_F32_16x8x16_BF16"]
        if self.generation >= 89:
            names += ["MMA_SYNC_F32_16x8x32_F8E4M3FN", "MMA_SYNC_F32_16x8x32_F8E5M2"]
        if self.generation >= 70:
            names += ["WMMA_F32_16x16x16_F16", "WMMA_F16_16x16x16_F16"]
        return tuple(names)


_KIB = 1024

CUDA: Mapping[str, Gpu] = MappingProxyType(
    {
        gpu.architecture: gpu
        for gpu in (
            Gpu("sm_60", 76, 48 * _KIB),
            Gpu("sm_61", 76, 48 * _KIB),
            Gpu("sm_62", 76, 48 * _KIB),
            Gpu("sm_70", 76, 96 * _KIB),
            Gpu("sm_72", 76, 96 * _KIB),
            Gpu("sm_75", 76, 64 * _KIB),
            Gpu("sm_80", 76, 163 * _KIB),
            Gpu("sm_86", 76, 99 * _KIB),
            Gpu("sm_87", 76, 163 * _KIB),
            Gpu("sm_89", 84, 99 * _KIB),
            Gpu("sm_90", 84, 227 * _KIB),
            Gpu("sm_90a", 84, 227 * _KIB),
            Gpu("sm_100", 86, 227 * _KIB),
            Gpu("sm_103", 88, 227 * _KIB),
            Gpu("sm_120", 87, 99 * _KIB),
            Gpu("sm_121", 88, 99 * _KIB),
        )
    }
)

# PTX that every GPU from Ampere on can run, hence with the least shared memory among them.
PORTABLE_CUDA = Gpu("sm_80", 76, 99 * _KIB)

_CUDA_NAMES = {
    "sm_60": "Pascal: P100",
    "sm_61": "Pascal: GTX 10, P40",
    "sm_62": "Pascal: Jetson TX2",
    "sm_70": "Volta: V100",
    "sm_72": "Volta: Jetson Xavier",
    "sm_75": "Turing: RTX 20, T4",
    "sm_80": "Ampere: A100, A30",
    "sm_86": "Ampere: RTX 30, A10, A40",
    "sm_87": "Ampere: Jetson Orin",
    "sm_89": "Ada: RTX 40, L4, L40",
    "sm_90": "Hopper: H100, H200",
    "sm_90a": "Hopper: H100, H200, and no other",
    "sm_100": "Blackwell: B100, B200",
    "sm_103": "Blackwell: B300",
    "sm_120": "Blackwell: RTX 50",
    "sm_121": "Blackwell: GB10",
}


def cuda_descriptions() -> dict[str, str]:
    """Return the names of the NVIDIA GPUs with descriptions."""
    return {name: f"NVIDIA {_CUDA_NAMES[name]}" for name in CUDA}


ROCM: Mapping[str, str] = MappingProxyType(
    {
        "gfx908": "AMD Instinct MI100",
        "gfx90a": "AMD Instinct MI200",
        "gfx942": "AMD Instinct MI300",
        "gfx950": "AMD Instinct MI350",
        "gfx1100": "AMD Radeon RX 7900",
        "gfx1101": "AMD Radeon RX 7800",
        "gfx1103": "AMD Radeon 780M",
        "gfx1150": "AMD Radeon 890M",
        "gfx1151": "AMD Radeon 8060S",
        "gfx1200": "AMD Radeon RX 9060",
        "gfx1201": "AMD Radeon RX 9070",
        "gfx1250": "AMD gfx1250",
    }
)

# The others that IREE lists fail to compile, or crash the compiler ("hopper").
VULKAN: Mapping[str, str] = MappingProxyType(
    {
        "pascal": "NVIDIA Pascal",
        "volta": "NVIDIA Volta",
        "turing": "NVIDIA Turing",
        "ampere": "NVIDIA Ampere",
        "ada": "NVIDIA Ada",
        "rdna1": "AMD RDNA 1",
        "rdna2": "AMD RDNA 2",
        "rdna3": "AMD RDNA 3",
        "rdna4": "AMD RDNA 4",
        "valhall1": "Arm Mali, Valhall 1",
        "valhall2": "Arm Mali, Valhall 2",
        "valhall3": "Arm Mali, Valhall 3",
        "valhall4": "Arm Mali, Valhall 4",
        "adreno": "Qualcomm Adreno",
    }
)
