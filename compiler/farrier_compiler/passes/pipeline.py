"""Which passes run, in which order, and their text on the command line."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Collection, Sequence
from typing import Any

from farrier_compiler.graph import Graph, VerificationError, verify
from farrier_compiler.graph.requirements import requirements_of
from farrier_compiler.graph.syntax import Cursor, Token, described, did_you_mean, fits
from farrier_compiler.ops.size_requirements import with_requirements
from farrier_compiler.passes.base import Pass
from farrier_compiler.passes.canonicalize import Canonicalize
from farrier_compiler.passes.channels_last import ChannelsLast
from farrier_compiler.passes.deduplicate import Deduplicate
from farrier_compiler.passes.delay_dequantize import DelayDequantize
from farrier_compiler.passes.eliminate_dead_nodes import EliminateDeadNodes
from farrier_compiler.passes.fold_batch_norm import FoldBatchNorm
from farrier_compiler.passes.fold_constants import FoldConstants
from farrier_compiler.passes.im2col import Im2col
from farrier_compiler.passes.int8_through_float16 import Int8ThroughFloat16
from farrier_compiler.passes.integer_matmul import IntegerMatmul
from farrier_compiler.passes.legalize_for_iree import LegalizeForIree
from farrier_compiler.passes.pack_int8 import PackInt8
from farrier_compiler.passes.pack_weights import PackWeights
from farrier_compiler.passes.pointwise_convolution import PointwiseConvolution
from farrier_compiler.passes.remove_barriers import RemoveBarriers
from farrier_compiler.passes.scale_products import ScaleProducts
from farrier_compiler.passes.separate_loops import SeparateLoops

PASSES: dict[str, type[Pass]] = {
    cls.name: cls
    for cls in (
        Canonicalize,
        Deduplicate,
        EliminateDeadNodes,
        FoldConstants,
        FoldBatchNorm,
        DelayDequantize,
        IntegerMatmul,
        ChannelsLast,
        PointwiseConvolution,
        Im2col,
        ScaleProducts,
        PackInt8,
        PackWeights,
        Int8ThroughFloat16,
        RemoveBarriers,
        SeparateLoops,
        LegalizeForIree,
    )
}


def default_pipeline(
    target_kinds: Collection[str] = ("cpu",),
    exchangeable_weights: bool = False,
    has_vnni: bool = False,
) -> list[Pass]:
    """Return the passes that run by default.

    Args:
        target_kinds: `cpu`, `cuda`, ...: what the program is for; barriers and packed weights are
            for CPUs alone.
        exchangeable_weights: whether other weights may take the place of these later.
        has_vnni: whether the CPU has an instruction for int8 matmuls: see `vnni_lanes`.
    """
    simplify = [
        Canonicalize(),
        Deduplicate(weights=not exchangeable_weights),
        EliminateDeadNodes(),
        FoldConstants(),
    ]
    return [
        *([] if "cpu" in target_kinds else [RemoveBarriers()]),
        *simplify,
        DelayDequantize(),
        FoldConstants(),
        IntegerMatmul(),
        FoldBatchNorm(),
        ChannelsLast(),
        PointwiseConvolution(),
        DelayDequantize(),
        ScaleProducts(),
        *_for_the_target(set(target_kinds), has_vnni),
        *simplify,
    ]


def _for_the_target(kinds: set[str], has_vnni: bool) -> list[Pass]:
    if has_vnni:
        return [Im2col(kernels=True), PackInt8(), PackWeights()]
    if kinds == {"cpu"}:
        return [Im2col(), PackWeights()]
    return [Int8ThroughFloat16()] if kinds == {"cuda"} else []


def run_passes(
    graph: Graph,
    pipeline: str | Sequence[Pass],
    verify: bool = False,
    after: Callable[[str, Graph], None] | None = None,
) -> Graph:
    """Return a graph after passes.

    Args:
        graph: what to rewrite; it stays as it is.
        pipeline: the passes, or their text.
        verify: check every rule of graphs after each pass.
        after: called with the name and the result of each pass.

    Raises:
        ParseError: the text names no such pass or option.
        VerificationError: a pass made an invalid graph, which is a bug in it.
    """
    passes = parse_pipeline(pipeline) if isinstance(pipeline, str) else pipeline
    required = requirements_of(graph) if graph.dimensions() else {}
    for one in passes:
        before, graph = graph, one(graph)
        if graph is not before:
            graph = with_requirements(graph, required)
        if verify:
            _verify_after(one, graph)
        if after is not None:
            after(one.name, graph)
    return graph


def _verify_after(one: Pass, graph: Graph) -> None:
    try:
        verify(graph)
    except VerificationError as error:
        raise VerificationError(f"After the pass {one.name}: {error}\n{graph}") from None


def parse_pipeline(text: str) -> list[Pass]:
    """Return the passes that a text lists, such as `canonicalize,fold_constants{limit=4096}`.

    Raises:
        ParseError: there is no such pass or option, or its value does not fit.

    Example:
        >>> parse_pipeline("fold_constants{limit=4096}")
        [FoldConstants(limit=4096)]
    """
    return _Parser(text, "Pipeline").pipeline()


class _Parser(Cursor):
    def pipeline(self) -> list[Pass]:
        if self.next.kind == "end":
            return []
        passes = [self._pass()]
        while self.accept(","):
            passes.append(self._pass())
        self.take("end", "',' or the end")
        return passes

    def _pass(self) -> Pass:
        token = self.take("word", "the name of a pass")
        cls = PASSES.get(token.text)
        if cls is None:
            self.fail(f"there is no pass '{token.text}'{did_you_mean(token.text, PASSES)}", token)
        if not self.accept("{"):
            return cls()
        return cls(**dict(self.items("}", lambda: self._option(cls))))

    def _option(self, cls: type[Pass]) -> tuple[str, Any]:
        hints = typing.get_type_hints(cls)
        options = [field.name for field in dataclasses.fields(typing.cast(Any, cls))]
        token = self.take("word", "the name of an option")
        if token.text not in options:
            self._unknown_option(cls, token, options)
        self.expect("=")
        place = self.next
        value = self.literal()
        if not fits(value, hints[token.text]):
            wanted = described(hints[token.text])
            self.fail(f"{cls.name}'s option '{token.text}' must be {wanted}", place)
        return token.text, value

    def _unknown_option(self, cls: type[Pass], token: Token, options: list[str]) -> None:
        suggestion = did_you_mean(token.text, options)
        self.fail(f"{cls.name} has no option '{token.text}'{suggestion}", token)
