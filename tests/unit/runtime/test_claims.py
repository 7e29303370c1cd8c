"""Slots: turns, nested calls, interrupted calls and the process's end."""

from __future__ import annotations

import gc
import inspect
import subprocess
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from farrier_runtime import claims
from farrier_runtime.claims import Living, Slot, Slots


class Interrupt(Exception):
    """What a signal handler raises."""


def interrupted(action: Callable[[], Any], number: int) -> Interrupt | None:
    """Run an action and raise at bytecode `number`; return None if there are fewer."""
    left = number

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal left
        if "farrier_runtime" not in frame.f_code.co_filename and frame.f_code != action.__code__:
            return None
        frame.f_trace_opcodes = True
        left -= event == "opcode"
        if event == "opcode" and left == 0:
            raise Interrupt
        return trace

    here = inspect.currentframe()
    assert here is not None
    # Python 3.12 traces opcodes only if some frame asks for them when tracing begins.
    here.f_trace_opcodes = True
    gc.disable()  # finalizers would be traced too, and lose the exception
    sys.settrace(trace)
    try:
        action()
    except Interrupt as interrupt:
        return interrupt
    finally:
        sys.settrace(None)
        gc.enable()
    return None


def in_thread(action: Callable[[], Any]) -> bool:
    """Run an action in another thread, and return whether it ends."""
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    thread.join(20)
    return not thread.is_alive()


@pytest.mark.parametrize("count", [1, 3])
def test_an_interrupted_call_keeps_no_slot(count: int) -> None:
    """This holds even while its exception, and so its frame, is kept."""
    slots: Slots[None] = Slots(count)

    def call() -> None:
        slot = slots.claim()
        try:
            pass
        finally:
            slots.release(slot)

    interrupts: list[Interrupt] = []
    while interrupt := interrupted(call, len(interrupts) + 1):
        interrupts.append(interrupt)
    assert len(interrupts) > 40
    assert in_thread(call)
    assert not slots.are_claimed()


def test_each_call_has_a_slot_of_its_own() -> None:
    slots: Slots[list[int]] = Slots(2)
    at_once: list[int] = []
    active: list[int] = []

    def work(number: int) -> None:
        for _ in range(300):
            slot = slots.claim()
            try:
                active.append(number)
                at_once.append(len(active))
                slot.content = [number]
                assert slot.content == [number]
                active.remove(number)
            finally:
                slots.release(slot)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(at_once) == 1800
    assert max(at_once) <= 2


def test_a_nested_call_does_not_wait_for_the_outer_one() -> None:
    slots: Slots[None] = Slots(1)
    outer = slots.claim()

    def inner() -> Slot[None]:
        return slots.claim()

    slot = inner()
    assert slot is not outer
    slots.release(slot)
    assert slots.are_claimed()
    slots.release(outer)
    assert not slots.are_claimed()


def test_slots_keep_their_contents() -> None:
    slots: Slots[str] = Slots(1)
    slot = slots.claim()
    slot.content = "kept"
    slots.release(slot)
    assert slots.claim().content == "kept"


def test_living_forgets_dead_objects() -> None:
    living: Living[Slots[None]] = Living()
    one, two = Slots[None](1), Slots[None](1)
    living.add(one)
    living.add(two)
    assert living.all() == [one, two]
    del one
    assert living.all() == [two]


def test_a_waiting_call_goes_on_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "_PATIENCE", 1000)
    slots: Slots[None] = Slots(1)
    slot = slots.claim()
    late = threading.Thread(target=slots.claim, args=(0,))
    late.start()
    late.join(0.05)
    assert late.is_alive()
    slots.release(slot)
    late.join(20)
    assert not late.is_alive()


END = """
import threading, time
from farrier_runtime.claims import Slots
slots = Slots(1, awaited=True)
def call():
    while True:
        slot = slots.claim()
        print("begin", flush=True)
        time.sleep(0.2)
        print("end", flush=True)
        slots.release(slot)
threading.Thread(target=call, daemon=True).start()
time.sleep(0.1)
"""


def test_the_process_ends_after_awaited_calls() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", END], capture_output=True, text=True, timeout=60
    )
    lines = done.stdout.split()
    assert lines == ["begin", "end"] * (len(lines) // 2)
    assert (done.stderr, done.returncode) == ("", 0)
