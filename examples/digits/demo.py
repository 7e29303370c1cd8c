"""Compile the digits network in float32 and int8, then read real handwriting with the files.

python examples/digits/demo.py
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from classify import load_test_split, to_input
from model import Net

import farrier as fr

HERE = Path(__file__).parent
BUILD = Path("build")
CPU_ARTIFACT = BUILD / "digits.vmfb"
INT8_ARTIFACT = BUILD / "digits-int8.vmfb"
CUDA_ARTIFACT = BUILD / "digits-cuda.vmfb"
ONE_DIGIT = BUILD / "digit.npy"

# None in sys.modules makes an import fail, so code after these lines cannot use the compiler.
RUNTIME_ALONE = """
import runpy, sys
sys.modules.update(dict.fromkeys(["farrier", "farrier_compiler", "iree.compiler"]))
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def quantize_net(net: Net) -> Net:
    """Return the network in int8, calibrated on 64 training images, and print the report."""
    with np.load(HERE / "calibration.npz") as data:
        quantized = fr.quantize_module(net, [data["x"]], scheme="int8")
    report = fr.quantization_report(quantized)
    print(f"\nIn int8, the weights take {report.ratio:.1%} of the bytes:\n\n{report}\n")
    return quantized


def compile_net(net: Net, target: str, path: Path) -> None:
    """Compile for one image per call, save the artifact, and print its time and size."""
    image = fr.InputInfo((1, 1, 8, 8), fr.float32)
    start = time.perf_counter()
    executable = fr.compile(net, args=[image], target=target, cache=False)  # a real compile time
    seconds = time.perf_counter() - start
    executable.save(path)
    size = path.stat().st_size / 1000
    print(f"compiled for {target:<10} in {seconds:.2f} s: {path} ({size:.0f} kB)")


def classify_with_runtime_alone() -> int:
    """Run classify.py where only farrier_runtime can be imported; return its exit status."""
    print("\nA new process, without farrier or the compiler, reads held-out scans:\n", flush=True)
    python = [sys.executable, "-X", "utf8", "-c", RUNTIME_ALONE]
    command = [*python, HERE / "classify.py", CPU_ARTIFACT, INT8_ARTIFACT]
    return subprocess.run(command, check=False).returncode


def print_gpu_command() -> None:
    """Write one scan as an input file, and print how to run the CUDA artifact with it."""
    images, _ = load_test_split()
    np.save(ONE_DIGIT, to_input(images[0]))
    farrier = os.path.relpath(Path(sys.executable).with_name("farrier"))
    print("\nOn a machine with an NVIDIA GPU (sm_80 or newer) this prints a scan's scores:")
    print(f"  {farrier} run {CUDA_ARTIFACT} --input x=@{ONE_DIGIT} --device cuda:0")


def main() -> int:
    """Compile for CPUs, for GPUs, and in int8; classify on the CPU; print the command for a GPU."""
    net = Net()
    net.load_weights(HERE / "digits.safetensors")
    BUILD.mkdir(exist_ok=True)
    compile_net(net, "cpu", CPU_ARTIFACT)
    compile_net(net, "cuda:sm_80", CUDA_ARTIFACT)
    compile_net(quantize_net(net), "cpu", INT8_ARTIFACT)
    status = classify_with_runtime_alone()
    if status == 0:
        print_gpu_command()
    return status


if __name__ == "__main__":
    sys.exit(main())
