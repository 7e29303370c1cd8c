"""Module: base class of layers and networks, with parameters and children as attributes."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, cast

from farrier import weights
from farrier.modules import containers, state
from farrier.modules.containers import ROOT, Place
from farrier.modules.parameter import HiddenParameter, Parameter, filled, fitting, is_unset
from farrier.modules.state import Slot
from farrier.modules.summary import Summary, summarize
from farrier.modules.wrappers import keeping_ties, resetting, scoped
from farrier.ops.arguments import flag
from farrier.other_names import MODULE_METHODS, misspelt
from farrier.tensor import Tensor
from farrier_compiler.diagnostics import explain
from farrier_runtime.errors import ArgumentError, FarrierError

_FIXED = "cannot change: the parameters were made with it. Make another layer."


class _ForwardSignature:
    """Makes `inspect.signature(module)` that of `forward`, and leaves that of the class alone."""

    def __get__(self, module: Module | None, cls: type[Module]) -> inspect.Signature:
        if module is None:
            raise AttributeError("__signature__")
        direct = cls.__call__ is not Module.__call__
        return inspect.signature(module.__call__ if direct else module.forward)


def name_unset(members: Mapping[str, Any]) -> None:
    """Give unset parameters in new attributes the names that errors will show."""
    for path, member in containers.find(members, (Parameter, Module)):
        place = ROOT.part(path)
        if isinstance(member, Parameter):
            named = [(place.name, member)]
        else:
            named = [(slot.name, slot.tensor) for slot in member._slots(place) if not slot.hidden]
        for name, tensor in named:
            if isinstance(tensor, Parameter) and is_unset(tensor):
                tensor.name = name


class Module:
    """A part of a network: define `forward`, and call the module itself.

    Tensors and Modules in attributes, or in lists, tuples, deques and dicts there whose keys are
    strings or integers, are the module's parameters and children. Nothing needs to be registered,
    and `super().__init__()` may be left out. Those elsewhere (in sets, under other keys, in
    objects that are not Modules, in the class itself) have no name: what needs one refuses them.
    What only closures, globals, iterators and properties reach is not searched: tensors there are
    constants.

    A tensor or Module under several names is one parameter or child: loading sets it by any of
    its names, and it stays shared. An attribute that holds a tensor keeps its shape and data
    type: assignments are checked, and accept arrays and numbers too.

    Example:
        >>> class Head(fr.Module):
        ...     def __init__(self):
        ...         self.linear = fr.Linear(3, 2)
        ...     def forward(self, x):
        ...         return fr.relu(self.linear(x))
        >>> Head()(fr.ones((5, 3))).shape
        (5, 2)
    """

    __signature__ = _ForwardSignature()
    _fixed: ClassVar[frozenset[str]] = frozenset()  # what cannot change once a layer is made

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        call: Any = vars(cls).get("__call__")
        if call is not None:
            cls.__call__ = scoped(call)
        reset: Any = vars(cls).get("reset_parameters")
        if reset is not None:
            cls.reset_parameters = keeping_ties(reset)

    # ------------------------------------------------------------------ calls

    @scoped
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call `forward`; error messages and IR locations then carry this layer's name."""
        return self.forward(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the module's result; subclasses define this."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward(self, ...).")

    # ------------------------------------------------------------------ attributes

    def __setattr__(self, name: str, value: Any) -> None:
        current = containers.attributes(self).get(name)
        if name in self._fixed and name in vars(self) and _differ(current, value):
            raise explain(ArgumentError(f"{type(self).__name__}.{name} {_FIXED}"))
        if isinstance(current, Tensor) and not (value is None or isinstance(value, Module)):
            try:
                value = fitting(f"{type(self).__name__}.{name}", current, value)
            except FarrierError as error:
                raise explain(error, [(name, current.value)]) from None
        name_unset({name: value})
        object.__setattr__(self, name, value)

    if not TYPE_CHECKING:  # type checkers know the attributes, and report others

        def __getattr__(self, name: str) -> Any:
            self._missing(name)

    def _missing(self, name: str) -> NoReturn:
        text = f"{type(self).__name__} has no attribute '{name}'."
        public = [attribute for attribute in dir(self) if not attribute.startswith("_")]
        advice = MODULE_METHODS.get(name)
        raise AttributeError(text + (f" {advice}" if advice else misspelt(name, public)))

    def _members(self) -> Mapping[str, Any]:
        """Return the attributes to search for parameters and children, by name."""
        return containers.attributes(self)

    def _slots(self, place: Place = ROOT, above: tuple[Module, ...] = ()) -> Iterator[Slot]:
        """Yield the slots of all parameters, this module's first, then each child's."""
        members = list(containers.find(self._members(), (Tensor, Module)))
        for path, tensor in members:
            if isinstance(tensor, Tensor):
                yield Slot(place.part(path), self, path, tensor)
        above = (*above, self)
        for path, child in members:  # a child may be a reference to a parent
            if isinstance(child, Module) and not any(child is module for module in above):
                yield from child._slots(place.part(path), above)

    def _parameters(self) -> list[Slot]:
        """Return the slots of all parameters, each of which has a name of its own.

        Raises:
            ArgumentError: two parameters share a name, or no name reaches one.
        """
        modules = dict(self.named_modules())
        return state.check(type(self).__name__, self._slots(), modules, Module)

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """Yield the names and tensors of this module's own parameters, not its children's.

        Yields:
            The name and the tensor; `state_dict` has those of all children too.

        Example:
            >>> [name for name, _ in fr.Linear(2, 2).named_parameters()]
            ['weight', 'bias']
        """
        for path, tensor in containers.find(self._members(), (Tensor,)):
            if not isinstance(tensor, HiddenParameter):
                yield containers.dotted(path), tensor

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield the names and Modules of the immediate children.

        Yields:
            The name and the Module; one in a list has the list's name and its index: `blocks.0`.

        Example:
            >>> [name for name, _ in fr.Sequential(fr.Linear(2, 2), fr.relu).named_children()]
            ['0']
        """
        children = containers.find(self._members(), (Module,))
        return ((containers.dotted(path), child) for path, child in children)

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """Yield this Module and all Modules below it with their names, each of them once.

        Yields:
            The dotted name and the Module, the nearest first; this one's name is empty.

        Example:
            >>> net = fr.Sequential(fr.Sequential(fr.Linear(2, 2)), fr.Linear(2, 2))
            >>> [name for name, _ in net.named_modules()]
            ['', '0', '1', '0.0']
        """
        pending: list[tuple[str, Module]] = [("", self)]
        seen = {id(self)}
        for path, module in pending:
            yield path, module
            for name, child in module.named_children():
                if id(child) not in seen:
                    seen.add(id(child))
                    pending.append((f"{path}.{name}" if path else name, child))

    # ------------------------------------------------------------------ parameters

    def state_dict(self) -> dict[str, Tensor]:
        """Return the parameters of this module and all below it, by dotted name.

        Returns:
            The live tensors, not copies: this module's first, then each child's.

        Raises:
            ArgumentError: two parameters share a name, or no name reaches one.

        Example:
            >>> list(fr.Sequential(fr.Linear(2, 2)).state_dict())
            ['0.weight', '0.bias']
        """
        try:
            return {slot.name: slot.tensor for slot in self._parameters() if not slot.hidden}
        except FarrierError as error:
            raise explain(error) from None

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True
    ) -> tuple[set[str], set[str]]:
        """Replace parameters with the values of a mapping; on an error, none is replaced.

        Args:
            state_dict: values by dotted name: tensors, which become the parameters; arrays of
                numpy, torch or jax, whose memory is shared; or numbers. Names that end in
                `num_batches_tracked` are ignored.
            strict: whether the names must be exactly this module's.

        Returns:
            The names that are missing from the mapping, and those that this module does not have.

        Raises:
            ArgumentError: names are missing or unknown, and `strict` is set.
            ShapeError: the shape of a value differs from its parameter's.
            DtypeError: the data type of a value differs from its parameter's.

        Example:
            >>> linear = fr.Linear(2, 1)
            >>> linear.load_state_dict({"weight": [[1.0, 2.0]], "bias": [0.5]})
            (set(), set())
        """
        try:
            return self._load(state_dict, strict)
        except FarrierError as error:
            raise explain(error) from None

    def load_weights(
        self, source: str | os.PathLike[str] | Mapping[str, Any], strict: bool = True
    ) -> tuple[set[str], set[str]]:
        """Load parameters from a file, as `load_state_dict` does from a mapping.

        Args:
            source: a .safetensors file, the .index.json of a sharded one, an .npz file, or a
                mapping. Safetensors stay in the file until they are used: leave it unchanged.
            strict: whether the names must be exactly this module's.

        Returns:
            The names that are missing from the file, and those that this module does not have.

        Raises:
            ArtifactError: the file is damaged.
            OSError: the file cannot be read.
            ArgumentError: the file's format is unknown, or names are missing or unknown.
            ShapeError: the shape of a value differs from its parameter's.
            DtypeError: the data type of a value differs from its parameter's.
        """
        try:
            return self._load(
                source if isinstance(source, Mapping) else weights.load(source), strict
            )
        except FarrierError as error:
            raise explain(error) from None

    def _load(self, given: Any, strict: bool) -> tuple[set[str], set[str]]:
        if isinstance(given, Mapping):
            given = self._translated(cast("Mapping[str, Any]", given))
        return state.load(type(self).__name__, self._parameters(), given, flag("strict", strict))

    def _translated(
        self, given: Mapping[str, Any], prefix: str = "", above: tuple[Module, ...] = ()
    ) -> Mapping[str, Any]:
        """Return values by this module's names, translated where they are another library's."""
        above = (*above, self)
        for name, child in self.named_children():
            if not any(child is module for module in above):
                given = child._translated(given, f"{prefix}{name}.", above)
        return given

    def save_weights(self, path: str | os.PathLike[str]) -> None:
        """Write all parameters to a file, under each of their names; or, on an error, nothing.

        Args:
            path: a .safetensors or .npz file; an existing one is replaced, and a missing
                folder is made.

        Raises:
            ArgumentError: a parameter is unset, or the file's format is unknown or cannot hold a
                data type.
            OSError: the file cannot be written.
        """
        try:
            weights.save(path, state.arrays(self._parameters()))
        except FarrierError as error:
            raise explain(error) from None

    def initialize_dummy_parameters(self) -> None:
        """Fill each unset parameter, including those of children, with 0, 1, 2, ... in its shape.

        Example:
            >>> norm = fr.BatchNorm(3)
            >>> norm.initialize_dummy_parameters()
            >>> norm.weight
            tensor([0, 1, 2], dtype=float32, loc=cpu:0, shape=(3,))
        """
        for slots in state.tied(self._parameters()):
            slot = slots[0]
            tensor = slot.tensor
            if isinstance(tensor, Parameter) and is_unset(tensor) and not slot.optional:
                dummy = filled(tensor)
                state.assign([(slot, dummy) for slot in slots])

    @keeping_ties
    def reset_parameters(self, seed: int = 0) -> None:
        """Initialise the parameters of every layer below by torch's rules.

        Each layer is initialised once, and what several share stays shared. Parameters that your
        own class makes are left as they are. To initialise them, override this method, call
        `super().reset_parameters(seed)` and set them.

        Args:
            seed: the same seed gives the same values to parameters of the same names.

        Raises:
            ArgumentError: the seed is not an integer.
        """
        done = resetting.get()
        assert done is not None
        for name, child in self.named_children():
            if id(child) not in done:
                done.add(id(child))
                child.reset_parameters(state.derived_seed(seed, name))

    # ------------------------------------------------------------------ text

    def summary(self, *inputs: Any, **kwargs: Any) -> Summary:
        """Summarise a call: the Modules called inside it, their results and their costs.

        Nothing is computed, and parameters may be unset. The numbers of a call exclude those of
        the calls inside it, so that columns add up; parameters that are used again count once.

        Args:
            inputs: InputInfos, or tensors and arrays, of which only shape and data type matter,
                possibly nested in lists, tuples and dicts; other arguments are passed on. A
                dynamic dimension has its usual size.
            kwargs: keyword arguments, likewise.

        Returns:
            A Summary, which prints as a table; `rows` and the totals are its data.

        Raises:
            ArgumentError: the arguments do not fit `forward`, or are nested too deeply.
            UnknownValueError: `forward` needs the elements of an input.

        Example:
            >>> fr.Sequential(fr.Linear(3, 4), fr.relu).summary(fr.InputInfo((2, 3), fr.float32))
            Layer        Output          Parameters  Bytes  Multiply-adds
            -------------------------------------------------------------
            Sequential   float32 (2, 4)           -      -              -
              0: Linear  float32 (2, 4)          16     64             24
            -------------------------------------------------------------
            Total                                16     64             24
        """
        return summarize(self, inputs, kwargs)

    @recursive_repr("...")
    def __str__(self) -> str:  # not __repr__, which dataclasses replace
        body = "".join(f"    {line}\n" for line in self._lines())
        return f"{type(self).__name__}(\n{body})"

    def __repr__(self) -> str:
        return str(self)

    def _lines(self) -> Iterator[str]:
        for name, tensor in self.named_parameters():
            yield f"{name}: Parameter = (shape={tensor.shape}, dtype={tensor.dtype}),"
        yield from self._child_lines()

    def _child_lines(self) -> Iterator[str]:
        return (nested_line(name, child) for name, child in self.named_children())


def nested_line(name: str, child: Module) -> str:
    """Return how a child is shown inside its parent, over several lines."""
    text = str(child).replace("\n", "\n    ")
    return f"{name}: Module = {text},"


def _differ(fixed: Any, value: Any) -> bool:
    try:
        return bool(fixed != value)
    except Exception:  # arrays are compared by elements, and some objects not at all
        return True
