"""Text for people: what cannot be seen stands there as an escape, and all that can stays as it is."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_pipeline_client.launcher.visible import visible

CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
TURNS = list("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
LINE_ENDS = list("\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029")
NEVER_RAW = frozenset([*CONTROLS, *TURNS, *LINE_ENDS])

SEEN_OF_FORMAT = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
"""Signs of the category of format characters that are drawn all the same."""

ORDINARY = {
    "plain": "shop.nightly-2 (public) [x] {y} 100% ~ C:\\new\\x1b",
    "spaces": "a  b\u00a0c\u3000d",
    "accents": "Ünïcödé, e\u0301 and a\u0308\u0323",
    "Chinese": "数据库 連線失敗",
    "Japanese": "パイプライン ﾊﾟ か\u3099",
    "Japanese name": "葛\U000e0100城",
    "Korean": "파이프라인",
    "Arabic": "خط أنابيب ١٢٣ \u0600",
    "Arabic with vowels": "مُحَمَّد",
    "Persian": "می\u200c\u062e\u0648\u0627\u0647\u0645",
    "Persian with a vowel": "\u0646\u0627\u0645\u0647\u0654\u200c\u0627\u06cc",
    "Hebrew": "צִנּוֹר",
    "Hindi": "क्\u200dष हिन्दी",
    "Bengali": "র\u200d্য",
    "Sinhala": "ශ්\u200dරී",
    "Thai": "ไปป์ไลน์",
    "emoji": "🚀 ok 👍🏽",
    "family": "👨\u200d👩\u200d👧\u200d👦",
    "astronaut": "👩🏽\u200d🚀",
    "heart on fire": "❤\ufe0f\u200d🔥",
    "rainbow flag": "🏳\ufe0f\u200d🌈",
    "shaking head": "🙂\u200d↔\ufe0f",
    "keycap": "1\ufe0f\u20e3 #\ufe0f\u20e3",
    "information": "\u2139\ufe0f ©\ufe0f ✔\ufe0e",
    "Scotland": "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "Germany": "🇩🇪",
}


@pytest.mark.parametrize("text", ORDINARY.values(), ids=ORDINARY)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b2J\x9d\x9c", r"\x9b2J\x9d\x9c"),
        ("a\nb\r\nc\td\0", r"a\nb\r\nc\td\x00"),
        ("\u202etxt.exe", r"\u202etxt.exe"),
        ("a\u2028b\u2029c\x85d", r"a\u2028b\u2029c\x85d"),
        ("half \ud800 a pair", r"half \ud800 a pair"),
        ("adm\u200bin", r"adm\u200bin"),
        ("adm\u200din", r"adm\u200din"),
        ("админ\u200d", r"админ\u200d"),
        ("admin\ufe0f", r"admin\ufe0f"),
        ("1\ufe0f", r"1\ufe0f"),
        ("adm\u00adin\ufeff", r"adm\xadin\ufeff"),
        ("\u200d\u200c", r"\u200d\u200c"),
        ("می\u200c\u200cخ", r"می\u200c\u200cخ"),
        ("😀\ufe0f\ufe0f", "😀\ufe0f" + r"\ufe0f"),
        ("葛\U000e0100\U000e0101", "葛\U000e0100" + r"\U000e0101"),
        ("hidden\U000e0068\U000e0069", r"hidden\U000e0068\U000e0069"),
        ("\u3164\u115f\uffa0", r"\u3164\u115f\uffa0"),
    ],
)
def test_what_cannot_be_seen_is_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_every_character_by_itself() -> None:
    wrong = []
    for code in (*range(0x20000), *range(0xE0000, 0xE1000)):  # beyond, there are ideographs and nothing else
        character = chr(code)
        hides = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in SEEN_OF_FORMAT
        found = visible(f"a{character}b")
        if hides != (found != f"a{character}b") and not (found.isascii() and _is_of_no_width(code)):
            wrong.append(hex(code))
    assert wrong == []


def _is_of_no_width(code: int) -> bool:
    """What Unicode has made ignorable without making it a format character, and what is no character at all."""
    selectors = range(0xFE00, 0xFE10), range(0xE0000, 0xE1000), range(0x180B, 0x1810), range(0xFFF0, 0xFFFC)
    fillers = (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2065, 0x3164, 0xFFA0, 0xFFFE, 0xFFFF)
    others = range(0xFDD0, 0xFDF0), range(0x13430, 0x13440)
    return code in fillers or any(code in span for span in (*selectors, *others))


texts = st.text(st.characters() | st.sampled_from(sorted(NEVER_RAW | set("\u200c\u200d\ufe0fक्می👩🏽🚀葛\U000e0100"))))


@given(texts)
def test_none_of_them_is_left_whatever_the_text_is(text: str) -> None:
    found = visible(text)
    assert not NEVER_RAW & set(found)
    assert len(found.splitlines()) <= 1
    found.encode()  # no lone surrogates


@given(texts)
def test_once_is_enough(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"], codec="utf-8")))
def test_letters_marks_and_symbols_stay(text: str) -> None:
    shown = "".join(character for character in text if not _is_of_no_width(ord(character)))
    assert visible(shown) == shown


def test_a_long_text_takes_no_long_time() -> None:
    began = time.process_time()
    for piece in ("\x1b", "\u200d", "م\u064e\u200c", "👩\ufe0f\u200d", "\u064e" * 50 + "\u200c"):
        visible(piece * (100_000 // len(piece)))
    assert time.process_time() - began < 5
