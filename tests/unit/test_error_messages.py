"""The snapshot of error messages has none that the program cannot say any more."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.cluster.support.messages import ROOT, SNAPSHOT

_PLAIN = re.compile(r"[a-z'`(]*[a-z]{2,}[,;:.)`]*")
_IN_A_ROW = 2
"""So many words that nobody says are no names."""

OTHERS = re.compile(
    # Operating system, OpenSSL, YAML's parser, pydantic and JSON.
    r"No such file or directory|Address already in use|Failed to establish a new connection"
    r"|certificate verify failed: .*|did not find expected node content|found unexpected end of stream"
    r"|(Input|String|it) (should|must) (be|have) .*|[Ii]nput is too short|Out of range float values .*"
    # The API server, and what tests have it say.
    r"|Apply failed with \d+ conflicts?: conflicts? with"
    r"|ValidatingAdmissionPolicy '.*' with binding '.*' denied request: .*|dial tcp|admission webhook .*"
    r"|error looking up service account .*|exceeded quota: .*|violates PodSecurity .*|\S+ is forbidden: .*"
    r"|(the policy says no|made up by the test|etcd is away|nothing is deleted here|secrets are f\w+) ?.*"
    # OpenMetadata, and what kubeconfigs and contexts of tests are called.
    r"|Injected fault.*|it lacks permissions in its namespace|get it at https://acme\.test|context here of"
)


@cache
def _said() -> tuple[str, ...]:
    """All texts of the program, the longest first; of those with places to fill in, what is between these."""
    found = set[str]()
    for path in (ROOT / "k8s_pipeline_client").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {piece.strip() for piece in re.split(r"\{[^{}]*\}", node.value)}
    return tuple(sorted((text for text in found if len(text) > 2), key=len, reverse=True))


def nobody_says(message: str) -> Iterator[str]:
    """Yield the words in a row that no text of the program has, nor anybody whom it quotes."""
    covered = bytearray(len(message))
    for found in OTHERS.finditer(message):
        covered[found.start() : found.end()] = b"\1" * len(found[0])
    for text in _said():
        at = message.find(text)
        while at >= 0:
            if not _cuts_a_word(message, at, at + len(text)):
                covered[at : at + len(text)] = b"\1" * len(text)
            at = message.find(text, at + 1)
    row = list[str]()
    for word in re.finditer(r"\S+|$", message):
        is_covered = sum(covered[word.start() : word.end()]) >= 0.6 * len(word[0])
        if _PLAIN.fullmatch(word[0]) and not is_covered:
            row.append(word[0])
            continue
        if len(row) >= _IN_A_ROW:
            yield " ".join(row)
        row = []


def _cuts_a_word(message: str, start: int, end: int) -> bool:
    return (start > 0 and message[start - 1 : start + 1].isalnum()) or (
        end < len(message) and message[end - 1 : end + 1].isalnum()
    )


def test_every_message_is_one_that_the_program_can_say() -> None:
    stale = {line: found for line in Path(SNAPSHOT).read_text().splitlines() if (found := list(nobody_says(line)))}

    assert stale == {}, "no code says these words: take the lines out of the snapshot"


def test_words_that_nobody_says_are_seen() -> None:
    assert list(nobody_says("run UUID is still queued after 0 s; gladly frobnicated anyhow")) == [
        "gladly frobnicated anyhow"
    ]
