"""Building the fake driver, and running Python code in a process that loads it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("fake_cuda.c")


@dataclass(frozen=True)
class FakeCuda:
    """A folder with a libcuda.so that IREE's CUDA driver takes for the real one."""

    folder: Path

    def run(self, code: str, *arguments: str, devices: int = 1) -> tuple[str, list[str]]:
        """Run Python code in a new process; return what it prints and the driver's log."""
        log = self.folder / "log"
        log.write_text("")
        environment = {
            **os.environ,
            "LD_LIBRARY_PATH": str(self.folder),
            "FAKE_CUDA_LOG": str(log),
            "FAKE_CUDA_DEVICES": str(devices),
        }
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"exit status {done.returncode}:\n{done.stderr}"
        return done.stdout, log.read_text().splitlines()


def build(folder: Path) -> FakeCuda:
    """Compile the driver into a folder."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        raise RuntimeError(
            "The tests of the CUDA host path need a C compiler: install gcc, or set CC."
        )
    target = folder / "libcuda.so"
    flags = ["-shared", "-fPIC", "-Wall", "-Wno-unused-parameter", "-Werror", "-O1"]
    command = [*compiler.split(), *flags, "-o", str(target), str(SOURCE), "-ldl", "-lpthread"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return FakeCuda(folder)
