"""The network of NAS-Bench-201, held against one in plain torch, written as the benchmark's authors describe it.

A stem, three stages of equal cells at 16, 32 and 64 channels, a residual block of stride 2 before each later stage,
batch normalisation, ReLU, the mean over each channel, and a classifier (Dong and Yang 2020, section 2).
"""

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional

import archwright as aw
from archwright.core.spaces.nasbench201 import build_space, nasbench201
from archwright.evaluate.network.compile import compile_architecture, count_trainable_parameters

pytestmark = pytest.mark.usefixtures("one_thread")

EDGES = [f"nasbench201.cell.op_{edge}" for edge in ("1_0", "2_0", "2_1", "3_0", "3_1", "3_2")]
NONE, SKIP, CONV1, CONV3, POOL = "none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"
CELLS = {  # in the order of the edges above: target first
    "all none": (NONE,) * 6,
    "all skip": (SKIP,) * 6,
    "all convolutions": (CONV3,) * 6,
    "every operation": (CONV3, NONE, POOL, CONV1, SKIP, CONV3),
    "every operation, elsewhere": (POOL, CONV1, NONE, SKIP, CONV3, CONV1),
    "cut": (CONV3, CONV1, POOL, NONE, NONE, NONE),
    "best of CIFAR-10": (CONV3, CONV3, CONV1, SKIP, CONV3, CONV3),
}


class ReluConvBn(nn.Module):
    """The benchmark's unit, in its order: ReLU, convolution, batch normalisation."""

    def __init__(self, channels: int, filters: int, size: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, filters, size, stride=stride, padding=(size - 1) // 2, bias=False)
        self.norm = nn.BatchNorm2d(filters, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(torch.relu(x)))


class Cell(nn.Module):
    """Four nodes; each is the sum over all nodes before it, through the operation on the edge."""

    def __init__(self, ops: tuple[str, ...], channels: int) -> None:
        super().__init__()
        self.ops = ops
        sizes = {CONV1: 1, CONV3: 3}
        self.convs = nn.ModuleDict(
            {str(i): ReluConvBn(channels, channels, sizes[op], 1) for i, op in enumerate(ops) if op in sizes}
        )

    def forward(self, x: Tensor) -> Tensor:
        def through(edge: int, before: Tensor) -> Tensor:
            match self.ops[edge]:
                case "none":
                    return before * 0.0
                case "skip_connect":
                    return before
                case "avg_pool_3x3":
                    return functional.avg_pool2d(before, 3, stride=1, padding=1, count_include_pad=False)
                case _:
                    return self.convs[str(edge)](before)

        one = through(0, x)
        two = through(1, x) + through(2, one)
        return through(3, x) + through(4, one) + through(5, two)


class Reduction(nn.Module):
    """Two units of 3x3, the first of stride 2, beside the mean of 2x2 and a convolution of 1x1."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ReluConvBn(channels, 2 * channels, 3, 2)
        self.second = ReluConvBn(2 * channels, 2 * channels, 3, 1)
        self.short = nn.Conv2d(channels, 2 * channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x)) + self.short(functional.avg_pool2d(x, 2, 2))


class Reference(nn.Module):
    """The whole network."""

    def __init__(self, ops: tuple[str, ...], image_channels: int, classes: int, cells: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(image_channels, 16, 3, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(16)
        self.body = nn.Sequential(
            *(Cell(ops, 16) for _ in range(cells)),
            Reduction(16),
            *(Cell(ops, 32) for _ in range(cells)),
            Reduction(32),
            *(Cell(ops, 64) for _ in range(cells)),
        )
        self.last_norm = nn.BatchNorm2d(64)
        self.classifier = nn.Linear(64, classes)

    def forward(self, images: Tensor) -> Tensor:
        features = torch.relu(self.last_norm(self.body(self.stem_norm(self.stem(images)))))
        return self.classifier(features.mean((2, 3)))


def choose_operations(ops: tuple[str, ...], classes: int, cells: int) -> aw.Term:
    """The network of the space at which each edge has its operation."""
    whole = nasbench201(classes)
    assert isinstance(whole, aw.Let)
    node = aw.root(build_space(whole.terms[0], classes, cells=cells), (3, 32, 32))
    for op in ops:
        node = node.choose(op)
    return node.architecture


def build_both(ops: tuple[str, ...], shape: aw.Shape, classes: int, cells: int) -> tuple[nn.Module, nn.Module]:
    """The compiled network and the reference, with the same numbers in every place, none of them as it began.

    In double precision, so that only rounding tells two orders of adding apart.
    """
    compiled = compile_architecture(choose_operations(ops, classes, cells), shape, seed=0).double()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, tensor in compiled.state_dict().items():
            if tensor.is_floating_point():  # weights, biases, running means; variances must be positive
                noise = torch.randn(tensor.shape, generator=generator, dtype=tensor.dtype)
                tensor.mul_(1 + 0.2 * noise.abs()) if name.endswith("var") else tensor.add_(0.1 * noise)
    reference = Reference(ops, shape[0], classes, cells).double()
    actual, expected = compiled.state_dict(), reference.state_dict()
    assert [tensor.shape for tensor in actual.values()] == [tensor.shape for tensor in expected.values()]
    reference.load_state_dict(dict(zip(expected, actual.values(), strict=True)))
    return compiled, reference


def run_forward_backward(model: nn.Module, images: Tensor, labels: Tensor) -> dict[str, list[Tensor]]:
    """What a pass forward and one back give: the output, the gradients, and the running averages that they leave."""
    x = images.clone().requires_grad_()
    out = model(x)
    functional.cross_entropy(out, labels).backward()
    # Through a none flows nothing: our network leaves the gradient out, a multiplication by 0 makes it zeros.
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in (x, *model.parameters())]
    return {"output": [out.detach()], "gradients": gradients, "averages": [*model.buffers()]}


def assert_alike(ops: tuple[str, ...], shape: aw.Shape, classes: int, cells: int) -> None:
    """In train and in eval mode."""
    generator = torch.Generator().manual_seed(2)
    images = torch.randn(4, *shape, generator=generator, dtype=torch.float64)
    labels = torch.randint(classes, (4,), generator=generator)
    for mode in (True, False):
        compiled, reference = build_both(ops, shape, classes, cells)
        actual = run_forward_backward(compiled.train(mode), images, labels)
        expected = run_forward_backward(reference.train(mode), images, labels)
        torch.testing.assert_close(actual, expected, rtol=1e-9, atol=1e-12)
        assert any(gradient.any() for gradient in actual["gradients"])


@pytest.mark.parametrize("ops", CELLS.values(), ids=CELLS)
@pytest.mark.parametrize("cells", [1, 2])
def test_the_compiled_network_is_the_benchmark_s(ops, cells):
    """Output, gradients and running averages are equal, with one cell a stage and with two."""
    assert_alike(ops, (3, 8, 8), classes=7, cells=cells)


def test_the_compiled_network_is_the_benchmark_s_at_full_size():
    """15 cells, 32 x 32 pixels, 10 classes."""
    assert_alike(CELLS["every operation"], (3, 32, 32), classes=10, cells=5)


def test_without_a_way_through_every_image_gets_one_answer_and_the_stem_is_not_trained():
    """What is left of an all-none network in eval mode: its later blocks, fed with zeros."""
    compiled, _ = build_both(CELLS["all none"], (3, 8, 8), classes=7, cells=1)
    outputs = run_forward_backward(compiled.eval(), torch.randn(2, 3, 8, 8, dtype=torch.float64), torch.tensor([1, 2]))
    assert torch.equal(outputs["output"][0][0], outputs["output"][0][1])
    images, stem, *_ = outputs["gradients"]
    assert not images.any()
    assert not stem.any()


def test_the_default_network_has_five_cells_a_stage():
    """16 channels to begin with: the sizes that the benchmark publishes for cells without and with convolutions."""
    for ops, size in ((CELLS["all skip"], 73_306), (CELLS["all convolutions"], 1_531_546)):
        network = choose_operations(ops, classes=10, cells=5)
        assert network == aw.replay(nasbench201(), (3, 32, 32), list(zip(EDGES, ops, strict=True))).architecture
        assert count_trainable_parameters(compile_architecture(network, (3, 32, 32), seed=0)) == size


def test_the_network_learns_the_digits():
    """Ten steps on 64 of scikit-learn's digits more than halve the loss."""
    images, labels = load_digits(return_X_y=True)
    x = torch.tensor(images[:64], dtype=torch.float32).reshape(-1, 1, 8, 8) / 8 - 1
    y = torch.tensor(labels[:64])
    model = compile_architecture(
        choose_operations(CELLS["every operation"], classes=10, cells=1), (1, 8, 8), seed=0
    ).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    losses: list[float] = []
    for _ in range(10):
        loss = functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0], losses
