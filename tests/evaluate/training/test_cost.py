"""What a trial knows of its model: work that is worked out by hand, and measurements that follow what is measured."""

import pytest
import torch
from hypothesis import given, settings
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import archwright as aw
from archwright.core.errors import ArchwrightError
from archwright.evaluate.data.loading import load_dataset
from archwright.evaluate.data.tensors import to_device
from archwright.evaluate.network.compile import compile_architecture
from archwright.evaluate.training.cost import MEASURED_BATCH_SIZE, PeakMemory, measure_cost, take_measured_batch
from tests.evaluate.network.test_compile import architectures, shapes

CPU = torch.device("cpu")
MIB = 2**20


def test_flops_are_two_for_each_multiplication_with_its_addition_of_one_image():
    network = aw.sequential(
        aw.conv2d(filters=4, size=3),  # 4 maps of 8x8, each from 3x3 of 2 channels
        aw.batch_norm(),
        aw.relu(),
        aw.max_pool2d(size=2),
        aw.affine(units=5),  # from 4 maps of 4x4
    )
    by_hand = 2 * (4 * 8 * 8 * 3 * 3 * 2) + 2 * (4 * 4 * 4 * 5)
    for images in (1, 7):
        assert (
            measure_cost(compile_architecture(network, (2, 8, 8), 0), torch.randn(images, 2, 8, 8))["flops"] == by_hand
        )


@given(architectures, shapes)
@settings(max_examples=40)
def test_flops_are_those_of_torch_s_own_counter(architecture, shape):
    try:
        model = compile_architecture(architecture, shape, 0).eval()
    except ArchwrightError:
        return
    images = torch.randn(2, *shape)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(images)
    assert measure_cost(model, images)["flops"] == counter.get_total_flops() / 2


class Pauses(nn.Module):
    """Takes as long for each pass by the clock as it is told, and remembers in which mode it was."""

    def __init__(self, clock, *pauses: float) -> None:
        super().__init__()
        self.clock, self.pauses, self.modes = clock, list(pauses), []

    def forward(self, x):
        self.modes.append(self.training)
        self.clock.advance(self.pauses.pop(0))
        return x


def test_the_latency_is_the_median_after_a_warm_up_of_a_model_that_is_not_training(clock):
    model = Pauses(clock, 0.2, 0.01, 0.1, 0.02)
    assert measure_cost(model.train(), torch.ones(4))["latency_seconds"] == pytest.approx(0.02)
    assert model.modes == [False] * 4


def test_a_fast_model_is_looked_at_more_often(clock):
    """Until that has taken 10 ms, and nine times at most."""
    for pause, times in ((0.0, 9), (0.001, 9), (0.0024, 5), (0.0026, 4)):
        model = Pauses(clock, *[pause] * 20)
        assert measure_cost(model, torch.ones(4))["latency_seconds"] == pytest.approx(pause)
        assert len(model.modes) == 1 + times


def test_the_batch_has_one_size_also_where_there_are_fewer_images():
    data = to_device(load_dataset("digits"), CPU)
    assert take_measured_batch(data).shape == (MEASURED_BATCH_SIZE, 1, 8, 8)
    few = to_device(load_dataset("digits"), CPU)
    object.__setattr__(few, "train", type(few.train)(few.train.images[:5], few.train.labels[:5]))
    assert torch.equal(take_measured_batch(few)[5:10], take_measured_batch(few)[:5])


def test_memory_is_what_was_taken_since_the_beginning():
    earlier = torch.ones(64 * MIB // 4)  # before: it does not count

    def take() -> float:
        memory = PeakMemory(CPU)
        torch.ones(32 * MIB // 4)
        return memory.measure()["peak_memory_bytes"]

    peaks = [take() for _ in range(4)]  # nor does the peak of a time before
    # Linux counts pages in batches: it may be off by half a MiB. And it may take pages away meanwhile that nobody uses.
    assert 31 * MIB <= max(peaks) < 48 * MIB
    memory = PeakMemory(CPU)
    assert memory.measure()["peak_memory_bytes"] < 8 * MIB
    assert earlier[0] == 1


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_memory_of_a_gpu_is_what_its_tensors_took():
    device = torch.device("cuda")
    earlier = torch.ones(64 * MIB // 4, device=device)
    memory = PeakMemory(device)
    torch.ones(32 * MIB // 4, device=device)
    assert memory.measure() == {"peak_memory_bytes": 32 * MIB}
    assert earlier.is_cuda
