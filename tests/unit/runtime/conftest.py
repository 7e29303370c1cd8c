"""Artifacts and loaded functions shared by the runtime's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

import farrier_runtime
from unit.runtime import modules


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file with all of `modules.FUNCTIONS`."""
    file = tmp_path_factory.mktemp("artifact") / "net.vmfb"
    file.write_bytes(modules.artifact())
    return file


@pytest.fixture(scope="session", params=[1, None], ids=["one thread", "all cores"])
def net(path: Path, request: pytest.FixtureRequest) -> farrier_runtime.Executable:
    """Return the loaded functions, on each of IREE's CPU drivers."""
    return farrier_runtime.load(path, threads=request.param)


@pytest.fixture(scope="session")
def add(path: Path) -> farrier_runtime.Executable:
    """Return a loaded function of two inputs."""
    return farrier_runtime.load(path, threads=1)
