"""Workers share the cores that the process really gets, and the system's kills for want of memory explain deaths."""

import os

import pytest

from archwright.evaluate.workers.machine import OomKills, count_cores

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
def test_the_time_that_a_group_gets_counts_as_count_cores(tmp_path, lines, files, expected):
    (tmp_path / "process").mkdir()
    (tmp_path / "process" / "cgroup").write_text(lines)
    for name, content in files.items():
        file = tmp_path / "groups" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content + "\n")
    assert count_cores(tmp_path / "process", tmp_path / "groups") == expected


def test_a_machine_without_control_groups_has_its_count_cores(tmp_path):
    assert count_cores(tmp_path, tmp_path) == MINE


@pytest.fixture
def group(tmp_path):
    """A control group of version 2 in which a process is, with one kill from before."""
    (tmp_path / "process").mkdir()
    (tmp_path / "process" / "cgroup").write_text("0::/job/step\n")
    folder = tmp_path / "groups" / "job" / "step"
    folder.mkdir(parents=True)
    return count(folder / "memory.events", 1)


def count(file, kills):
    file.write_text(f"low 0\nmax 7\noom 9\noom_kill {kills}\noom_group_kill 0\n")
    return file


def kills_of(tmp_path):
    return OomKills(tmp_path / "process", tmp_path / "groups")


def test_a_kill_since_the_job_began_explains_a_death_and_one_from_before_does_not(group, tmp_path):
    kills = kills_of(tmp_path)
    assert kills.count() == 1
    assert kills.explain_death(since=1) is False
    count(group, 2)
    assert kills.explain_death(since=1) is True


def test_one_kill_explains_one_death(group, tmp_path):
    """Two workers die within one attempt each, and the system has killed one of them; then both."""
    kills = kills_of(tmp_path)
    count(group, 2)
    assert [kills.explain_death(since=1), kills.explain_death(since=1)] == [True, False]
    count(group, 4)
    assert [kills.explain_death(since=2), kills.explain_death(since=2), kills.explain_death(since=2)] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("lines", "file"),
    [
        ("11:memory:/docker/1f\n0::/\n", "memory/docker/1f/memory.oom_control"),
        ("4:cpu,memory:/job\n", "memory/job/memory.oom_control"),
        ("4:memory:/of/the/host\n", "memory/memory.oom_control"),
        ("0::/of/the/host\n", "memory.events"),
    ],
    ids=["old", "joint", "old in a container", "container"],
)
def test_the_count_is_that_of_the_group(tmp_path, lines, file):
    (tmp_path / "process").mkdir()
    (tmp_path / "process" / "cgroup").write_text(lines)
    (tmp_path / "groups" / file).parent.mkdir(parents=True, exist_ok=True)
    count(tmp_path / "groups" / file, 123)
    assert kills_of(tmp_path).count() == 123


def test_where_no_group_is_seen_the_machine_s_count_is_taken_or_none_is_known(tmp_path, monkeypatch):
    monkeypatch.setattr("archwright.evaluate.workers.machine.VMSTAT_FILE", count(tmp_path / "vmstat", 5))
    assert kills_of(tmp_path).count() == 5
    monkeypatch.setattr("archwright.evaluate.workers.machine.VMSTAT_FILE", tmp_path / "nowhere")
    assert kills_of(tmp_path).count() is None
    assert kills_of(tmp_path).explain_death(since=None) is None
