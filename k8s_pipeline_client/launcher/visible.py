"""Escapes invisible characters in text for people.

Names, messages and logs are untrusted. Terminals execute control characters, and directional marks or zero-width
characters make one text look like another.
"""

from __future__ import annotations

import re

_UNSEEN = (
    "\x00-\x1f\x7f-\x9f"  # controls: ESC, BEL, line ends, and CSI and OSC of one byte
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # change the text direction
    "\u2028\u2029"  # line ends
    "\ud800-\udfff"  # lone surrogates, which cannot be encoded
    "\ufdd0-\ufdef\ufffe\uffff"  # noncharacters
    # Zero-width, or blank.
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff0-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_FLAG_OF_A_REGION = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{4,6}\U000e007f"  # Scotland's, for one
_SUSPECT = re.compile(f"{_FLAG_OF_A_REGION}|[{_UNSEEN}]")

_NON_JOINER, _JOINER, _AS_TEXT, _AS_EMOJI, _KEYCAP = "\u200c\u200d\ufe0e\ufe0f\u20e3"
_EMOJI_AMONG_SIGNS = "\u203c\u2049\u2139\u3030"
_IDEOGRAPH = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_IDEOGRAPHIC_VARIANT = re.compile("[\ufe00-\ufe02\U000e0100-\U000e01ef]")
_VIRAMA = 9
"""The combining class of virama, the vowel killer of Indic scripts; a joiner beside it selects the letter's form."""


def visible(text: str) -> str:
    r"""Return a text with invisible characters escaped as ``\x1b``, ``\u202e`` or ``\n``: one line.

    Everything else is unchanged: backslashes, and the joiners and variation selectors of emoji and scripts. Idempotent.
    """
    return _SUSPECT.sub(lambda found: found[0] if _is_spelling(found) else _escaped(found[0]), text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _is_spelling(found: re.Match[str]) -> bool:
    """Return whether the character is needed by the script at this position."""
    if len(found[0]) > 1:
        return True
    character, text, start = found[0], found.string, found.start()
    if start == 0:
        return False
    before, after = text[start - 1], text[start + 1 : start + 2]
    if character in (_NON_JOINER, _JOINER):
        return bool(after) and (
            _is_beside_virama(before, after)
            or _is_in_arabic(text, start)
            or (character == _JOINER and _is_in_emoji(text, start))
        )
    if character in (_AS_TEXT, _AS_EMOJI):
        return _is_symbol(before) or before in _EMOJI_AMONG_SIGNS or (before in "#*0123456789" and after == _KEYCAP)
    return bool(_IDEOGRAPHIC_VARIANT.match(character) and _IDEOGRAPH.match(before))


def _is_beside_virama(before: str, after: str) -> bool:
    from unicodedata import combining  # here and below: most texts need none of its tables

    return _VIRAMA in (combining(before), combining(after))


def _is_in_arabic(text: str, at: int) -> bool:
    from unicodedata import bidirectional

    before = at - 1
    while before > 0 and bidirectional(text[before]) == "NSM" and not _SUSPECT.match(text[before]):
        before -= 1  # a vowel sign
    return bidirectional(text[before]) == bidirectional(text[at + 1]) == "AL"


def _is_in_emoji(text: str, at: int) -> bool:
    before = text[at - 2] if text[at - 1] == _AS_EMOJI and at > 1 else text[at - 1]
    return _is_symbol(before) and _is_symbol(text[at + 1])


def _is_symbol(character: str) -> bool:
    from unicodedata import category

    return character > "\x7f" and category(character).startswith("S")
