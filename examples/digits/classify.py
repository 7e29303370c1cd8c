"""Read handwritten digits with a compiled vmfb: neither farrier nor the compiler is needed.

python classify.py digits.vmfb test_split.npz
"""

import sys
import time

import numpy as np
import numpy.typing as npt

import farrier_runtime

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]

GREY_LEVELS = 16
SHADES = " ░▒▓█"
DIGITS_PER_ROW = 5  # of 16 columns each: 80
REQUIRED_ACCURACY = 0.97


def to_input(image: Images) -> npt.NDArray[np.float32]:
    """Return one scan, (8, 8) with levels 0..16, as the network's input: (1, 1, 8, 8) in [0, 1]."""
    return image.astype(np.float32)[None, None] / GREY_LEVELS


def classify(net: farrier_runtime.Executable, images: Images) -> tuple[Labels, float]:
    """Return the digit read from each image, and the median seconds of a call."""
    predictions: list[int] = []
    seconds: list[float] = []
    for image in images:
        x = to_input(image)
        start = time.perf_counter()
        logits = np.asarray(net(x))
        seconds.append(time.perf_counter() - start)
        predictions.append(int(logits.argmax()))
    return np.array(predictions), float(np.median(seconds))


def text_art(image: Images) -> list[str]:
    """Return the 8 lines of an image, two characters a pixel since characters are tall."""
    shades = np.rint(image / GREY_LEVELS * (len(SHADES) - 1)).astype(int)
    return ["".join(SHADES[shade] * 2 for shade in line) for line in shades]


def draw(images: Images, captions: list[str]) -> None:
    """Print images side by side with a caption under each."""
    for start in range(0, len(images), DIGITS_PER_ROW):
        row = slice(start, start + DIGITS_PER_ROW)
        for line in zip(*map(text_art, images[row]), strict=True):
            print("".join(line).rstrip())
        print("".join(caption.center(16) for caption in captions[row]).rstrip() + "\n")


def show(images: Images, labels: Labels, predictions: Labels) -> None:
    """Draw the first scan of each digit, then the scans that were misread."""
    first = np.unique(labels, return_index=True)[1]
    draw(images[first], [f"read as {digit}" for digit in predictions[first]])
    wrong = np.flatnonzero(predictions != labels)
    if wrong.size:
        print(f"Misread ({wrong.size} of {labels.size}):")
        draw(images[wrong], [f"{labels[i]}, read as {predictions[i]}" for i in wrong])


def main(vmfb: str, test_split: str) -> int:
    """Classify the held-out scans; return 1 if too few are read correctly."""
    net = farrier_runtime.load(vmfb)
    with np.load(test_split) as split:
        images, labels = split["images"], split["labels"]
    predictions, latency = classify(net, images)
    show(images, labels, predictions)
    right = int((predictions == labels).sum())
    accuracy = right / len(labels)
    print(f"accuracy  {accuracy:.1%} ({right} of {len(labels)} held-out scans)")
    print(f"latency   {latency * 1e6:.0f} us an image (batch 1, median of {len(labels)} calls)")
    if accuracy < REQUIRED_ACCURACY:
        print(f"error: the accuracy is below {REQUIRED_ACCURACY:.0%}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
