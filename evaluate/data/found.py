"""What was found in a data set, for people: a line that says it, and lines that warn of what may be amiss."""

from collections.abc import Iterator, Sequence

from archwright.evaluate.data.dataset import DataInfo
from archwright.evaluate.data.images import Counts, times

NAMED = 4  # classes whose numbers are told one by one; of more, the least and the most
GIGABYTE = 1e9  # bytes, from which on it is told how much memory the images take


def found(info: DataInfo) -> str:
    """In one line: the images of each split and class, their shape, and what was decided and passed over."""
    splits = [_split(info, name, count) for name, count in _sizes(info).items() if count]
    size = info.input_shape[0] * info.input_shape[1] * info.input_shape[2] * sum(_sizes(info).values())
    memory = [f"{size / GIGABYTE:.1f} GB in memory"] if size >= GIGABYTE else []
    remarks = "; ".join([*memory, *info.remarks])
    classes = f"{info.classes} classes ({_some(info.class_names)})"
    return f"{info.name}: {times(info.input_shape)}, {classes}: {', '.join(splits)}{'; ' * bool(remarks)}{remarks}"


def warnings(info: DataInfo) -> Iterator[str]:
    """A line for each split without an image of some class, as where a class has fewer images than there are splits."""
    for split, counts in info.by_class.items():
        absent = [name for name, count in zip(info.class_names, counts, strict=True) if not count]
        if absent:
            yield (
                f"warning: no {split} image of {info.name} is of {_some(absent)}; for each split to have one of every "
                "class, a class needs at least as many images as there are splits"
            )


def _sizes(info: DataInfo) -> dict[str, int]:
    return {"train": info.train, "validation": info.validation, "test": info.test}


def _split(info: DataInfo, name: str, size: int) -> str:
    counts = info.by_class.get(name)
    return f"{name} {size:,}" + (f" ({_of_each(info.class_names, counts)})" if counts else "")


def _of_each(names: Sequence[str], counts: Counts) -> str:
    if len(names) <= NAMED and len(set(counts)) > 1:
        return ", ".join(f"{name} {count:,}" for name, count in zip(names, counts, strict=True))
    low, high = min(counts), max(counts)
    return f"{low:,} a class" if low == high else f"{low:,} to {high:,} a class"


def _some(names: Sequence[str]) -> str:
    """Names, or the first and the last of many."""
    return ", ".join(names) if len(names) <= NAMED else f"{', '.join(names[: NAMED - 1])} ... {names[-1]}"
