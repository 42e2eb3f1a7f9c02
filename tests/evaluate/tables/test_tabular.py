"""Evaluators over tables: the real ones where they are at hand, and small ones made here."""

import math
from pathlib import Path

import numpy as np
import pytest

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.input import as_input
from archwright.core.protocols import Job
from archwright.core.spaces.fcnet import HYPERPARAMETERS, build_fcnet
from archwright.core.spaces.nasbench201 import EDGES, OPERATIONS, build_network, build_space, nasbench201
from archwright.evaluate.tables.fcnet import Fcnet
from archwright.evaluate.tables.nasbench201 import DATASET_CLASSES, Nasbench201
from archwright.evaluate.tables.tabular import BadTable, NotInTable
from tests.comparison_logs import write_full_table
from tests.paths import DATA
from tests.strategies import name_randomly

TABLES = DATA / "nas"
FULL = Budget(200, "epochs")
needs_tables = pytest.mark.skipif(not TABLES.exists(), reason=f"there are no tables in {TABLES}")


def cell(*ops: str, space: aw.Term | None = None) -> aw.Term:
    """The architecture with these operations, in the benchmark's order of edges."""
    node = aw.root(space or nasbench201(), (3, 32, 32))
    for op in ops:
        node = node.choose(op)
    return node.architecture


def small_table(folder: Path) -> str:
    """Two cells: one of convolutions with three runs, one of skip connections with two."""
    names = list(OPERATIONS)
    columns = {"ops": np.array([[3] * 6, [1] * 6], np.int8), "op_names": np.array([name.encode() for name in names])}
    runs = np.array([[90.0, 91.0, 92.0], [50.0, 52.0, math.nan]])
    for dataset in DATASET_CLASSES:
        columns |= {
            f"{dataset}_val_acc_200ep": runs,
            f"{dataset}_test_acc_200ep": np.array([94.0, 60.0]),
            f"{dataset}_val_acc_12ep": np.array([80.0, 40.0]),
            f"{dataset}_test_acc_12ep": np.array([81.0, 41.0]),
            f"{dataset}_train_time_200ep_s": np.array([2000.0, 1000.0]),
            f"{dataset}_params_M": np.array([1.5, 0.1]),
            f"{dataset}_latency_s": np.array([0.02, 0.01]),
        }
    np.savez(folder / "table.npz", **columns)
    return str(folder / "table.npz")


def test_nasbench201_scores_by_hand(tmp_path):
    """One run drawn by the seed, the mean of those there are, the test accuracy, and simulated time."""
    path = small_table(tmp_path)
    convolutions, skips = cell(*["nor_conv_3x3"] * 6), cell(*["skip_connect"] * 6)
    drawn = Nasbench201(path)
    assert [drawn.look_up(convolutions, FULL, seed).metrics["accuracy"] for seed in range(4)] == [0.9, 0.91, 0.92, 0.9]
    assert {drawn.look_up(skips, FULL, seed).metrics["accuracy"] for seed in range(9)} == {0.5, 0.52}
    mean = Nasbench201(path, runs="mean")
    row = mean.look_up(skips, FULL, 0)
    assert row.metrics == {"accuracy": 0.51, "test_accuracy": 0.6, "parameters": 1e5, "latency_seconds": 0.01}
    assert row.seconds == 1000
    short = mean.look_up(convolutions, Budget(12, "epochs"), 0)
    assert (short.metrics["accuracy"], short.metrics["test_accuracy"], short.seconds) == (0.8, 0.81, 120)
    test = Nasbench201(path, split="test")
    assert test.look_up(convolutions, FULL, 5).metrics["accuracy"] == 0.94


def test_what_the_table_does_not_hold_is_said(tmp_path):
    table = Nasbench201(small_table(tmp_path))
    with pytest.raises(NotInTable, match=r"budget is 5epochs.*12epochs and 200epochs"):
        table.look_up(cell(*["nor_conv_3x3"] * 6), Budget(5, "epochs"), 0)
    with pytest.raises(NotInTable, match="no cell of NAS-Bench-201"):
        table.look_up(aw.affine(10), FULL, 0)
    with pytest.raises(NotInTable, match=r"table\.npz has no row for the operations \(0, 0, 0, 0, 0, 0\)"):
        table.look_up(cell(*["none"] * 6), FULL, 0)
    smaller = build_space(aw.cell(EDGES, **OPERATIONS), channels=8)
    with pytest.raises(NotInTable, match=r"has channels=8 and cells=5; .* networks of channels=16 and cells=5"):
        table.look_up(cell(*["nor_conv_3x3"] * 6, space=smaller), FULL, 0)
    with pytest.raises(NotInTable, match="sequential is no cell of NAS-Bench-201"):
        table.look_up(aw.sequential(cell(*["nor_conv_3x3"] * 6), aw.relu()), FULL, 0)


def test_a_network_with_names_is_in_the_table(tmp_path):
    network = cell(*["nor_conv_3x3"] * 6)
    named = aw.sequential(*network.children[:-1], classifier=network.children[-1])
    assert Nasbench201(small_table(tmp_path)).look_up(named, FULL, 0).metrics["test_accuracy"] == 0.94


def test_edges_in_another_order_are_the_same_cell(tmp_path):
    """What is on an edge counts, not where it stands; other edges are another cell."""
    path = write_full_table(tmp_path)
    with np.load(path) as archive:  # the accuracy of each cell is the index of its row
        np.savez(path, **{**archive, "cifar10_test_acc_200ep": np.arange(5.0**6)})
    table = Nasbench201(path, split="test")
    ops = [OPERATIONS[name] for name in ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "none", "none")]
    usual = aw.topology(EDGES, *ops)
    turned = aw.topology([EDGES[i] for i in (0, 2, 1, 5, 4, 3)], *(ops[i] for i in (0, 2, 1, 5, 4, 3)))
    row = 1 * 5**4 + 2 * 5**3 + 3 * 5**2
    assert [table.look_up(each, FULL, 0).metrics["accuracy"] for each in (usual, turned)] == [row / 100] * 2
    with pytest.raises(NotInTable, match="topology is no cell"):
        table.look_up(aw.topology([(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6)], *ops), FULL, 0)


def test_names_of_modules_make_no_other_cell(tmp_path):
    """Whatever is named: an operation, the cell, or the network around it; of FC-Net, a layer."""
    table = Nasbench201(small_table(tmp_path))
    network, operations = cell(*["nor_conv_3x3"] * 6), [OPERATIONS["nor_conv_3x3"]] * 5
    named_cell = aw.topology(EDGES, *operations, last=OPERATIONS["nor_conv_3x3"], name="normal")
    for architecture in (network.with_name("net"), build_network(named_cell), named_cell):
        assert table.look_up(architecture, FULL, 0) == table.look_up(network, FULL, 0)
    configuration = aw.sample(aw.root(aw.named_space("fcnet", 1), (9,)), iter([0.3] * 9).__next__).architecture
    Fcnet("table.npz").require_architecture(name_randomly(configuration, seed=0))
    with pytest.raises(NotInTable, match="sequential is no configuration of the table"):
        Fcnet("table.npz").require_architecture(aw.sequential(configuration, last=aw.relu()))


def test_a_space_is_held_against_a_table_before_a_search(tmp_path):
    """One that has some of its architectures may be searched."""
    nasbench = Nasbench201(small_table(tmp_path))
    fits = [nasbench201(), aw.cell(EDGES, **OPERATIONS, other=aw.relu())]
    for space in fits:
        nasbench.check_space(space, as_input((3, 32, 32)), None)
    for space in (aw.affine(10), aw.cell([(0, 1)], **OPERATIONS)):
        with pytest.raises(NotInTable, match=r"table\.npz has no results for this space: .* is no cell"):
            nasbench.check_space(space, as_input((3, 32, 32)), None)
    np.savez(
        tmp_path / "fcnet.npz",
        config_index=np.zeros((1, 9), np.int8),
        **{name: np.zeros((1, 4)) for name in ("val_loss", "train_time_s")},
        n_params=np.zeros(1),
    )
    fcnet = Fcnet(str(tmp_path / "fcnet.npz"))
    fcnet.check_space(aw.named_space("fcnet", 1), as_input((9,)), None)
    of = {name: values[0] for name, values in HYPERPARAMETERS.items()}
    table = fcnet
    assert table.look_up(build_fcnet(of, 1), FULL, 0).metrics["loss"] == 0
    more = aw.sequential(build_fcnet(of, 1), aw.relu())
    first, second, *rest = build_fcnet(of, 1).children
    normalised = aw.sequential(first, second, aw.batch_norm(), *rest)
    for other in (more, normalised, build_fcnet(of, 2), build_fcnet({**of, "n_units_1": 17}, 1)):
        with pytest.raises(NotInTable, match="is no configuration of the table; search the space fcnet"):
            table.look_up(other, FULL, 0)
    with pytest.raises(NotInTable, match=r"fcnet\.npz has no results for this space: .* search the space fcnet"):
        fcnet.check_space(nasbench201(), as_input((3, 32, 32)), None)


def test_bad_tables_are_refused_by_name(tmp_path):
    with pytest.raises(BadTable, match=r"no file .*nothing\.npz"):
        Nasbench201(str(tmp_path / "nothing.npz")).look_up(cell(*["none"] * 6), FULL, 0)
    with pytest.raises(BadTable, match=r"is a folder; give the path of the benchmark's \.npz$"):
        Nasbench201(str(tmp_path)).load()
    with pytest.raises(BadTable, match=r"paths, those in a log too, begin in the current folder$"):
        Nasbench201("nowhere/table.npz").load()
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(BadTable, match=r"text\.npz cannot be read"):
        Fcnet(str(tmp_path / "text.npz")).look_up(aw.affine(1), FULL, 0)
    np.savez(tmp_path / "other.npz", val_los=np.zeros(3))
    with pytest.raises(BadTable, match=r"no column"):
        Fcnet(str(tmp_path / "other.npz")).look_up(aw.affine(1), FULL, 0)
    with pytest.raises(BadTable, match=r"dataset is 'cifar'.*cifar10"):
        Nasbench201("table.npz", dataset="cifar")


def test_evaluator_answers_at_once_and_survives_what_is_not_there(tmp_path):
    """What is not there has ended as soon as it began."""
    evaluator = Nasbench201(small_table(tmp_path)).open(workers=2)
    assert evaluator.slots == 2
    evaluator.submit(Job(0, 1, cell(*["nor_conv_3x3"] * 6), FULL, 1))
    evaluator.submit(Job(1, 1, cell(*["none"] * 6), FULL, 1))
    (bad,), (good,) = evaluator.collect(0.0), evaluator.collect(0.0)
    assert (good.status, good.metrics["accuracy"], good.seconds) == ("ok", 0.91, 2000.0)
    assert bad.status == "invalid"
    assert evaluator.collect(0.0) == []


def test_a_short_training_is_no_beginning_of_a_long_one(tmp_path):
    """So the 200 epochs cost all of them, whatever the trial was told to continue."""
    table = Nasbench201(small_table(tmp_path))
    assert not table.can_continue
    evaluator = table.open()
    evaluator.submit(Job(3, 1, cell(*["nor_conv_3x3"] * 6), FULL, 1, 0, continued_budget=Budget(12, "epochs")))
    (result,) = evaluator.collect(0.0)
    assert result.seconds == 2000


@pytest.fixture(scope="module")
def cells() -> list[aw.Term]:
    """All of the benchmark."""
    return [leaf.architecture for leaf in aw.enumerate_leaves(nasbench201(), (3, 32, 32))]


@needs_tables
@pytest.mark.parametrize(
    ("dataset", "validation", "test"),
    [("cifar10", 91.607, 94.373), ("cifar100", 73.493, 73.513), ("imagenet16_120", 46.733, 47.311)],
)
def test_best_of_the_real_table_are_the_published_ones(cells, dataset, validation, test):
    path = str(TABLES / "nasbench201_tabular.npz")
    by_validation = Nasbench201(path, dataset, "validation", "mean")
    by_test = Nasbench201(path, dataset, "test")
    best = [
        max(table.look_up(each, FULL, 0).metrics["accuracy"] for each in cells) for table in (by_validation, by_test)
    ]
    assert best == pytest.approx([validation / 100, test / 100], abs=6e-6)


@needs_tables
def test_parameters_of_cells_are_the_published_ones():
    """What the language counts for the benchmark's network is what its authors measured, for every 41st cell."""
    archive = np.load(TABLES / "nasbench201_tabular.npz")
    names = list(map(str, archive["op_names"].astype(str)))
    for dataset, classes, shape in (("cifar10", 10, (3, 32, 32)), ("imagenet16_120", 120, (3, 16, 16))):
        space, sizes = nasbench201(classes), archive[f"{dataset}_params_M"]
        for i in range(0, 15_625, 41):
            architecture = cell(*(names[op] for op in archive["ops"][i]), space=space)
            assert architecture.parameters(shape) == pytest.approx(sizes[i] * 1e6, abs=0.51)


@needs_tables
def test_fcnet_looks_up_what_was_chosen():
    """Every configuration has its row, and the best is the published one."""
    archive = np.load(TABLES / "fcnet_protein_structure.npz")
    table = Fcnet(str(TABLES / "fcnet_protein_structure.npz"), runs="mean")
    order = ["batch_size", "init_lr", "lr_schedule", "n_units_1", "activation_fn_1", "dropout_1"]
    order += ["n_units_2", "activation_fn_2", "dropout_2"]
    columns = list(HYPERPARAMETERS)
    best = int(archive["val_loss"].mean(axis=1).argmin())
    for i in (0, 777, 31_104, 62_207, best):
        node = aw.root(aw.named_space("fcnet", 1), (9,))
        for name in order:
            node = node.choose(HYPERPARAMETERS[name][archive["config_index"][i][columns.index(name)]])
        row = table.look_up(node.architecture, FULL, 0)
        assert row.metrics["loss"] == pytest.approx(float(archive["val_loss"][i].mean()))
        assert row.metrics["parameters"] == archive["n_params"][i] == node.architecture.parameters((9,))
    assert row.metrics["loss"] == pytest.approx(0.22138, abs=5e-6)


def test_spaces_have_the_published_sizes():
    assert aw.count(nasbench201()) == 15_625
    assert aw.count(nasbench201(connected=True)) == 15_284
    assert aw.count(aw.named_space("fcnet", 1)) == 62_208


def test_connected_space_offers_no_cut():
    """With the first three edges cut, only the direct one can connect the output: `none` is not offered there."""
    node = aw.root(nasbench201(connected=True), (3, 32, 32))
    for _ in range(3):
        node = node.choose("none")
    assert list(node.choice.domain) == [op for op in OPERATIONS if op != "none"]
    assert len({leaf.path for leaf in aw.enumerate_leaves(nasbench201(connected=True), (3, 32, 32))}) == 15_284
