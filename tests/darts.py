"""The space of DARTS (Liu et al. 2019), with plain convolutions in place of separable and dilated ones."""

import archwright as aw

NODES = (2, 3, 4, 5)  # after the outputs of the two cells before, 0 and 1
CELLS = 7**8 * (2 * 3 * 4 * 5) ** 2  # an operation of seven and an output of those so far, for two edges into each node


def operate(stride: int) -> aw.Term:
    skip = aw.identity() if stride == 1 else aw.max_pool2d(1, stride)
    pools = {"max_pool": aw.max_pool2d(3, stride, "same"), "avg_pool": aw.avg_pool2d(3, stride, "same")}
    return aw.either(skip=skip, **pools, **{f"conv_{k}": aw.relu_conv_bn(k, stride=stride) for k in (1, 3, 5, 7)})


def connect(outputs: int, stride: int) -> aw.Term:
    choices = [aw.sequential(aw.select(i), operate(stride if i < 2 else 1)) for i in range(outputs)]
    return aw.either(**{f"from_{i}": choice for i, choice in enumerate(choices)})


def make_cell(stride: int) -> aw.Term:
    nodes = {f"node_{n}": aw.branches(connect(n, stride), connect(n, stride)) for n in NODES}
    so_far = [aw.Joint(range(1, n + 1), "tuple") for n in NODES]
    wiring = aw.Wiring([0, 0, *so_far], aw.Joint([n + 1 for n in NODES], "concatenate"))
    return aw.wired(wiring, aw.select(0), aw.select(1), **nodes)


def make_network(channels: int, cells: int, classes: int) -> aw.Term:
    modules, inputs, before, kind = [aw.conv2d(3 * channels, 3)], [0], [1, 1], "normal"
    for i in range(cells):
        stride = 2 if kind == "reduction" else 1
        kind = "reduction" if i in (cells // 3, 2 * cells // 3) else "normal"
        channels *= 2 if kind == "reduction" else 1
        n = len(modules)
        modules += [aw.relu_conv_bn(1, channels, stride), aw.relu_conv_bn(1, channels), aw.place(kind)]
        inputs += [*before, aw.Joint([n + 1, n + 2], "tuple")]
        before = [before[1], n + 3]
    head = aw.sequential(aw.global_avg_pool(), aw.affine(classes))
    return aw.wired(aw.Wiring([*inputs, before[1]], len(modules) + 1), *modules, head)


def make_darts(channels: int = 4, cells: int = 3, classes: int = 10) -> aw.Term:
    return aw.let(inside=make_network(channels, cells, classes), normal=make_cell(1), reduction=make_cell(2))
