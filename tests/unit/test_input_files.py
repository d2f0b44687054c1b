"""Files of any kind and size: what is read has a limit, and what is not read is said."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from k8s_pipeline_client import inputfile
from k8s_pipeline_client.cli import files as cli_files
from k8s_pipeline_client.cli import folders
from k8s_pipeline_client.inputfile import MAX_BYTES, UnreadableError, read_limited
from tests.cluster.support.program import Result, call

NAMES = "pipelines/01_postgres_metadata_daily.json", "services/postgres.json"


@pytest.fixture
def definitions(tmp_path: Path, samples: Path) -> Path:
    """A folder with a pipeline and its service."""
    folder = tmp_path / "definitions"
    for name in NAMES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((samples / name).read_bytes())
    return folder


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputfile, "_FIFO_SECONDS", 0.3)


def refused(result: Result, *words: str) -> None:
    assert result.code == 2, result
    assert result.out == ""
    assert result.err.count("\n") == 1, result.err
    for word in words:
        assert word in result.err


def sparse(path: Path, size: int = 10 * 2**30) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


def device(path: Path) -> Path:
    return Path("/dev/zero")


def fifo(path: Path) -> Path:
    os.mkfifo(path)
    return path


def bound_socket(path: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    return path


def missing(path: Path) -> Path:
    return path


KINDS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "huge": (sparse, "it is larger than 4 MiB"),
    "device": (device, "it is a device"),
    "FIFO": (fifo, "it is a FIFO, and nothing was written to it"),
    "socket": (bound_socket, "it is a socket"),
    "missing": (missing, "No such file or directory"),
}
OPTIONS = {
    "-f": ["validate", "-f", "{}"],
    "--service": ["validate", "-f", "{pipeline}", "--service", "{}"],
    "--config": ["config", "--config", "{}"],
    "--override": ["run", "x", "--override", "{}"],
    "--token-file": ["rotate-token", "--token-file", "{}"],
    "--server-token-file": ["list", "--from-server", "--server", "http://localhost:1", "--server-token-file", "{}"],
}


@pytest.mark.parametrize("words", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize(("make", "why"), KINDS.values(), ids=KINDS)
def test_what_is_no_usable_file_is_refused_by_every_option(
    tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], make: Callable[[Path], Path],
    why: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("k8s_pipeline_client.cli.options.Globals.client", lambda self: None)
    path = make(tmp_path / "x.yaml")
    filled = [word.format(path, pipeline=samples / NAMES[0]) for word in words]
    refused(call(filled), str(path), why)


@pytest.mark.parametrize("setting", ["serverTokenFile", "sslConfig.certificatePath"])
def test_files_that_settings_name(tmp_path: Path, samples: Path, setting: str) -> None:
    path = sparse(tmp_path / "token")
    first, _, second = setting.partition(".")
    value = f"{{{second}: {path}}}" if second else str(path)
    text = f"metadataApiEndpoint: http://om:8585/api\nserverToken: a.b.c\nverifySSL: validate\n{first}: {value}\n"
    config = tmp_path / "settings.yaml"
    config.write_text(text.replace("serverToken: a.b.c\n", "") if first == "serverTokenFile" else text)
    entity = tmp_path / "p.json"
    entity.write_text((samples / NAMES[0]).read_text().replace("openMetadataServerConnection", "ignored"))
    files = ["-f", str(entity), "-f", str(samples / NAMES[1])]
    refused(call(["--config", str(config), "validate", *files]), setting, "it is larger than 4 MiB")


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    assert len(read_limited(sparse(tmp_path / "x", MAX_BYTES))) == MAX_BYTES
    with pytest.raises(UnreadableError, match="larger than 4 MiB"):
        read_limited(sparse(tmp_path / "y", MAX_BYTES + 1))


def test_standard_input_has_the_same_limit() -> None:
    refused(call(["validate", "-f", "-"], given=" " * (MAX_BYTES + 1)), "standard input", "larger than 4 MiB")
    refused(call(["rotate-token", "--token-file", "-"], given="x" * (MAX_BYTES + 1)), "standard input", "4 MiB")


def test_the_empty_device_is_an_empty_file() -> None:
    assert call(["--config", "/dev/null", "config", "-o", "name"]).code == 0
    refused(call(["validate", "-f", "/dev/null"]), "/dev/null is empty")


def test_a_fifo_that_somebody_writes_to(tmp_path: Path, samples: Path) -> None:
    path = fifo(tmp_path / "x.json")
    text = (samples / NAMES[0]).read_bytes()
    writer = threading.Thread(target=path.write_bytes, args=(text,))
    writer.start()
    assert read_limited(path) == text
    writer.join(10)


def test_a_fifo_without_end(tmp_path: Path) -> None:
    path = fifo(tmp_path / "x.json")

    def write() -> None:
        with pytest.raises(BrokenPipeError), path.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 2**16)

    writer = threading.Thread(target=write)
    writer.start()
    with pytest.raises(UnreadableError, match="larger than 4 MiB"):
        read_limited(path)
    writer.join(10)
    assert not writer.is_alive()


def test_all_files_together_have_a_limit(definitions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_files, "MAX_TOTAL_BYTES", 2**20)
    assert call(["validate", "-f", str(definitions)]).code == 0
    (definitions / "z.yaml").write_text("# " + "x" * 2**20)
    refused(call(["validate", "-f", str(definitions)]), "z.yaml are larger than 1 MiB together", "fewer")
    (definitions / "z.yaml").rename(definitions.parent / "z.yaml")
    words = ["-f", str(definitions), "--service", str(definitions.parent / "z.yaml")]
    refused(call(["validate", *words]), "z.yaml are larger than 1 MiB together")


def test_an_ordinary_folder_makes_no_words(definitions: Path) -> None:
    """Other files and what begins with a dot are no definitions, and a mounted ConfigMap is made of links."""
    (definitions / "README.md").write_text("x")
    (definitions / ".git").mkdir()
    (definitions / ".git" / "x.yaml").write_text("x")
    data = definitions / "mounted" / "..data"
    data.mkdir(parents=True)
    (definitions / "services" / "postgres.json").rename(data / "postgres.json")
    (definitions / "mounted" / "postgres.json").symlink_to("..data/postgres.json")
    result = call(["validate", "-f", str(definitions)])
    assert (result.code, result.err) == (0, "")


def test_a_folder_says_what_it_leaves_out(definitions: Path) -> None:
    (definitions / "round").symlink_to(definitions)
    (definitions / "self.yaml").symlink_to("self.yaml")
    (definitions / "gone.yaml").symlink_to("nowhere")
    (definitions / "gone.txt").symlink_to("nowhere")
    fifo(definitions / "pipe.yml")
    bound_socket(definitions / "socket.json")
    (definitions / "zero.json").symlink_to("/dev/zero")
    result = call(["validate", "-f", str(definitions)])
    assert result.code == 0
    assert result.err == (
        f"{definitions}: left out: gone.yaml (a broken symbolic link), pipe.yml (a FIFO), "
        "round (a link to a folder), self.yaml (a broken symbolic link), socket.json (a socket), and 1 more\n"
    )


def test_a_folder_that_cannot_be_read(definitions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests as root may read everything, so the refusal is the test's."""
    scandir = os.scandir

    def refusing(path: str) -> object:
        if Path(path) == refused_folder:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    (definitions / "private").mkdir()
    refused_folder = definitions / "private"
    result = call(["validate", "-f", str(definitions)])
    assert (result.code, result.err) == (0, f"{definitions}: left out: private (Permission denied)\n")
    refused_folder = definitions
    refused(call(["validate", "-f", str(definitions)]), f"folder {definitions} cannot be read: Permission denied")


def test_a_folder_of_too_many_files(definitions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MAX_FILES", 1)
    (definitions / "pipelines" / "two.json").write_text("{}")
    refused(call(["validate", "-f", str(definitions)]), "has more than 1 .json, .yaml, .yml files", "its subfolders")


def test_a_file_that_is_too_large_is_not_passed_over(definitions: Path) -> None:
    """Else a deploy from the folder would look as if all had been deployed."""
    path = sparse(definitions / "dump.json")
    refused(call(["validate", "-f", str(definitions)]), str(path), "4 MiB")
