"""The error cases of every row, with their full text."""

from __future__ import annotations

import pytest

from support.messages import message
from support.records import Refusal
from support.rows import ROWS

CASES = [
    pytest.param(refusal, id=f"{row.name}-{index}")
    for row in ROWS
    for index, refusal in enumerate(row.refused)
]


@pytest.mark.parametrize("refusal", CASES)
def test_refusal(refusal: Refusal) -> None:
    with pytest.raises(refusal.error) as caught:
        refusal.call()
    assert message(caught.value) == refusal.text
