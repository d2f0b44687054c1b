"""What `render` makes of several definitions that bring tokens of one bot: one Secret, with the newest of them."""

from __future__ import annotations

import base64
import json
from itertools import permutations
from pathlib import Path

import pytest

from tests.cluster.support.definitions import service
from tests.cluster.support.program import Result, call
from tests.cluster.support.tokens import FIRST, SECOND, THIRD, TOKENS, bot_token, entity_with


def _rendered(folder: Path, *tokens: str) -> tuple[Result, list[str]]:
    """Render a pipeline for each token; return the tokens of the Secrets beside what was printed."""
    entities = [entity_with(token, name=f"p{number}") for number, token in enumerate(tokens)]
    path = folder / "all.yaml"
    path.write_text("---\n".join(json.dumps(item) + "\n" for item in (*entities, service())))
    result = call(["render", "-f", str(path), "-o", "json"])
    assert result.code == 0, result.err
    held = [item for item in result.json["items"] if item["kind"] == "Secret" and TOKENS in item["metadata"]["labels"]]
    return result, [base64.b64decode(item["data"]["jwtToken"]).decode() for item in held]


@pytest.mark.parametrize("tokens", list(permutations((FIRST, SECOND, THIRD))))
def test_the_newest_token_is_rendered_whatever_the_order(tmp_path: Path, tokens: tuple[str, ...]) -> None:
    result, held = _rendered(tmp_path, *tokens)
    assert held == [THIRD]
    assert "om-token-openmetadata-ingestion-bot-" in result.err
    assert not any(token in result.err for token in tokens)


def test_of_tokens_that_cannot_be_told_apart_the_first_stays_and_it_is_said(tmp_path: Path) -> None:
    undated = bot_token(issued=None, mark="undated")
    result, held = _rendered(tmp_path, FIRST, undated)
    assert held == [FIRST]
    assert "p1: its token is not used for Secret" in result.err
    assert "which of the two is newer is unknown" in result.err


def test_of_one_token_for_all_nothing_is_said(tmp_path: Path) -> None:
    result, held = _rendered(tmp_path, FIRST, FIRST)
    assert held == [FIRST]
    assert "token" not in result.err
