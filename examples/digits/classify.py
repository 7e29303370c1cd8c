"""Read handwritten digits with a compiled vmfb; neither farrier nor the compiler is needed.

python examples/digits/classify.py build/digits.vmfb build/digits-int8.vmfb
"""

import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

import farrier_runtime

Images = npt.NDArray[np.uint8]
Digits = npt.NDArray[np.int64]

TEST_SPLIT = Path(__file__).with_name("test_split.npz")
GREY_LEVELS = 16
SHADES = " ░▒▓█"
COLUMNS = 16  # of an image as text; five fit in a line of 80
IMAGES_PER_LINE = 5
REQUIRED_ACCURACY = 0.97
ALLOWED_LOSS = 0.005  # of accuracy, by quantisation


def load_test_split() -> tuple[Images, Digits]:
    """Return the held-out scans, (360, 8, 8) with grey levels 0..16, and the digits they show."""
    with np.load(TEST_SPLIT) as split:
        return split["images"], split["labels"].astype(np.int64)


def to_input(image: Images) -> npt.NDArray[np.float32]:
    """Return one scan as the network's input: (1, 1, 8, 8) in [0, 1]."""
    return image.astype(np.float32)[None, None] / np.float32(GREY_LEVELS)


def classify(net: farrier_runtime.Executable, images: Images) -> tuple[Digits, float]:
    """Return the digit read from each image, and the median seconds of a call."""
    digits: list[int] = []
    seconds: list[float] = []
    for image in images:
        x = to_input(image)
        start = time.perf_counter()
        logits = net(x)
        seconds.append(time.perf_counter() - start)
        digits.append(int(np.argmax(logits)))
    return np.array(digits), float(np.median(seconds))


def text_art(image: Images) -> list[str]:
    """Return the 8 lines of an image, with two characters per pixel, as characters are tall."""
    shades = np.rint(image / GREY_LEVELS * (len(SHADES) - 1)).astype(int)
    return ["".join(SHADES[shade] * 2 for shade in line) for line in shades]


def draw(images: Images, captions: list[str]) -> None:
    """Print images side by side with a caption under each."""
    for start in range(0, len(images), IMAGES_PER_LINE):
        row = slice(start, start + IMAGES_PER_LINE)
        for line in zip(*map(text_art, images[row]), strict=True):
            print("".join(line).rstrip())
        print("".join(caption.center(COLUMNS) for caption in captions[row]).rstrip() + "\n")


def show(images: Images, labels: Digits, predictions: Digits) -> None:
    """Draw the first scan of each digit, then the scans that were misread (ten at most)."""
    first = np.unique(labels, return_index=True)[1]
    draw(images[first], [f"read as {digit}" for digit in predictions[first]])
    wrong = np.flatnonzero(predictions != labels)
    if wrong.size:
        print(f"Misread ({wrong.size} of {labels.size}):\n")
        draw(images[wrong[:10]], [f"{labels[i]}, read as {predictions[i]}" for i in wrong[:10]])


def read(vmfb: str, images: Images) -> tuple[Digits, float]:
    """Return the digits that a compiled network reads, and the median seconds of a call."""
    net = farrier_runtime.load(vmfb, device="cpu", threads=1)  # the network is too small for more
    return classify(net, images)


def report(name: str, predictions: Digits, labels: Digits, latency: float) -> float:
    """Print a line about a network and return its accuracy."""
    correct = int((predictions == labels).sum())
    accuracy = correct / labels.size
    print(
        f"{name:<9} {accuracy:.1%} right ({correct} of {labels.size} held-out scans), "
        f"{latency * 1e6:.0f} us an image (batch 1, median of {labels.size} calls)"
    )
    return accuracy


def main(vmfb: str = "build/digits.vmfb", quantized: str = "") -> int:
    """Classify the held-out scans; return 1 if too few are read correctly."""
    images, labels = load_test_split()
    predictions, latency = read(vmfb, images)
    show(images, labels, predictions)
    accuracy = report("float32", predictions, labels, latency)
    required = REQUIRED_ACCURACY
    if quantized and accuracy >= required:
        required = accuracy - ALLOWED_LOSS
        predictions, latency = read(quantized, images)
        accuracy = report("int8", predictions, labels, latency)
    if accuracy < required:
        print(f"error: the accuracy is below {required:.1%}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
