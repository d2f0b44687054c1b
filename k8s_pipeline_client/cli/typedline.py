"""A command line as it is being typed in bash: its words, and how what is offered has to be written there. Pure.

What bash replaces is not the word before the cursor, but what of it comes after the last character that ``readline``
takes for a break (``=`` and ``:`` among them), or after an open quotation mark.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BREAKS = " \t\n\"'@><=;|&(:"
"""COMP_WORDBREAKS as bash has it."""

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_SPECIAL = re.compile(r"""[\s!"#$&'()*;<>?\[\\\]^`{|}~]""")
_SPECIAL_IN_QUOTES = re.compile(r'["$`\\]')


@dataclass(frozen=True, slots=True)
class TypedLine:
    """What stands before the cursor.

    Attributes:
        words: The complete ones, as a program would get them, without the program's own name.
        last: The one that is being typed; may be empty.
        quote: The quotation mark that is open in it; may be empty.
        kept: What of the last one bash does not replace.
    """

    words: tuple[str, ...]
    last: str
    quote: str
    kept: str

    def written(self, word: str) -> str:
        """Return what has to take the place of what bash replaces, so that the last word becomes this one."""
        rest = word.removeprefix(self.kept)
        if self.quote == "'":
            return rest.replace("'", "'\\''")
        special = _SPECIAL_IN_QUOTES if self.quote else _SPECIAL
        return special.sub(lambda found: f"\\{found[0]}", rest)


def typed_line(line: str, breaks: str = BREAKS) -> TypedLine:
    """Read a line up to the cursor; what is not closed counts as it is."""
    words: list[str] = []
    last, kept, quote, in_word = "", "", "", False
    characters = iter(line)
    for character in characters:
        if character == "\\" and quote != "'":
            following = next(characters, "")
            is_kept = quote and following not in '"$`\\'
            last, in_word = last + (f"\\{following}" if is_kept else following), True
        elif quote:
            quote, last = ("", last) if character == quote else (quote, last + character)
        elif character in "'\"":
            quote, kept, in_word = character, last, True
        elif character.isspace():
            if in_word:
                words.append(last)
            last, kept, in_word = "", "", False
        else:
            last, in_word = last + character, True
            kept = last if character in breaks else kept
    while words and _ASSIGNMENT.match(words[0]):
        del words[0]
    return TypedLine(tuple(words[1:]), last, quote, kept)
