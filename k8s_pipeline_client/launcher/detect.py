"""Finds the secrets in a workflow document: by the names of keys, and by the format of values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

MASK = "*********"
"""The replacement for a secret; the same as OpenMetadata's."""

MIN_LENGTH = 4
"""Shorter values are not redacted: that would make a log illegible, and hide little."""

MIN_LINE = 8
"""The same for one line of a multi-line secret."""

_NEVER_SECRET = {"true", "false", "none", "null", "True", "False", "None"}

# Names are compared by their letters and digits only: api_key, api-key and apiKey are equal.
_SAYS_SECRET = re.compile(
    r"""
    passw(?:or)?d | pwd | passphrase | passcode | secret | token | jwt | credential | conn(?:ection)?str
    | authorization | bearer | authheader | cookie | userinfo | proxyauth | jaasconfig | certificate | certvalue
    | (?:^|db|user)pass$ | dsn$ | ^pat$
    | (?:private|api|access|account|shared|signing|encryption|fernet|master|client|storage|ssl|tls)key
    """,
    re.IGNORECASE | re.VERBOSE,
)

# Names with these endings describe a secret but do not contain it: tokenUrl, privateKeyPath.
_SAYS_ABOUT = re.compile(
    r"""
    (?: paths? | file | filename | location | dir | directory | ur[li]s? | endpoint | host | hostport | port
    | types? | names? | mode | methods? | mechanism | provider | loader | manager | (?<!jaas)config | configuration
    | policy | expiry(?:time)? | issuer | arn | ref | expires(?:at|in)? | expiration | validity | algorithm | alias
    | status | format | claims? | mapping | audience | scopes? | prefix | source | version | tokenizer
    | (?<!accesskey)ids?
    )$
    """,
    re.IGNORECASE | re.VERBOSE,
)

_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*KEY-----.*?(?:-----END[A-Z -]+|\Z)", re.DOTALL)
_JSON_WEB_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")
_URL_PASSWORDS = (
    re.compile(r"://[^\s:/?#@]*:([^\s@/?#]+)@"),
    # A password that is not escaped properly, and so may contain a slash or an at sign.
    re.compile(r"://[^\s:/?#@]*:(\S{1,1000})@"),
)
_NAME_AND_VALUE = re.compile(r"\b([\w.-]{1,60})=(\"[^\"]*\"|'[^']*'|[^\s;&,\"']+)")
_AUTHORIZATION_SCHEME = re.compile(r"(?:Bearer|Basic|Token|ApiKey) +", re.IGNORECASE)
# Line ends, and escaped ones of a key that was made to fit an environment variable.
_LINE_ENDS = re.compile(r"[\r\n]+|(?:\\[rn])+")


def is_secret_key(name: str) -> bool:
    """Return whether the name of a key says that its value is a secret: ``apiKey``, but not ``tokenUrl``."""
    plain = _plain(name)
    return bool(_SAYS_SECRET.search(plain)) and not _SAYS_ABOUT.search(plain)


def secret_values(document: object) -> list[str]:
    """Return the secrets of a workflow document, longest first.

    These are the strings under keys that :func:`is_secret_key`, the passwords of URLs and of ``name=value`` pairs,
    private keys and JSON web tokens in any string; also within strings that are JSON. Short values and words like
    ``true`` are omitted. Mappings under ``credentials`` are searched key by key, since they also have names and hosts.
    """
    found: set[str] = set()
    # A stack instead of recursion: a document may be nested deeper than Python's recursion limit.
    stack: list[tuple[Any, bool]] = [(document, False)]
    while stack:
        node, is_secret = stack.pop()
        if isinstance(node, dict):
            stack.extend(_values_of(node, is_secret))
        elif isinstance(node, (list, tuple)):
            stack.extend((item, is_secret) for item in node)
        elif isinstance(node, str):
            found.update(value.strip() for value in _secrets_in(node, is_secret))
            stack.extend((value, is_secret) for value in _json_in(node))
    return _longest_first({value for value in found if _is_worth_striking(value)})


def secrets_among(values: Iterable[str]) -> list[str]:
    """Return the strings to redact for secret values: whole values and long lines, longest first."""
    found = {form.strip() for value in values for form in (value, *_long_lines(value))}
    return _longest_first({value for value in found if _is_worth_striking(value)})


def _longest_first(values: set[str]) -> list[str]:
    """Return values in the order of their redaction: longer ones before their parts."""
    return sorted(values, key=lambda value: (-len(value), value))


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", name)


def _values_of(mapping: dict[str, Any], is_secret: bool) -> Iterator[tuple[Any, bool]]:
    """Yield the values of a mapping, and whether each is a secret by its key."""
    # As in {"name": "token", "value": …}.
    named_secret = is_secret_key(str(mapping.get("name") or mapping.get("key")))
    for key, value in mapping.items():
        looked_at_by_key = isinstance(value, dict) and "credential" in key.lower()
        inherits = is_secret and not _SAYS_ABOUT.search(_plain(key))
        by_name = named_secret and key == "value"
        yield value, (inherits or by_name or is_secret_key(key)) and not looked_at_by_key


def _secrets_in(text: str, is_secret: bool) -> Iterator[str]:
    """Yield the secrets in one string; the string itself if it is a secret."""
    wholes = [match.group() for pattern in (_PRIVATE_KEY, _JSON_WEB_TOKEN) for match in pattern.finditer(text)]
    if is_secret:
        wholes.append(text)
        wholes.append(_AUTHORIZATION_SCHEME.sub("", text, count=1))
        if "://" not in text:
            wholes.append(text.partition(":")[2])  # user:password
    for whole in wholes:
        yield whole
        yield from _long_lines(whole)
    for value in _inner_passwords(text):
        yield value
        yield unquote(value)


def _long_lines(text: str) -> Iterator[str]:
    """Yield the lines of a multi-line secret, which a log may show one by one."""
    for line in _LINE_ENDS.split(text.strip()):
        line = line.strip()
        if len(line) >= MIN_LINE and line != text and not line.startswith("-----"):
            yield line


def _inner_passwords(text: str) -> Iterator[str]:
    """Yield the passwords of URLs, and the values of pairs such as ``AccountKey=…``."""
    for pattern in _URL_PASSWORDS:
        for match in pattern.finditer(text):
            yield match.group(1)
    for name, value in _NAME_AND_VALUE.findall(text):
        if is_secret_key(name):
            yield value.strip("\"'")


def _json_in(text: str) -> Iterator[Any]:
    """Yield the content of a string that is JSON, as key files often are."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            yield json.loads(text)
        except (ValueError, RecursionError):
            return


def _is_worth_striking(value: str) -> bool:
    is_masked_already = not value.strip("*")
    return len(value) >= MIN_LENGTH and not is_masked_already and value not in _NEVER_SECRET
