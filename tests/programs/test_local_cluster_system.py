from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.cluster.local import cgroups, cluster, locks, mounts, network, processes, remains, teardown
from tests.cluster.local.__main__ import main
from tests.cluster.local.errors import ClusterError
from tests.cluster.local.paths import Paths
from tests.cluster.local.processes import Process, boot_id

MOUNTINFO = r"""21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 21 0:25 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
40 21 0:30 / /var/lib/x/a\040b rw,relatime shared:5 master:6 - tmpfs tmpfs rw
41 40 0:31 / /var/lib/x/a\040b/c rw - overlay overlay rw
42 21 0:32 / /var/lib/xy rw - tmpfs tmpfs rw
"""


def test_mountinfo_with_spaces_and_optional_fields() -> None:
    parsed = mounts.parse(MOUNTINFO)
    assert [mount.kind for mount in parsed] == ["ext4", "cgroup", "tmpfs", "overlay", "tmpfs"]
    assert parsed[2].target == Path("/var/lib/x/a b")


def test_mounts_below_a_folder_are_not_those_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "mounted", lambda: mounts.parse(MOUNTINFO))
    assert mounts.below([Path("/var/lib/x")]) == [Path("/var/lib/x/a b"), Path("/var/lib/x/a b/c")]


def stat_line(name: str, state: str) -> str:
    return f"7 ({name}) {state} " + " ".join(str(number) for number in range(4, 50))


def test_start_time_behind_any_name() -> None:
    assert processes.parse_start_time(stat_line("a) R (b", "S")) == 22


def test_a_zombie_does_not_run() -> None:
    assert processes.parse_start_time(stat_line("kubelet", "Z")) is None


def own_process() -> Process:
    started = processes.parse_start_time(Path("/proc/self/stat").read_text())
    assert started is not None
    return Process(name="self", pid=os.getpid(), started=started, boot=boot_id())


def test_a_reused_number_is_another_process() -> None:
    own = own_process()
    assert own.alive
    for other in (
        Process(own.name, own.pid, own.started - 1, own.boot),
        Process(own.name, own.pid, own.started, "another boot"),
    ):
        assert not other.alive
        other.kill(signal.SIGKILL)


def test_the_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "processes.json"
    assert processes.read_record(path) == []
    processes.write_record(path, [own_process()])
    assert processes.read_record(path) == [own_process()]


def test_a_started_process_has_a_session_of_its_own_and_can_be_stopped(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = "import os, time; print(os.getcwd(), os.getsid(0) == os.getpid(), flush=True); time.sleep(60)"
    process = processes.spawn("sleeper", [sys.executable, "-c", code], log)
    try:
        for _ in range(500):
            if log.exists() and log.read_text().endswith("\n"):
                break
            threading.Event().wait(0.01)
        assert process.alive
    finally:
        processes.stop([process], total_timeout=5)
    assert not process.alive
    assert log.read_text() == "/ True\n"


def test_starting_what_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="missing"):
        processes.spawn("nothing", [tmp_path / "nothing"], tmp_path / "log")


def test_only_our_programs_with_our_folders_are_found(tmp_path: Path) -> None:
    code = "import time; print('up', flush=True); time.sleep(60)"
    program = tmp_path / "kubelet"
    program.symlink_to(sys.executable)
    with (
        subprocess.Popen([program, "-c", code, f"--config={tmp_path}/state/x"], stdout=subprocess.PIPE) as ours,
        subprocess.Popen([program, "-c", code, f"--config={tmp_path}/statement"], stdout=subprocess.PIPE) as foreign,
        subprocess.Popen([sys.executable, "-c", code, f"--config={tmp_path}/state/x"], stdout=subprocess.PIPE) as other,
    ):
        try:
            for started in (ours, foreign, other):
                assert started.stdout  # in the first moments of a process its command line cannot be read
                assert started.stdout.readline() == b"up\n"
            found = processes.find_ours([tmp_path / "state"])
        finally:
            for started in (ours, foreign, other):
                started.kill()
    assert [process.pid for process in found] == [ours.pid]


def test_a_lock_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lock"
    order: list[str] = []
    waits = threading.Event()
    monkeypatch.setattr(locks, "say", lambda message: waits.set())

    def second() -> None:
        with locks.locked(path, waiting_for="the first one"):
            order.append("second")

    with locks.locked(path, waiting_for="nobody"):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(timeout=10)
        order.append("first")
    thread.join(timeout=10)
    assert order == ["first", "second"]


def test_without_root_one_line_names_the_way_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["up"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1
    assert "K8S_PIPELINE_TEST_KUBECONFIG" in said.err


def test_down_names_what_it_could_not_remove(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster, "down", lambda: ["mount /x", "cgroup /y"])
    assert main(["down"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "error: still there: mount /x",
        "error: still there: cgroup /y",
    ]


def test_leftovers_of_every_kind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(teardown, "find_ours", lambda folders: [Process("etcd", 1, 2, "boot")])
    monkeypatch.setattr(mounts, "below", lambda folders: [Path("/m")])
    monkeypatch.setattr(network, "leftovers", lambda: ["network interface br"])
    monkeypatch.setattr(cgroups, "existing", lambda: [Path("/c")])
    monkeypatch.setattr(remains, "remains", lambda paths, sockets: [Path("/f")])
    paths = Paths(cache=tmp_path / "cache", state=tmp_path / "state", run=tmp_path / "run")
    assert teardown.leftovers(paths) == [
        "process 1 (etcd)",
        "mount /m",
        "network interface br",
        "cgroup /c",
        "file /f",
    ]


def test_the_cache_that_a_cluster_was_started_with_is_found(tmp_path: Path) -> None:
    used = Paths(cache=tmp_path / "used", state=tmp_path / "state")
    other = Paths(cache=tmp_path / "other", state=tmp_path / "state")
    used.containerd_root.mkdir(parents=True)
    used.containerd_dirty.touch()
    used.state.mkdir()
    assert teardown.used_cache(other) is None
    used.active_cache.symlink_to(used.cache)
    assert teardown.used_cache(other) == used
