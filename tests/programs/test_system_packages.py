"""How system packages are installed, beside an apt-get that is as difficult as a machine's can be."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from tests.cluster.local import apt, packages
from tests.cluster.local.errors import ClusterError
from tests.images import debian
from tests.images.errors import ImageBuildError
from tests.programs.pod import wait_for

pytestmark = pytest.mark.timeout(60)

# Refuses a second one at the same time as the real one does, notes what it is called with, and installs files.
APT_GET = """\
#!/bin/sh
here={here}
while [ "$1" = -o ]; do shift 2; done
refuse() {{ echo "Reading package lists..."; printf 'E: %s\\n' "$@" >&2; exit 100; }}
mkdir $here/busy 2>/dev/null || {{ echo collision >> $here/log; refuse "Could not get lock $here/busy." "locked"; }}
trap 'rmdir $here/busy' EXIT
echo "$@" >> $here/log
{behaviour}
[ "$1" = install ] || exit 0
shift
for name; do case $name in -*) ;; *) touch $here/bin/$name; chmod +x $here/bin/$name ;; esac; done
"""
FRONTEND = (
    "Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (unattended-upgr)",
    "Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?",
)


class Machine:
    """Where only this apt-get and what it installs is found."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder, folder / "bin"
        self.bin.mkdir()

    def has_apt_get(self, behaviour: str = "") -> None:
        program = self.bin / "apt-get"
        program.write_text(APT_GET.format(here=self.folder, behaviour=dedent(behaviour)))
        program.chmod(0o755)

    def missing(self, *names: str) -> Callable[[], list[str]]:
        return lambda: [name for name in names if not (self.bin / name).exists()]

    @property
    def log(self) -> list[str]:
        log = self.folder / "log"
        return log.read_text().splitlines() if log.exists() else []

    @property
    def commands(self) -> list[str]:
        return [line.split()[0] for line in self.log]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    monkeypatch.setenv("PATH", f"{machine.bin}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(apt, "LOCK", tmp_path / "packages.lock")
    monkeypatch.setattr(apt, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(apt, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return machine


def refused_times(times: int, *errors: str) -> str:
    """What apt-get does that fails so often, then works."""
    words = " ".join(f'"{error}"' for error in errors)
    return f"""
        if [ $(grep -c . $here/log) -le {times} ]; then refuse {words}; fi
        """


@pytest.mark.parametrize(
    "errors",
    [
        FRONTEND,
        FRONTEND[1:],
        ("Could not get lock /var/cache/apt/archives/lock. It is held by process 7 (apt)", "Unable to lock directory"),
        ("Could not get lock /var/lib/dpkg/lock - open (11: Resource temporarily unavailable)", "Unable to lock"),
        ("dpkg: error: dpkg frontend lock was locked by another process with pid 7", "Sub-process returned an error"),
    ],
)
def test_the_lock_of_another_is_waited_for(
    machine: Machine, errors: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    machine.has_apt_get(refused_times(3, *errors))
    apt.install(machine.missing("conntrack"))
    assert machine.commands == ["install"] * 4
    said = capfd.readouterr().err
    assert said.count("waiting for apt's lock") == 1


def test_the_lock_of_the_package_lists_is_waited_for_as_well(machine: Machine) -> None:
    machine.has_apt_get(
        """
        if [ $1 = install ] && [ ! -e $here/lists ]; then refuse "Unable to locate package conntrack"; fi
        if [ $1 = update ] && [ $(grep -c update $here/log) -lt 3 ]
        then refuse "Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)"; fi
        touch $here/lists
        """
    )
    apt.install(machine.missing("conntrack"))
    assert machine.commands == ["install", "update", "update", "update", "install"]


def test_a_lock_that_is_never_free_is_given_up_by_the_name_of_who_holds_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.has_apt_get(refused_times(10**6, *FRONTEND))
    monkeypatch.setattr(apt, "PATIENCE_SECONDS", 0.2)
    with pytest.raises(ClusterError) as failed:
        apt.install(machine.missing("conntrack"))
    said = str(failed.value)
    assert said.startswith("cannot install conntrack: Could not get lock /var/lib/dpkg/lock-frontend.")
    assert "(unattended-upgr)" in said
    assert said.endswith("; another program installs packages and does not end: try again once it has")
    assert "update" not in machine.commands


@pytest.mark.parametrize(
    "error",
    [
        "Unable to locate package conntrack",
        "Package 'conntrack' has no installation candidate",
        "Failed to fetch http://debian.example/conntrack_1.deb  404  Not Found [IP: 192.0.2.1 80]",
    ],
)
def test_empty_and_old_package_lists_are_fetched_anew(machine: Machine, error: str) -> None:
    machine.has_apt_get(refused_times(1, error))
    apt.install(machine.missing("conntrack"))
    assert machine.commands == ["install", "update", "install"]


def test_a_source_that_is_gone_does_not_matter_when_another_has_the_package(machine: Machine) -> None:
    machine.has_apt_get(
        """
        case $1 in
        update) touch $here/lists; refuse "The repository 'http://gone.example stable' has no Release file." ;;
        install) [ -e $here/lists ] || refuse "Unable to locate package conntrack" ;;
        esac
        """
    )
    apt.install(machine.missing("conntrack"))
    assert machine.missing("conntrack")() == []


@pytest.mark.parametrize(
    ("error", "hint", "calls"),
    [
        (
            "dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.",
            "run `dpkg --configure -a`, and try again",
            ["install"],
        ),
        (
            "Unmet dependencies. Try 'apt --fix-broken install' with no packages (or specify a solution).",
            "run `apt-get --fix-broken install`, and try again",
            ["install"],
        ),
        ("You don't have enough free space in /var/cache/apt/archives/.", "make room on the disk", ["install"]),
        (
            "Failed to fetch http://debian.example/  Temporary failure resolving 'debian.example'",
            "check the network and apt's sources",
            ["install", "update", "install"],
        ),
        ("It broke", "It broke", ["install", "update", "install"]),
    ],
)
def test_what_cannot_be_installed_is_one_line_with_what_helps(
    machine: Machine, error: str, hint: str, calls: list[str]
) -> None:
    machine.has_apt_get(refused_times(10**6, error))
    with pytest.raises(ClusterError) as failed:
        apt.install(machine.missing("conntrack"))
    said = str(failed.value)
    assert said.startswith(f"cannot install conntrack: {error}")
    assert hint in said
    assert len(said.splitlines()) == 1
    assert machine.commands == calls


def test_why_the_package_lists_could_not_be_fetched_is_said(machine: Machine) -> None:
    machine.has_apt_get(
        """
        [ $1 = install ] || refuse "Failed to fetch http://debian.example  Could not connect"
        refuse "Unable to locate package conntrack"
        """
    )
    with pytest.raises(ClusterError, match=r"Unable to locate .* \(apt-get update: Failed to fetch .* not connect\)"):
        apt.install(machine.missing("conntrack"))


def test_one_installation_at_a_time(machine: Machine, capfd: pytest.CaptureFixture[str]) -> None:
    """As cluster and images are built, side by side."""
    machine.has_apt_get(
        """
        touch $here/began
        until [ -e $here/go ]; do sleep 0.01; done
        """
    )
    needs = [("containerd", "mmdebstrap"), ("mmdebstrap",), ("other",)]
    installing = [threading.Thread(target=apt.install, args=(machine.missing(*names),)) for names in needs]
    installing[0].start()
    wait_for((machine.folder / "began").exists)
    for thread in installing[1:]:
        thread.start()
    said = ""

    def all_wait() -> bool:
        nonlocal said
        said += capfd.readouterr().err
        return said.count("waiting for another installation") == 2

    wait_for(all_wait)
    (machine.folder / "go").touch()
    for thread in installing:
        thread.join()
    # One that was installed meanwhile is not installed again.
    assert sorted(line.split()[-1] for line in machine.log) == ["mmdebstrap", "other"]
    assert "collision" not in machine.log


def test_one_installation_at_a_time_of_two_processes(machine: Machine) -> None:
    machine.has_apt_get(
        """
        touch $here/began
        until [ -e $here/go ]; do sleep 0.01; done
        """
    )
    program = """
        import sys
        from pathlib import Path
        from tests.cluster.local import apt
        folder, name = Path(sys.argv[1]), sys.argv[2]
        apt.LOCK, apt.POLICY, apt.os.geteuid = folder / "packages.lock", folder / "policy-rc.d", lambda: 0
        apt.install(lambda: [] if (folder / "bin" / name).exists() else [name])
        """
    command = [sys.executable, "-c", dedent(program), str(machine.folder)]
    with subprocess.Popen([*command, "containerd"]) as one:
        wait_for((machine.folder / "began").exists)
        with subprocess.Popen([*command, "mmdebstrap"], stderr=subprocess.PIPE, text=True) as two:
            assert two.stderr
            assert "waiting for another installation of packages" in two.stderr.readline()
            (machine.folder / "go").touch()
            two.communicate()
    assert (one.returncode, two.returncode) == (0, 0)
    assert [line.split()[-1] for line in machine.log] == ["containerd", "mmdebstrap"]


def test_services_of_what_is_installed_stay_stopped_and_those_of_others_do_not(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As Debian's packages ask whether their service may start: 101 forbids it.
    machine.has_apt_get(
        "$here/policy-rc.d containerd start; echo $? > $here/ours; cp -p $here/policy-rc.d $here/policy"
    )
    apt.install(machine.missing("containerd"))
    assert (machine.folder / "ours").read_text() == "101\n"
    others = subprocess.run([machine.folder / "policy", "ssh", "restart"], env={}, check=False)
    assert others.returncode == 104
    assert not (machine.folder / "policy-rc.d").exists()


def test_a_policy_of_the_machine_stays(machine: Machine) -> None:
    machine.has_apt_get()
    apt.POLICY.write_text("#!/bin/sh\nexit 0\n")
    apt.install(machine.missing("containerd"))
    assert apt.POLICY.read_text() == "#!/bin/sh\nexit 0\n"


def test_a_policy_that_a_killed_installation_left_behind_is_removed(machine: Machine) -> None:
    machine.has_apt_get(refused_times(10**6, "dpkg was interrupted"))
    apt.POLICY.write_text(apt._POLICY_TEXT)
    with pytest.raises(ClusterError):
        apt.install(machine.missing("containerd"))
    assert not apt.POLICY.exists()


def test_without_root_the_command_is_named(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.has_apt_get()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ClusterError, match="missing: conntrack nftables; as root, run: apt-get install conntrack nfta"):
        apt.install(machine.missing("conntrack", "nftables"))
    assert machine.log == []


def test_a_package_without_the_program_that_is_wanted_of_it(machine: Machine) -> None:
    machine.has_apt_get("exit 0")
    with pytest.raises(ClusterError, match="programs of these packages are still missing: conntrack"):
        apt.install(machine.missing("conntrack"))


def test_cluster_and_images_install_alike(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "missing_packages", machine.missing("containerd", "mmdebstrap"))
    monkeypatch.setattr(debian, "find", lambda name: name if (machine.bin / name).exists() else None)
    machine.has_apt_get(refused_times(10**6, "dpkg was interrupted"))
    with pytest.raises(ClusterError, match=r"dpkg --configure -a.*K8S_PIPELINE_TEST_KUBECONFIG"):
        packages.ensure_packages()
    with pytest.raises(ImageBuildError, match="dpkg --configure -a"):
        debian.ensure_tools()
    machine.has_apt_get()
    debian.ensure_tools()
    packages.ensure_packages()
    assert [line.split()[-1] for line in machine.log[-2:]] == ["mmdebstrap", "containerd"]
