"""Workers share the cores that the process really gets."""

import os

import pytest

from archwright.evaluate.workers.machine import cores

MINE = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("lines", "files", "expected"),
    [
        ("0::/job\n", {"job/cpu.max": "max 100000"}, MINE),
        ("0::/job\n", {"job/cpu.max": "150000 100000"}, 1),
        ("0::/job\n", {"job/cpu.max": "20000 100000"}, 1),
        ("0::/job\n", {"job/cpu.max": "100000 100000", "cpu.max": "99900000 100000"}, 1),
        ("0::/of/the/host\n", {"cpu.max": "100000 100000"}, 1),
        ("3:cpu,cpuacct:/job\n", {"cpu/job/cpu.cfs_quota_us": "100000", "cpu/job/cpu.cfs_period_us": "100000"}, 1),
        ("3:cpu:/job\n", {"cpu/job/cpu.cfs_quota_us": "-1", "cpu/job/cpu.cfs_period_us": "100000"}, MINE),
        ("3:memory:/job\n", {"cpu/job/cpu.cfs_quota_us": "100000", "cpu/job/cpu.cfs_period_us": "100000"}, MINE),
        ("", {}, MINE),
    ],
)
def test_the_time_that_a_group_gets_counts_as_cores(tmp_path, lines, files, expected):
    (tmp_path / "process").mkdir()
    (tmp_path / "process" / "cgroup").write_text(lines)
    for name, content in files.items():
        file = tmp_path / "groups" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content + "\n")
    assert cores(tmp_path / "process", tmp_path / "groups") == expected


def test_a_machine_without_control_groups_has_its_cores(tmp_path):
    assert cores(tmp_path, tmp_path) == MINE
