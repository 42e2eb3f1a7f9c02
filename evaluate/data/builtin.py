"""The built-in data sets: MNIST, Fashion-MNIST and CIFAR are downloaded when first read, digits needs no files."""

import gzip
import struct
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np
from attrs import frozen
from filelock import FileLock
from numpy.typing import NDArray

from archwright.evaluate.data.dataset import WHITE, BadData, Images, NoSuchData, SourceInfo, count_labels
from archwright.store.named_paths import make_folder

# The names of classes, which the files of these data sets do not hold, in the order of the labels.
FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_CIFAR10 = "airplane automobile bird cat deer dog frog horse ship truck"
_CIFAR100 = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish
forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle
mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine
possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle wardrobe whale
willow_tree wolf woman worm
"""
CIFAR10_CLASSES, CIFAR100_CLASSES = tuple(_CIFAR10.split()), tuple(_CIFAR100.split())
DIGIT_CLASSES = tuple("0123456789")

BUILTINS = {
    "digits": SourceInfo((1, 8, 8), DIGIT_CLASSES, (178, 182, 177, 183, 181, 182, 181, 179, 174, 180)),
    "mnist": SourceInfo(
        (1, 28, 28),
        DIGIT_CLASSES,
        (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
        test=(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
    ),
    "fashion_mnist": SourceInfo((1, 28, 28), FASHION_CLASSES, (6000,) * 10, test=(1000,) * 10),
    "cifar10": SourceInfo((3, 32, 32), CIFAR10_CLASSES, (5000,) * 10, test=(1000,) * 10),
    "cifar100": SourceInfo((3, 32, 32), CIFAR100_CLASSES, (500,) * 100, test=(100,) * 100),
}
BUILTIN_NAMES = tuple(BUILTINS)
DATA_DIR_REMEDY = "give --data-dir (data_dir= in Python), or set ARCHWRIGHT_DATA, to the folder that it is in"
TORCHVISION_NAMES = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "cifar10": "CIFAR10", "cifar100": "CIFAR100"}


def open_builtin(name: str, root: Path) -> "Builtin":
    """The source of the built-in data set `name`, whose files lie under `root`."""
    if name == "digits":
        return DigitsSource()
    return MnistSource(name, root) if name.endswith("mnist") else CifarSource(name, root)


def require_local_builtin(name: str, root: Path) -> None:
    """Nothing, if the built-in data set `name` can be read without a download; else NoSuchData."""
    if not open_builtin(name, root).is_local:
        raise NoSuchData(f"{name} is not in {root.resolve()}; {DATA_DIR_REMEDY}")


@frozen
class DigitsSource:
    """1,797 handwritten digits of 8x8 pixels in 17 shades, part of scikit-learn."""

    is_local: ClassVar[bool] = True

    def describe(self) -> SourceInfo:
        """What it holds."""
        return BUILTINS["digits"]

    def read(self) -> tuple[Images, None, None]:
        """All of them; there are no other splits."""
        table = _read_digits()
        images = np.round(table[:, :-1].reshape(-1, 1, 8, 8) * (WHITE / 16)).astype(np.uint8)
        return Images(images, table[:, -1].astype(np.int64)), None, None


def _read_digits() -> NDArray[np.float64]:
    """A row for each digit: its 64 pixels, 0 to 16, and its label.

    Importing scikit-learn takes two seconds of every worker, so its file is read without it, where that is found.
    """
    package = find_spec("sklearn")
    folders = (package.submodule_search_locations if package else None) or ()
    for folder in map(Path, folders):
        if (file := folder / "datasets" / "data" / "digits.csv.gz").is_file():
            return np.loadtxt(file, delimiter=",")
    from sklearn.datasets import load_digits

    return np.column_stack(list(map(np.asarray, load_digits(return_X_y=True))))


@frozen
class MnistSource:
    """MNIST, or a data set in its format: four idx files, gzipped or not, which are read where they are."""

    name: str
    root: Path

    def describe(self) -> SourceInfo:
        """What it holds."""
        return BUILTINS[self.name]

    def read(self) -> tuple[Images, None, Images]:
        """The images for training and those for testing."""
        if not self.is_local:
            _download(self.name, self.root)
        return self._read_split("train"), None, self._read_split("t10k")

    @property
    def is_local(self) -> bool:
        """Whether any of its files are on disk."""
        return self._folder is not None

    @property
    def _folder(self) -> Path | None:
        folders = (self.root / TORCHVISION_NAMES[self.name] / "raw", self.root / "raw", self.root)
        return next((folder for folder in folders if any(folder.glob("train-images-idx3-ubyte*"))), None)

    def _read_split(self, prefix: str) -> Images:
        folder = self._folder or self.root
        images_file, labels_file = (
            _find_idx(folder, f"{prefix}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1")
        )
        images = Images(read_idx(images_file)[:, None], read_idx(labels_file).astype(np.int64))
        info = self.describe()
        counts = info.train if prefix == "train" else info.test
        if images.images.shape != (len(images), *info.input_shape) or count_labels(images.labels, 10) != counts:
            raise BadData(
                f"{images_file} and the labels beside it are not those of {self.name}; give images of your own as an "
                "npz"
            )
        return images


def _find_idx(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise NoSuchData(f"there is no {name} or {name}.gz in {folder}; all four files of the data set are needed")


def read_idx(path: Path) -> np.ndarray:
    """The uint8 array of an idx file, the format of MNIST, gzipped if its name says so; raises BadData."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            zero, kind, rank = struct.unpack(">HBB", file.read(4))
            shape = struct.unpack(f">{rank}I", file.read(4 * rank))
            if (zero, kind) != (0, 8):
                raise ValueError(f"it begins with {zero}, {kind}")
            return np.frombuffer(bytearray(file.read()), np.uint8).reshape(shape)
    except (OSError, EOFError, ValueError, struct.error) as error:
        raise BadData(f"{path} is no idx file of bytes, or not all of one ({error}); download it again") from error


@frozen
class CifarSource:
    """CIFAR-10 or CIFAR-100, read by torchvision."""

    name: str
    root: Path

    def describe(self) -> SourceInfo:
        """What it holds."""
        return BUILTINS[self.name]

    def read(self) -> tuple[Images, None, Images]:
        """The images for training and those for testing."""
        try:
            return self._read_split(train=True), None, self._read_split(train=False)
        except RuntimeError:  # torchvision's error for files that are missing or damaged
            _download(self.name, self.root)
            return self._read_split(train=True), None, self._read_split(train=False)

    @property
    def is_local(self) -> bool:
        """Whether its folder is on disk."""
        from torchvision import datasets

        return (self.root / getattr(datasets, TORCHVISION_NAMES[self.name]).base_folder).is_dir()

    def _read_split(self, *, train: bool) -> Images:
        from torchvision import datasets

        dataset = getattr(datasets, TORCHVISION_NAMES[self.name])(self.root, train=train)
        return Images(np.ascontiguousarray(dataset.data.transpose(0, 3, 1, 2)), np.asarray(dataset.targets, np.int64))


def _download(name: str, root: Path) -> None:
    """Downloads the data set to `root`, one process at a time; raises NoSuchData, and then leaves no new folders."""
    from torchvision import datasets

    lock = root / f".{name}.lock"
    folder = root / TORCHVISION_NAMES[name] / "raw" if name.endswith("mnist") else root
    try:
        with make_folder(folder), FileLock(lock):
            try:
                getattr(datasets, TORCHVISION_NAMES[name])(root, download=True)
            except BaseException:
                lock.unlink(missing_ok=True)  # processes that wait for it create it again
                raise
    except (OSError, RuntimeError) as error:
        raise NoSuchData(
            f"{name} is not in {root.resolve()} and could not be downloaded ({error}); {DATA_DIR_REMEDY}"
        ) from error


Builtin = DigitsSource | MnistSource | CifarSource
