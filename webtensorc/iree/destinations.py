"""Results into buffers of the caller's: `main` takes one more argument for each result, and writes there.

A call then allocates nothing, and a large result is written straight into the array that the caller keeps
(webtensorc_runtime recognises the attribute `iree.abi.output` in the function's declaration).
"""

from iree.compiler import ir


def add(main: ir.OpView) -> None:
    """Append to `@main` one argument for each result of static shape, marked as that result's storage."""
    body = main.regions[0].blocks[0]
    kind = ir.FunctionType(ir.TypeAttr(main.attributes["function_type"]).value)
    if not all(ir.RankedTensorType(result).has_static_shape for result in kind.results):
        return
    with main.context, main.location:
        index = ir.IndexType.get()
        marks = [ir.DictAttr.get({"iree.abi.output": ir.IntegerAttr.get(index, n)}) for n in range(len(kind.results))]
        given = list(ir.ArrayAttr(main.attributes["arg_attrs"])) if "arg_attrs" in main.attributes else []
        given = given or [ir.DictAttr.get({})] * len(kind.inputs)
        for result in kind.results:
            body.add_argument(result, main.location)
        main.attributes["arg_attrs"] = ir.ArrayAttr.get([*given, *marks])
        main.attributes["function_type"] = ir.TypeAttr.get(
            ir.FunctionType.get([*kind.inputs, *kind.results], kind.results)
        )
