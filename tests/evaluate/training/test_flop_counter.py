"""The work of a model, each kind of module against a number worked out by hand."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from archwright.evaluate.training.cost import measure_cost
from archwright.evaluate.training.flop_counter import count_flops

# Sequences of T steps of I numbers; H hidden numbers; 2 heads; F numbers within.
T, I, H, HEADS, F = 5, 8, 4, 2, 16  # noqa: E741
ATTENTION = 2 * (T * 3 * I * I + T * T * I + T * T * I + T * I * I)  # to q, k, v; q by k; by v; out
LAYER = ATTENTION + 2 * (T * I * F + T * F * I)


def count(model: nn.Module, *inputs: Tensor, **more) -> int | None:
    model.eval()
    with torch.no_grad():
        return count_flops(model, lambda: model(*inputs, **more))


def sequences(n: int = 2) -> Tensor:
    return torch.randn(n, T, I)


class Attends(nn.Module):
    """What a person writes: no weights at all."""

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return functional.scaled_dot_product_attention(q, k, v)


def test_attention_by_hand():
    """3 heads, 7 queries and 5 keys of 4 numbers, values of 6: 7x5 products of 4, then 7x5 of 6."""
    q, k, v = (torch.randn(2, 3, *shape) for shape in ((7, 4), (5, 4), (5, 6)))
    assert count(Attends(), q, k, v) == 2 * 2 * 3 * 7 * 5 * (4 + 6)
    same = torch.randn(2, 3, 5, 4)  # which has a fused kernel on a CPU
    assert count(Attends(), same, same, same) == 2 * 2 * 3 * 5 * 5 * (4 + 4)


@pytest.mark.parametrize("need_weights", [True, False])
def test_multihead_attention_by_hand(need_weights):
    x = sequences()
    model = nn.MultiheadAttention(I, HEADS, batch_first=True)
    assert count(model, x, x, x, need_weights=need_weights) == 2 * ATTENTION


def test_a_transformer_by_hand():
    """Also of several layers, and with the fast path, which is on again afterwards."""
    layer = nn.TransformerEncoderLayer(I, HEADS, F, batch_first=True)
    assert count(layer, sequences()) == 2 * LAYER
    assert count(nn.TransformerEncoder(layer, 3), sequences()) == 2 * 3 * LAYER
    assert torch.backends.mha.get_fastpath_enabled()
    decoder = nn.TransformerDecoderLayer(I, HEADS, F, batch_first=True)
    assert count(decoder, sequences(), sequences()) == 2 * (LAYER + ATTENTION)


GATES = {nn.RNN: 1, nn.GRU: 3, nn.LSTM: 4}


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", GATES, ids=lambda kind: kind.__name__)
def test_recurrent_layers_by_hand(kind, layers, directions, batch_first):
    """Each gate takes the input, or what both directions below say, and its own direction's hidden numbers."""
    model = kind(I, H, layers, bidirectional=directions == 2, batch_first=batch_first)
    widths = [I] + [directions * H] * (layers - 1)
    by_hand = 2 * T * directions * GATES[kind] * sum(width * H + H * H for width in widths)
    x = sequences(3)
    assert count(model, x if batch_first else x.transpose(0, 1)) == 3 * by_hand


def test_projections_of_a_recurrent_layer_by_hand():
    """Hidden numbers are projected from H to 2 after each step."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "LSTM with projections is not supported with oneDNN")  # torch's own affair
        flops = count(nn.LSTM(I, H, proj_size=2, batch_first=True), sequences())
    assert flops == 2 * 2 * T * (4 * (I * H + 2 * H) + 2 * H)


@pytest.mark.parametrize(("kind", "gates"), [(nn.RNNCell, 1), (nn.GRUCell, 3), (nn.LSTMCell, 4)], ids=str)
def test_cells_by_hand(kind, gates):
    assert count(kind(I, H), torch.randn(3, I)) == 3 * 2 * gates * (I * H + H * H)


def test_packed_sequences_count_their_own_steps():
    """Of 5 and of 2 steps."""
    packed = nn.utils.rnn.pack_padded_sequence(sequences(), torch.tensor([5, 2]), batch_first=True)
    assert count(nn.GRU(I, H, batch_first=True), packed) == 2 * 7 * 3 * (I * H + H * H)


LAYERS = [
    (nn.Linear(I, 3), (T, I), 2 * T * I * 3),
    (nn.Conv1d(2, 3, 4, groups=1), (2, 9), 2 * 6 * 3 * 2 * 4),
    (nn.Conv2d(4, 6, 3, groups=2), (4, 5, 5), 2 * 3 * 3 * 6 * 2 * 9),
    (nn.Conv3d(1, 2, 2), (1, 3, 3, 3), 2 * 8 * 2 * 8),
    (nn.ConvTranspose2d(2, 3, 2), (2, 4, 4), 2 * 16 * 2 * 3 * 4),
]


@pytest.mark.parametrize(("model", "shape", "by_hand"), LAYERS, ids=lambda each: type(each).__name__)
def test_layers_by_hand(model, shape, by_hand):
    assert count(model, torch.randn(2, *shape)) == 2 * by_hand


def test_bilinear_by_hand():
    assert count(nn.Bilinear(I, H, 3), torch.randn(2, I), torch.randn(2, H)) == 2 * 2 * (3 * I * H + 3 * H)


FREE = [
    (nn.Embedding(9, I), torch.randint(9, (2, T))),
    (nn.EmbeddingBag(9, I), torch.randint(9, (2, T))),
    (nn.BatchNorm1d(T), sequences()),
    (nn.LayerNorm(I), sequences()),
    (nn.RMSNorm(I), sequences()),
    (nn.GroupNorm(1, T), sequences()),
    (nn.InstanceNorm1d(T, affine=True), sequences()),
    (nn.PReLU(), sequences()),
    (nn.ReLU(), sequences()),
    (nn.Softmax(-1), sequences()),
    (nn.MaxPool1d(2), sequences()),
    (nn.AvgPool1d(2), sequences()),
    (nn.Dropout(), sequences()),
]


@pytest.mark.parametrize(("model", "x"), FREE, ids=lambda each: type(each).__name__)
def test_what_counts_as_nothing_by_definition(model, x):
    assert count(model, x) == 0


class Vision(nn.Module):
    """A token and positions of its own, scaled, looked up and cast: none of it is a product but the last."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.randn(1, 1, I))
        self.positions = nn.Parameter(torch.randn(T + 1, I))
        self.scale = nn.Parameter(torch.ones(I))
        self.weight = nn.Parameter(torch.randn(3, I))

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([self.token.expand(len(x), 1, I), x], 1) + self.positions[torch.arange(T + 1)]
        return (x * self.scale.softmax(0)).half().float() @ self.weight.half().float().T


def test_weights_of_a_person_s_own_module():
    assert count(Vision(), sequences()) == 2 * 2 * (T + 1) * I * 3


class Far(nn.Module):
    """Distances to places that are learned, for which there is no formula."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(I, I)
        self.places = nn.Parameter(torch.randn(3, I))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cdist(self.first(x), self.places.half().float())


def test_no_flops_are_better_than_too_few():
    """Where a weight is used in a way whose cost nobody has told, a copy of it too, there is no number."""
    assert count(Far(), torch.randn(2, I)) is None
    known = measure_cost(Far(), torch.randn(2, I))
    assert "flops" not in known
    assert known["latency_seconds"] > 0


class Elsewhere(nn.Module):
    """A layer that computes where nobody counts."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.layer, self.where = nn.Linear(I, 3), where

    def forward(self, x: Tensor) -> Tensor:
        if self.where == "numpy":
            return torch.from_numpy(x.numpy() @ self.layer.weight.detach().numpy().T)
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(self.layer, x).result()


@pytest.mark.parametrize("where", ["numpy", "a thread"])
def test_no_flops_where_nothing_was_seen_of_a_model_with_weights(where):
    """A 0 would have a search for few of them prefer it."""
    assert count(Elsewhere(where), torch.randn(2, I)) is None


def test_a_vector_is_a_matrix_of_one_column():
    class Head(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return x[0] @ self.weight[0] + torch.dot(x[0, 0], self.weight[1])

    assert count(Head(I, 2), sequences()) == 2 * T * I + 2 * I
