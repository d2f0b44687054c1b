"""What the launcher takes for a secret, and that none of it passes."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import urllib.parse

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from k8s_pipeline_client.launcher import MASK, is_secret_key, mask, secret_values
from k8s_pipeline_client.launcher.redact import Masker

PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\nAQEFAASCBKcwggSjAgEA\nshort\n-----END PRIVATE KEY-----"
JWT = "eyJraWQiOiJHYjM4OWEi.eyJzdWIiOiJib3QifQ.c2lnbmF0dXJl-_x"


SECRETS = """
    password PASSWORD db_password passwd pwd userPwd passphrase secret clientSecret consumerSecret secretToken
    token jwtToken JWTToken jwt privateKey private_key privateKeyValue snowflakePrivatekeyPassphrase
    privateKeyPassphrase credential credentials apiKey api_key X-Api-Key apiSecret accessKey awsAccessKeyId
    awsSecretAccessKey awsSessionToken secretAccessKey secretKey sasToken sharedAccessKey accountKey
    connectionString connection_string databaseConnectionString personalAccessTokenSecret personalAccessToken
    accessTokenPassword botToken userToken dbtCloudAuthToken azureClientSecret microsoftAppPassword saslPassword
    basicAuthUserInfo proxyAuthentication authHeader Authorization Cookie sslKey clientKey caCertificate
    sslCertificate caCertValue clientCertValue fernetKey keyStorePassword SSLKeyPassword dnAdminPassword
    refreshToken sasl.jaas.config dsn newPassword
"""


def test_names_of_secrets() -> None:
    assert [name for name in SECRETS.split() if not is_secret_key(name)] == []


NO_SECRETS = """
    username hostPort tokenUrl tokenUri tokenURL tokenEndpoint tokenName tokenType subjectTokenType
    personalAccessTokenName tokenValidity tokenValidationAlgorithm JWTTokenExpiry JWTTokenExpiresAt
    jwtTokenExpiryTime jwtPrincipalClaims jwtTeamClaimMapping jwtPrincipalClaimsMapping jwtissuer
    secretsManagerProvider secretsManagerLoader secretsManager secretsManagerConfiguration passwordPolicy
    createPasswordType privateKeyPath clientkeyPath tlsKeyPath caCertPath clientCertificatePath
    rsaprivateKeyFilePath SSLKeystoreLocation privateKeyId apiKeyId secretName tokenizer authType authProvider
    authMechanism authOptions clientAuthenticationMethod account accountName primaryKey partitionKey kmsKeyId
    keySerializer certification passed compass type name key securityConfig sslConfig awsConfig clientId
    ingestionPipelineFQN serviceName authUri trackingUri
"""


def test_names_about_secrets() -> None:
    assert [name for name in NO_SECRETS.split() if is_secret_key(name)] == []


def test_a_real_document() -> None:
    document = {
        "source": {
            "serviceConnection": {
                "config": {
                    "type": "Snowflake",
                    "username": "OM",
                    "password": "Sn0wfl@ke",
                    "privateKey": PEM,
                    "hostPort": "db:5432",
                    "connectionOptions": {"sslkey": "inline-key", "timeout": "10s"},
                    "supportsUsageExtraction": True,
                    "credentials": {
                        "gcpConfig": {
                            "type": "service_account",
                            "projectId": "my-project",
                            "privateKeyId": "0123456789",
                            "tokenUri": "https://oauth2.googleapis.com/token",
                        }
                    },
                }
            }
        },
        "workflowConfig": {
            "openMetadataServerConfig": {
                "securityConfig": {"jwtToken": JWT},
                "secretsManagerProvider": "managed-aws",
                "extraHeaders": {"Authorization": "Bearer abcdef123", "X-Trace": "visible"},
            }
        },
    }
    assert secret_values(document) == sorted(
        ["Sn0wfl@ke", PEM, *PEM.split("\n")[1:3], "inline-key", JWT, "Bearer abcdef123", "abcdef123"],
        key=lambda value: (-len(value), value),
    )


@pytest.mark.parametrize(
    ("document", "secrets"),
    [
        ({"url": "postgresql+psycopg2://om:p%40ss@db/x"}, {"p%40ss", "p@ss"}),
        ({"url": "mongodb://a:first@h1,mongodb://b:next@h2"}, {"first", "next"}),
        ({"url": "amqp://a:with/slash@h1/"}, {"with/slash"}),
        ({"repositoryUrl": "https://x-access-token:ghp_abc@github.com/o/r"}, {"ghp_abc"}),
        ({"hostPort": "https://om:8585/api"}, set()),
        ({"url": "https://h/x?sig=abc&access_token=t0k3n&n=1"}, {"t0k3n"}),
        ({"options": "Server=x;Password=p w-d;AccountKey='kk kk==';"}, {"kk kk=="}),
        ({"jaas": 'required username="u" password="quoted pass";'}, {"quoted pass"}),
        ({"tokens": ["first-one", {"value": "second-one", "type": "bearer"}]}, {"first-one", "second-one"}),
        ({"headers": [{"name": "X-Api-Key", "value": "header-value"}]}, {"header-value"}),
        ({"env": {"key": "DB_PASSWORD", "value": "by-pair"}}, {"by-pair"}),
        ({"anything": f"a note with {JWT} in it"}, {JWT}),
        ({"keyfile": f"  {PEM}  "}, {PEM}),
        ({"keyfileJson": json.dumps({"private_key": "in-json", "client_id": "shown"})}, {"in-json"}),
        ({"basicAuthUserInfo": "registry:hidden"}, {"registry:hidden", "hidden"}),
        ({"password": "  with-newline\n"}, {"with-newline"}),
    ],
)
def test_secrets_by_their_look(document: object, secrets: set[str]) -> None:
    assert secrets <= set(secret_values(document))
    if not secrets:
        assert secret_values(document) == []


def test_what_is_left_out() -> None:
    values = ["abc", "true", "None", "", "   ", MASK, True, 12345, None]
    assert secret_values({f"password{i}": value for i, value in enumerate(values)}) == []
    assert secret_values(["password", "token"]) == secret_values("password") == []


def test_a_document_that_is_deep_or_long_is_no_trouble() -> None:
    deep: object = "found-it"
    for _ in range(5_000):
        deep = {"token": deep}
    assert secret_values(deep) == ["found-it"]
    assert secret_values({"note": "word " * 100_000}) == []
    assert secret_values({"note": "://a:" * 20_000 + "=" * 20_000}) == []


SECRET = "p\"a'ss\\w/ö+=&\tx😀"


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        json.dumps({"key": SECRET}),
        repr(SECRET),
        ascii(SECRET),
        repr([SECRET, "it's"]),
        repr(json.dumps({"key": SECRET})),
        json.dumps(json.dumps(SECRET)),
        repr(("POST " + SECRET).encode()),
        urllib.parse.quote(SECRET),
        urllib.parse.quote(SECRET, safe=""),
        urllib.parse.quote_plus(SECRET),
        urllib.parse.urlencode({"a": SECRET}),
        "postgresql://u:" + urllib.parse.quote(SECRET, safe=" +"),
        "INSERT '" + SECRET.replace("'", "''") + "'",
    ],
)
def test_every_spelling_is_struck(text: str) -> None:
    struck = mask(text, [SECRET])
    assert MASK in struck
    assert "ss" not in struck


@pytest.mark.parametrize("user", ["", "u", "us", "use", "user"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_at_any_place(user: str, encode: object) -> None:
    encoded = encode(f"{user}:s3cr3t>?ÿ-value!".encode()).decode()  # type: ignore[operator]
    struck = mask(f"Authorization: Basic {encoded}", ["s3cr3t>?ÿ-value!"])
    rest = struck.partition("Basic ")[2].replace(MASK, "")
    assert MASK in struck
    assert len(rest) <= len(base64.b64encode(user.encode())) + 4


def test_a_private_key_line_by_line() -> None:
    log = "\n".join(f"  | {line}" for line in PEM.split("\n"))
    assert mask(log, secret_values({"privateKey": PEM})).split("\n") == [
        "  | -----BEGIN PRIVATE KEY-----",
        f"  | {MASK}",
        f"  | {MASK}",
        "  | short",
        "  | -----END PRIVATE KEY-----",
    ]
    assert mask(json.dumps({"k": PEM}), secret_values({"privateKey": PEM})) == f'{{"k": "{MASK}"}}'
    escaped = PEM.replace("\n", "\\n")  # as in an environment variable
    assert mask(log, secret_values({"privateKey": escaped})).count(MASK) == 2


alphabet = st.text("abAB\n\"'%ö\0", min_size=4, max_size=9)


@given(
    secrets=st.lists(alphabet, max_size=4),
    pieces=st.lists(st.one_of(st.text("abAB\n\"'%ö\0", max_size=12), st.integers(0, 3)), max_size=12),
    cuts=st.lists(st.integers(0, 400), max_size=12),
)
def test_pieces_make_no_difference(secrets: list[str], pieces: list[str | int], cuts: list[int]) -> None:
    text = "".join(x if isinstance(x, str) else secrets[x % len(secrets)] if secrets else "" for x in pieces)
    data = text.encode()
    whole = Masker(secrets).feed(data, last=True)
    masker, start, shown = Masker(secrets), 0, b""
    for cut in [*sorted(cuts), len(data)]:
        shown += masker.feed(data[start:cut])
        start = max(start, cut)
    shown += masker.feed(b"", last=True)
    assert shown == whole
    rest = re.split(re.escape(MASK.encode()), whole)
    assert not any(secret.encode() in part for secret in secrets for part in rest)


class Broken(BaseModel, extra="forbid"):
    auth: int


@pytest.mark.parametrize("key", ["password", "jwtToken", "a"])
@pytest.mark.parametrize("length", [8, 20, 40, 66, 400])
@pytest.mark.parametrize("nested", [True, False])
def test_what_pydantic_has_cut_shows_no_part_of_a_secret(key: str, length: int, nested: bool) -> None:
    secret = "".join(f"{n:02x}" for n in range(200))[-length:]
    shown = {key: secret, "user": "om_reader"}
    with pytest.raises(ValidationError) as caught:
        Broken.model_validate({"auth": {"authtype": shown} if nested else shown})
    text = str(caught.value)

    masked = mask(text, [secret])

    parts = {secret[at : at + 6] for at in range(length - 5)}
    assert [part for part in parts if part in masked] == []
    for size in (1, 7, 64):
        masker = Masker([secret])
        pieces = [masker.feed(text[at : at + size].encode()) for at in range(0, len(text), size)]
        assert b"".join([*pieces, masker.feed(b"", last=True)]).decode() == masked
    # What is wrong is still said, and where.
    assert "input_type=dict" in masked
    assert masked.splitlines()[:2] == text.splitlines()[:2]


def test_what_is_shown_whole_stays() -> None:
    text = "Input should be an integer [type=int, input_value='abc', input_type=str] ... [input_value=1, input_type=i"

    assert mask(text, ["some-secret"]) == text


@given(st.binary(max_size=300), st.lists(st.binary(min_size=1, max_size=40)))
def test_what_is_no_secret_passes_as_it_is(data: bytes, more: list[bytes]) -> None:
    masker = Masker(["never-in-there"])
    assume(b"never-in-there" not in data)
    shown = masker.feed(data) + b"".join(map(masker.feed, more)) + masker.feed(b"", last=True)
    assert shown == data + b"".join(more)


def test_only_the_beginning_of_a_secret_is_held_back() -> None:
    masker = Masker(["secret-value", "secret-value-2"])
    assert masker.feed(b"line\n") == b"line\n"
    assert masker.feed(b"a sec") == b"a "
    assert masker.feed(b"ond\n") == b"second\n"
    assert masker.feed(b"secret-value") == b""  # it may become the longer one
    assert masker.feed(b"-") == b""
    assert masker.feed(b"3") == MASK.encode() + b"-3"
    assert masker.feed(b"secret-value", last=True) == MASK.encode()


def test_texts_that_no_encoding_takes() -> None:
    assert mask("\ud800 and \udcff", ["x\ud800y-"]) == "\ud800 and \udcff"
    assert mask("a x\ud800y- b", ["x\ud800y-"]) == f"a {MASK} b"
    assert mask("anything", []) == "anything"


def test_importing_it_is_cheap_and_does_nothing() -> None:
    heavy = "{'argparse', 'ctypes', 'resource', 'runpy', 'subprocess', 'logging'}"
    # As in the pod, where the package around it is an empty file.
    code = "import sys, os, types; package = types.ModuleType('k8s_pipeline_client'); "
    code += "package.__path__ = ['k8s_pipeline_client']; sys.modules[package.__name__] = package; "
    code += "import k8s_pipeline_client.launcher; "
    code += f"print({heavy} & set(sys.modules), type(os.environ).__module__)"
    folder = __file__.rsplit("/tests/", 1)[0]
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set() os"
