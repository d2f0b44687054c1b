"""The bot's token is put into the document as a run starts: the entry point gets what was built, byte for byte."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k8s_pipeline_client.launcher import MASK, yamljson
from k8s_pipeline_client.launcher.program import EXIT_UNUSABLE, parse
from k8s_pipeline_client.launcher.token import read_token, token_in, with_token
from k8s_pipeline_client.launcher.unusable import Unusable
from tests.programs.pod import Pod, interpreters

pytestmark = pytest.mark.timeout(60)

TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJpbmdlc3Rpb24tYm90In0.not-a-signature"
SHOW = """
    import hashlib, os
    print(hashlib.sha256(os.environ["config"].encode()).hexdigest())
    print(os.environ["config"])
    """
ANY = (
    st.text() | st.text(st.characters(categories=["Cs"]), max_size=4) | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | ANY,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
    max_leaves=8,
)
PLACES = st.sampled_from([("workflowConfig", "openMetadataServerConfig"), ("openMetadataServerConnection",)])


def _document(**more: Any) -> dict[str, Any]:
    connection = {"clusterName": "x", "securityConfig": {"jwtToken": "", "other": 1}, "hostPort": "y"}
    return {"source": more, "workflowConfig": {"openMetadataServerConfig": connection}, "tail": 1e-07}


@given(st.dictionaries(st.text(), VALUES, max_size=3), VALUES, PLACES, st.text(min_size=1))
def test_what_is_put_together_is_what_was_built(
    around: dict[str, Any], within: Any, place: tuple[str, ...], token: str
) -> None:
    built: dict[str, Any] = {"securityConfig": {"before": within, "jwtToken": token, "after": within}, "z": within}
    for key in reversed(place):
        built = {"a": within, key: built, "z": within}
    built = {**{key: value for key, value in around.items() if key not in ("openMetadataServerConnection",)}, **built}
    stored = yamljson.dumps(with_token(built, ""))
    assert token_in(parse(stored.encode())) == ""
    assert yamljson.dumps(with_token(parse(stored.encode()), token)) == yamljson.dumps(built)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text())
def test_a_file_is_a_token_or_says_what_it_is_not(tmp_path: Path, text: str) -> None:
    path = tmp_path / "om-token-x" / "jwtToken"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode("utf-8"))
    if text.strip():
        assert read_token(str(path)) == text.strip()
    else:
        with pytest.raises(Unusable, match="key jwtToken of Secret om-token-x"):
            read_token(str(path))


@pytest.mark.parametrize("python", interpreters())
def test_the_entry_point_gets_it_and_the_log_does_not(pod: Pod, python: str) -> None:
    pod.python = python
    built = with_token(_document(note="ünlike\u2028 lines"), TOKEN)
    _stored(pod, with_token(built, ""), f"{TOKEN}\n".encode())
    ended = pod.run(SHOW)
    digest, shown = ended.out.splitlines()
    assert digest == hashlib.sha256(yamljson.dumps(built).encode()).hexdigest()
    assert shown == yamljson.dumps(with_token(built, MASK))
    assert pod.document is not None
    assert ended.message["documentSha256"] == hashlib.sha256(pod.document).hexdigest()


def test_references_are_resolved_and_the_token_is_not(pod: Pod) -> None:
    token = "${NOT_A_REFERENCE}-but-a-token"
    _stored(pod, _document(user="${READER}"), token.encode())
    pod.options += ["--resolve", str(pod.folder)]
    ended = pod.run(SHOW, env={"READER": "somebody"})
    built = with_token(_document(user="somebody"), token)
    assert ended.out.splitlines()[0] == hashlib.sha256(yamljson.dumps(built).encode()).hexdigest()


def test_a_document_that_has_a_token_goes_on_with_it(pod: Pod) -> None:
    old = json.dumps(with_token(_document(), "the-token-of-old"), indent=1).encode()
    pod.document = old
    pod.options = ["--token", str(pod.folder / "absent")]
    assert pod.run(SHOW).out.splitlines()[0] == hashlib.sha256(old).hexdigest()


@pytest.mark.parametrize(("token", "words"), [(b"", "is empty"), (b" \n", "is empty"), (b"\xff\xfe", "is not text")])
def test_a_token_that_is_none_is_named(tmp_path: Path, token: bytes, words: str) -> None:
    path = tmp_path / "om-token-x" / "jwtToken"
    path.parent.mkdir()
    path.write_bytes(token)
    with pytest.raises(Unusable, match=rf"bot's token \(key jwtToken of Secret om-token-x\) {words}"):
        read_token(str(path))


def test_a_token_that_is_not_there_is_named_and_nothing_starts(pod: Pod) -> None:
    _stored(pod, _document(), None)
    ended = pod.run("print('started')")
    assert (ended.code, ended.out) == (EXIT_UNUSABLE, "")
    assert ended.err == f"launcher: {ended.message['cause']}\n"
    assert "bot's token (key jwtToken of Secret om-token-x)" in ended.err
    assert "No such file" in ended.err


def _stored(pod: Pod, document: dict[str, Any], token: bytes | None) -> None:
    pod.document = yamljson.dumps(document).encode()
    path = pod.folder / "mount" / "bot-token" / "om-token-x" / "jwtToken"
    path.parent.mkdir(parents=True)
    if token is not None:
        path.write_bytes(token)
    pod.options = ["--token", str(path)]
