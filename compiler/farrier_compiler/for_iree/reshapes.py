"""Decomposition of reshapes into merges and splits of neighbouring dimensions."""

from __future__ import annotations

from dataclasses import dataclass

from farrier_compiler.types.tensor_type import Shape


@dataclass(frozen=True)
class Group:
    """Neighbouring dimensions before and after a reshape that hold the same elements."""

    before: tuple[int, ...]
    after: tuple[int, ...]


def reshape_groups(before: Shape, after: Shape) -> list[Group] | None:
    """Return the groups of dimensions that map to each other; None where groups overlap."""
    groups: list[Group] = []
    i = j = 0
    while i < len(before) and j < len(after):
        left, right = [i], [j]
        have, want = before[i], after[j]
        while have != want:
            if have % want == 0 and right[-1] + 1 < len(after):
                right.append(right[-1] + 1)
                want = want * after[right[-1]]
            elif want % have == 0 and left[-1] + 1 < len(before):
                left.append(left[-1] + 1)
                have = have * before[left[-1]]
            else:
                return None
        groups.append(Group(tuple(left), tuple(right)))
        i, j = left[-1] + 1, right[-1] + 1
    return _with_rest(groups, range(i, len(before)), range(j, len(after)), before, after)


def _with_rest(
    groups: list[Group], left: range, right: range, before: Shape, after: Shape
) -> list[Group] | None:
    """Add the remaining dimensions, all of size 1, to the last group."""
    ones = all(before[dim] == 1 for dim in left) and all(after[dim] == 1 for dim in right)
    if not groups or not ones:
        return None
    last = groups.pop()
    return [*groups, Group((*last.before, *left), (*last.after, *right))]
