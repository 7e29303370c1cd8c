"""Devices by name, and the devices of this machine."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

import farrier_runtime
from farrier_runtime import available_devices, cpu_features, device, session
from farrier_runtime.artifact import CpuRequirements
from farrier_runtime.cpu_features import host_architecture, host_features, parse_cpuinfo
from farrier_runtime.devices import (
    _gpu_is_here,  # pyright: ignore[reportPrivateUsage]
    check_available,
    count,
)
from farrier_runtime.errors import ArgumentError, DeviceError
from unit.runtime import modules

ABSENT = "CUDA driver library 'libcuda.so'/'nvcuda.dll' not available"


@pytest.fixture
def cuda_devices(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Stand in for the drivers: a list of CUDA devices, empty at first, and no others."""
    devices: list[Any] = []

    def query(driver: str) -> tuple[list[Any], str]:
        return (devices, "" if devices else ABSENT) if driver == "cuda" else ([], "no driver")

    monkeypatch.setattr(session, "query", query)
    count.cache_clear()
    _gpu_is_here.cache_clear()
    yield devices
    count.cache_clear()
    _gpu_is_here.cache_clear()


@pytest.mark.parametrize(
    ("name", "kind", "index"),
    [("cpu", "cpu", 0), ("cpu:0", "cpu", 0), ("cuda:1", "cuda", 1), ("vulkan", "vulkan", 0)],
)
def test_names(name: str, kind: str, index: int) -> None:
    named = device(name)
    assert (named.kind, named.index) == (kind, index)
    assert str(named) == f"{kind}:{index}"
    assert repr(named) == f"device('{kind}:{index}')"


def test_devices_compare_by_kind_and_index() -> None:
    assert device("cpu") == device("cpu:0")
    assert device("cuda:0") != device("cuda:1")
    assert device("cpu") != "cpu:0"
    assert len({device("cpu"), device("cpu:0"), device("cuda")}) == 2


@pytest.mark.parametrize(
    "name", [3, "cup", "", "cuda:", "cuda:x", "cuda:-1", "CPU", "cpu 0", "gpu0"]
)
def test_wrong_names(name: Any) -> None:
    with pytest.raises(ArgumentError) as caught:
        device(name)
    assert str(caught.value) == (
        f"{name!r} is not a device. Devices are cpu, cuda, metal, rocm, vulkan and gpu, with an "
        "index where there are several: cuda:1"
    )


def test_gpu_is_the_first_cuda_device(cuda_devices: list[Any]) -> None:
    cuda_devices.extend([{}, {}])
    assert device("gpu") == device("cuda:0")
    assert device("gpu:1") == device("cuda:1")
    assert available_devices() == [device("cpu"), device("cuda:0"), device("cuda:1")]


def test_gpu_without_a_gpu_is_the_cpu_and_one_log_line(
    cuda_devices: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "farrier"):
        assert [device("gpu"), device("gpu:3"), device("gpu")] == [device("cpu")] * 3
    assert caplog.messages == ["This machine has no CUDA device: gpu means cpu:0."]
    assert available_devices() == [device("cpu")]


def test_devices_that_are_not_here(cuda_devices: list[Any]) -> None:
    with pytest.raises(DeviceError) as caught:
        check_available(device("cuda"))
    assert str(caught.value) == f"this machine has no cuda device (IREE: {ABSENT}). It has cpu:0"
    cuda_devices.append({})
    count.cache_clear()
    check_available(device("cuda:0"))
    for name in ("cuda:1", "cpu:1"):
        with pytest.raises(DeviceError) as caught:
            check_available(device(name))
        assert str(caught.value) == f"{name} is not on this machine. It has cpu:0, cuda:0"


def test_loading_for_a_device_that_is_not_here(cuda_devices: list[Any]) -> None:
    source = modules.artifact(targets=("cuda:sm_80", "vulkan"))
    with pytest.raises(DeviceError) as caught:
        farrier_runtime.load(source)
    assert str(caught.value) == (
        "artifact in memory: it was compiled for cuda:sm_80, vulkan, but this machine has no cuda "
        f"device (IREE: {ABSENT}). It has cpu:0"
    )
    with pytest.raises(DeviceError) as caught:
        farrier_runtime.load(source, device="cpu")
    assert str(caught.value) == (
        "artifact in memory: there is no code for cpu:0: it was compiled for cuda:sm_80, vulkan. "
        "Compile with target='cpu' too"
    )


def test_the_default_device_is_the_first_that_is_here(cuda_devices: list[Any]) -> None:
    source = modules.artifact(targets=("cuda:sm_80", "cpu:host"))
    assert farrier_runtime.load(source, threads=1).device == device("cpu")
    assert farrier_runtime.load(source, device="gpu", threads=1).device == device("cpu")
    assert farrier_runtime.load(source, device=device("cpu"), threads=1).device == device("cpu")


X86 = """processor\t: 0
vendor_id\t: AuthenticAMD
flags\t\t: fpu sse sse2 pni ssse3 sse4_1 sse4_2 abm avx avx2 bmi1 fma avx512f avx512_vnni wbnoinvd

processor\t: 1
flags\t\t: fpu
"""
ARM = """processor\t: 0
BogoMIPS\t: 50.00
Features\t: fp asimd aes atomics fphp asimdhp asimddp i8mm bf16 sve
"""


def test_linux_flags_in_llvm_names() -> None:
    names = "sse sse2 sse3 ssse3 sse4.1 sse4.2 lzcnt avx avx2 bmi fma avx512f avx512vnni"
    assert parse_cpuinfo(X86, "x86_64") == frozenset(names.split())
    names = "fp-armv8 neon aes lse fullfp16 dotprod i8mm bf16 sve"
    assert parse_cpuinfo(ARM, "aarch64") == frozenset(names.split())


def test_unknown_processors() -> None:
    assert parse_cpuinfo(X86, "riscv64") is None
    assert parse_cpuinfo("processor\t: 0\n", "x86_64") is None


def test_this_machine_has_what_it_needs_itself() -> None:
    cpu_features.check(CpuRequirements(host_architecture(), tuple(host_features() or ())))


@pytest.fixture
def old_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for a CPU without AVX-512."""
    monkeypatch.setattr(cpu_features, "host_architecture", lambda: "x86_64")
    monkeypatch.setattr(cpu_features, "host_features", lambda: frozenset(["sse4.2", "avx2"]))


@pytest.mark.usefixtures("old_cpu")
def test_features_that_this_machine_lacks() -> None:
    needed = CpuRequirements("x86_64", ("avx2", "avx512f", "avx512bw", "prefer-256-bit"))
    with pytest.raises(DeviceError) as caught:
        farrier_runtime.load(modules.artifact(cpu=needed))
    assert str(caught.value) == (
        "artifact in memory: the code needs CPU features that this machine lacks: avx512bw, "
        "avx512f. Compile with target='cpu:x86-64-v3', or for an older CPU by its LLVM name"
    )


@pytest.mark.usefixtures("old_cpu")
def test_code_for_another_architecture() -> None:
    with pytest.raises(DeviceError) as caught:
        farrier_runtime.load(modules.artifact(cpu=CpuRequirements("aarch64", ())))
    assert str(caught.value) == (
        "artifact in memory: the code is for aarch64 CPUs, but this machine's is x86_64. Compile "
        "for this one, for example on it with target='cpu'"
    )


def test_unknown_machines_refuse_nothing(monkeypatch: pytest.MonkeyPatch, old_cpu: None) -> None:
    monkeypatch.setattr(cpu_features, "host_features", lambda: None)
    cpu_features.check(CpuRequirements("x86_64", ("avx512f",)))
