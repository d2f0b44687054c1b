"""Each form of a kubeconfig, what kubectl does with it, and what we do: forms.yaml, made into files."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives import serialization

from tests.kubeconfigs.standin import StandIn

KUBECTL = "v1.34.4"
"""What kubectl does was recorded with this one; tests/cluster/test_kubeconfigs.py asks that of the cluster again."""
REFUSED = "refused: "


@dataclass(frozen=True)
class Form:
    """A form of a kubeconfig: what differs in it from one that works.

    ``<ca>``, ``<certificate>``, ``<key>``, ``<other-key>`` and ``<encrypted-key>`` stand for PEM, with ``-64`` for its
    base64; ``<address>`` for the server's and ``<folder>`` for where the kubeconfig lies.

    Attributes:
        form: What is special about it, as the documentation calls it.
        kubectl: As whom kubectl comes to the server, as `StandIn.who` says it; or a part of its words, after
            ``refused: ``.
        ours: The same of us; as kubectl if empty.
        user: The user's entry. Its ``plugin`` stands for an exec plugin that is a shell script: a ``script``, or what
            it ``prints``.
        cluster: Laid over the cluster's entry; null takes away.
        context: The context's entry.
        config: Laid over the whole; null takes away.
        text: The whole as it is written.
        files: What lies beside it; programs may be run unless ``executable`` says no.
        words: Options of the command line.
        environ: Environment.
        tls: Whether the server speaks TLS.
        server_name: What its certificate says.
        code: Our exit code where we refuse.
    """

    form: str
    kubectl: str
    ours: str = ""
    user: Any = field(default_factory=lambda: {"token": "geheim-1"})
    cluster: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=lambda: {"cluster": "one", "user": "me"})
    config: dict[str, Any] = field(default_factory=dict)
    text: str | None = None
    files: dict[str, str] = field(default_factory=dict)
    executable: bool = True
    words: list[str] = field(default_factory=list)
    environ: dict[str, str] = field(default_factory=dict)
    tls: bool = True
    server_name: str = "127.0.0.1"
    code: int = 1

    @property
    def expected(self) -> str:
        """What we do."""
        return self.ours or self.kubectl

    @property
    def row(self) -> str:
        """Its row in the table of the documentation."""
        ours = "the same" if self.expected == self.kubectl else self.expected
        return "| " + " | ".join(_cell(text) for text in (self.form, self.kubectl, ours)) + " |"

    @property
    def starts_a_program(self) -> bool:
        """Whether an exec plugin is run."""
        return self.form.startswith("exec")

    def write(self, server: StandIn, folder: Path) -> list[str]:
        """Write the kubeconfig and what it names into a folder, and return the options that lead to it."""
        pair = server.client("jane")
        texts = {
            "ca": server.ca,
            "certificate": pair.certificate.decode(),
            "key": pair.key.decode(),
            "other-key": server.client("joe").key.decode(),
            "encrypted-key": _encrypted(pair.key),
        }
        stand_for = {f"<{name}>": text for name, text in texts.items()}
        stand_for |= {f"<{name}-64>": base64.b64encode(text.encode()).decode() for name, text in texts.items()}
        stand_for |= {"<address>": server.address, "<folder>": str(folder)}
        whole = self.text if self.text is not None else yaml.safe_dump(_filled(self._config(server), stand_for))
        for name, content in {**self.files, "config": whole}.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(str(_filled(content, stand_for)))
            path.chmod(0o700 if name.startswith("bin/") and self.executable else 0o600)
        return [*([] if "KUBECONFIG" in self.environ else ["--kubeconfig", str(folder / "config")]), *self.words]

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the environment that belongs to it."""
        return {name: value.replace("<folder>", str(folder)) for name, value in self.environ.items()}

    def _config(self, server: StandIn) -> dict[str, Any]:
        cluster = {"server": f"{server.scheme}://<address>", "certificate-authority-data": "<ca-64>"}
        return _laid_over(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "here",
                "clusters": [{"name": "one", "cluster": _laid_over(cluster, self.cluster)}],
                "contexts": [{"name": "here", "context": self.context}],
                "users": [{"name": "me", "user": _with_plugin(self.user)}],
            },
            self.config,
        )


@cache
def forms() -> tuple[Form, ...]:
    """Return all forms, in the order of the documentation."""
    found = yaml.safe_load(Path(__file__).with_name("forms.yaml").read_text())
    return tuple(Form(**form) for form in found)


def credential(version: str = "v1", **status: Any) -> str:
    """Return a shell command that prints an ExecCredential."""
    document = {"apiVersion": f"client.authentication.k8s.io/{version}", "kind": "ExecCredential", "status": status}
    return f"cat <<'.'\n{json.dumps(document)}\n.\n"


def _cell(text: str) -> str:
    text = " ".join(text.replace("|", "\\|").split())
    begin, colon, words = text.partition(": ")
    # As somebody's words, so that nothing in them is taken for a mark.
    return f"{begin}: `{words.replace('`', chr(39))}`" if colon and begin == "refused" else text.replace("<", "&lt;")


def _encrypted(key: bytes) -> str:
    loaded = serialization.load_pem_private_key(key, None)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return loaded.private_bytes(pem, pkcs8, serialization.BestAvailableEncryption(b"geheim")).decode()


def _with_plugin(user: Any) -> Any:
    if not isinstance(user, dict) or "plugin" not in user:
        return user
    given = dict(user["plugin"])
    script = given.get("script") or credential(given.get("prints_version", "v1"), **given.get("prints", {}))
    command = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "sh",
        "args": ["-c", script],
        "interactiveMode": "Never",
        **given.get("exec", {}),
    }
    return {**{key: value for key, value in user.items() if key != "plugin"}, "exec": command}


def _laid_over(base: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**base, **above}.items() if value is not None}


def _filled(value: Any, stand_for: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, stand_for) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, stand_for) for item in value]
    if isinstance(value, str):
        for name, text in stand_for.items():
            # Inside JSON, which the text of a file or a script may be, a line end is written otherwise.
            value = value.replace(name, json.dumps(text)[1:-1] if "{" in value else text)
    return value
