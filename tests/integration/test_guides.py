"""The examples of the guides in docs/, run in order, with the output that they show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import farrier as fr
from support.guides import Example, examples, outputs

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))
GUIDES = [document for document in DOCUMENTS if document.stem != "architecture"]
NAMES = [guide.stem for guide in GUIDES]


@pytest.mark.parametrize("guide", GUIDES, ids=NAMES)
def test_examples_print_what_the_guide_says(
    guide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FARRIER_CACHE", "0")  # so that it is restored after an example that sets it
    count = 0
    for example, output in outputs(guide):
        assert example.agrees(output), f"{example.place} prints\n{output}"
        count += 1
    assert count > 5


@pytest.mark.parametrize("guide", DOCUMENTS, ids=[document.stem for document in DOCUMENTS])
def test_names_exist(guide: Path) -> None:
    """Every `fr.name` in a table or a sentence exists."""
    names = set(re.findall(r"\b(?:fr|tp)\.([A-Za-z_]\w*)", guide.read_text()))
    assert [name for name in sorted(names) if not hasattr(fr, name)] == []


@pytest.mark.parametrize("guide", DOCUMENTS, ids=[document.stem for document in DOCUMENTS])
def test_links_lead_somewhere(guide: Path) -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", guide.read_text()):
        assert (guide.parent / link).exists(), link


def example(printed: str | None, language: str = "python") -> Example:
    return Example("guide.md:1", language, "", "", printed)


def test_other_output_is_noticed() -> None:
    assert example("a\nb\n").agrees("a  \nb\n")
    assert not example("a\n").agrees("a\nb\n")
    assert not example(None).agrees("a\n")
    assert example("a\n...\n").agrees("a\nb\nc\n")
    assert not example("a\n...\nd\n").agrees("a\nb\nc\n")


def test_all_blocks_are_examples(tmp_path: Path) -> None:
    guide = tmp_path / "guide.md"
    guide.write_text("# Guide\n\n```python\nprint(1)\n```\n\nThen:\n\n```text\n1\n```\n")
    with pytest.raises(AssertionError, match=r"guide.md: no code block precedes the output\n1"):
        examples(guide)
    guide.write_text("```python torch\nx\n```\n\n```text\n1\n```\n\n```sh\nfarrier targets\n```\n")
    assert examples(guide) == [
        Example("guide.md:1", "python", "torch", "x\n", "1\n"),
        Example("guide.md:9", "sh", "", "farrier targets\n", None),
    ]
