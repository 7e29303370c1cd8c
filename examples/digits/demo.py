"""Compile the digits network, then read real handwriting from the compiled file.

python examples/digits/demo.py
"""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from classify import to_input
from model import Net

import farrier as fr

HERE = Path(__file__).parent
TEST_SPLIT = HERE / "test_split.npz"
BUILD = Path("build")
CPU_ARTIFACT = BUILD / "digits.vmfb"
CUDA_ARTIFACT = BUILD / "digits-cuda.vmfb"
ONE_DIGIT = BUILD / "digit.npy"

# None in sys.modules makes an import fail: what runs below cannot use the compiler.
RUNTIME_ALONE = """
import runpy, sys
sys.modules.update(dict.fromkeys(["farrier", "farrier_compiler", "iree.compiler"]))
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def compile_net(net: Net, target: str, path: Path) -> None:
    """Compile for batch 1, save the artifact and report its size and the time it took."""
    image = fr.InputInfo((1, 1, 8, 8), fr.float32)
    start = time.perf_counter()
    executable = fr.compile(net, args=[image], target=target, cache=False)  # a real compile time
    seconds = time.perf_counter() - start
    executable.save(path)
    size = path.stat().st_size / 1000
    print(f"compiled for {target:<10} in {seconds:.2f} s: {path} ({size:.0f} kB)")


def classify_with_runtime_alone() -> int:
    """Run classify.py in a new process that has farrier_runtime only; return its exit status."""
    print(
        "\nA new process, without farrier and the compiler, reads the held-out scans:\n", flush=True
    )
    program = [sys.executable, "-X", "utf8", "-c", RUNTIME_ALONE, HERE / "classify.py"]
    return subprocess.run([*program, CPU_ARTIFACT, TEST_SPLIT], check=False).returncode


def save_one_digit() -> None:
    """Write the first held-out scan as an input for `farrier run`."""
    with np.load(TEST_SPLIT) as split:
        np.save(ONE_DIGIT, to_input(split["images"][0]))


def print_gpu_command() -> None:
    """Say how to run the other artifact."""
    farrier = Path(sys.executable).with_name("farrier")
    print("\nOn a machine with an NVIDIA GPU (sm_80 or newer), this prints the scores of one scan:")
    print(f"  {farrier} run {CUDA_ARTIFACT} --input x=@{ONE_DIGIT} --device cuda:0")


def main() -> int:
    """Compile for both targets, classify with one, say how to run the other."""
    net = Net()
    net.load_weights(HERE / "digits.safetensors")
    BUILD.mkdir(exist_ok=True)
    compile_net(net, "cpu", CPU_ARTIFACT)
    compile_net(net, "cuda:sm_80", CUDA_ARTIFACT)
    status = classify_with_runtime_alone()
    save_one_digit()
    print_gpu_command()
    return status


if __name__ == "__main__":
    sys.exit(main())
