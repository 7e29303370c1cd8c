"""Lowering of graphs to functions, with locations of nodes and external weights."""

from farrier_compiler.driver.targets import Target
from farrier_compiler.for_iree.builder import IreeBuilder
from farrier_compiler.graph import REGISTRY, Graph, Node, Value
from farrier_compiler.stablehlo.builder import Builder
from farrier_compiler.stablehlo.lower import lower, node_at
from support.programs import affine, apply, argument, function, product, random, weight


def test_a_graph_becomes_a_function_with_its_names() -> None:
    program = lower([affine("Net")], Builder)
    program.verify()
    text = program.text()
    assert (
        'func.func @Net(%arg0: tensor<4x32xf32> {iree.abi.name = "x"}) -> '
        '(tensor<4x32xf32> {iree.abi.name = "output0"}) {'
    ) in text
    assert "stablehlo.constant dense_resource<layer.weight> : tensor<32x32xf32>" in text


def test_a_constant_is_emitted_once_where_it_is_used_twice() -> None:
    w = weight(random(32, 32), "w")
    program = lower([function("f", apply("tanh", w), apply("add", w, argument(32, 32)))], Builder)
    assert program.text().count("stablehlo.constant") == 1


def test_an_output_may_be_an_input_or_a_constant() -> None:
    x = argument(2, 2)
    y = apply("tanh", x)
    program = lower([function("f", y, x, weight(random(2, 2), "w"))], Builder)
    program.verify()
    assert "return %0, %arg0, %cst" in program.text()


def test_every_operation_carries_the_number_of_its_node() -> None:
    graphs = [affine("first"), affine("second")]
    text = lower(graphs, Builder).text(locations=True)
    for column in range(1, 7):
        assert f'programs.py":{line_of(graphs, column)}:{column})' in text


def line_of(graphs: list[Graph], column: int) -> int:
    nodes = [node for graph in graphs for node in graph.nodes]
    location = nodes[column - 1].location
    assert location is not None
    return location.line


def test_a_location_leads_back_to_its_node() -> None:
    first, second = affine("first"), affine("second")
    node = second.nodes[1]
    assert node.location is not None
    file, line = node.location.file, node.location.line
    column = len(first.nodes) + 2
    assert node_at([first, second], file, line, column) is node
    assert node_at([first, second], file, line + 1, column) is None
    assert node_at([first, second], "other.py", line, column) is None
    assert node_at([first, second], file, line, 0) is None
    assert node_at([first, second], file, line, 7) is None


def test_a_node_without_a_line_is_found_by_its_op() -> None:
    node = Node(REGISTRY["tanh"](), [argument(2)])
    graph = function("f", node.result)
    assert node_at([graph], "tanh", 0, 1) is node
    assert '"tanh":0:1' in lower([graph], Builder).text(locations=True)


def test_parameters_are_loaded_by_name() -> None:
    graph = affine("f")
    names: dict[Value, str] = {graph.constants["layer.weight"]: "layer.weight"}
    program = lower([graph], IreeBuilder, Target("cpu").flags(), names)
    program.verify()
    text = program.text()
    assert '#flow.parameter.named<"model"::"layer.weight"> : tensor<32x32xf32>' in text
    assert "dense_resource<layer.weight>" not in text
    assert "layer.bias" not in text  # small: printed inline


def test_functions_share_a_parameter() -> None:
    w = weight(random(32, 32), "w")
    graphs = [function(name, product(argument(4, 32), w)) for name in ("f", "g")]
    text = lower(graphs, IreeBuilder, (), {w: "w"}).text()
    assert text.count("util.global private") == 1
    assert text.count("util.global.load") == 2
