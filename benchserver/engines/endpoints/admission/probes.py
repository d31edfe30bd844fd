"""The questions themselves: harmless, public, made for this; never a task nor a piece of one.

They are printed in ``docs/admission.md``, so a provider can send them itself. Example: ``HELLO`` is
what an endpoint must answer to be admitted at all, with the very settings of an evaluation.
"""

from __future__ import annotations

HELLO = "Answer with the single word: ready"
SHORT = "What is 17 plus 25? Answer with the number only."
COUNT = "Count from 1 to 400 in words, one number per line, without stopping early."
COUNT_TOKENS = 24  # far less than the answer needs
STEADY = "Name the four seasons of the year in English, in order, separated by commas."
CODE = (
    "Write a Python function middle(a, b, c) that returns the middle one of three numbers. "
    "Put the program in one code block."
)
WORD = "lighthouse"
LONG_CHARACTERS = 12_000
_FILLER = (
    "The ferry leaves the small harbour every morning and returns in the evening with letters. "
)


def long_text(characters: int = LONG_CHARACTERS) -> str:
    """A long public text whose first line holds the word that the last line asks for."""
    filler = _FILLER * (characters // len(_FILLER) + 1)
    return (
        f"Remember this word: {WORD}.\n\n{filler[:characters]}\n\n"
        "Which word were you asked to remember in the first line? Answer with that word only."
    )


def numbered(number: int) -> str:
    """One of many questions asked at the same time: each wants a word of its own."""
    return f"Repeat this word and write nothing else: {token(number)}"


def token(number: int) -> str:
    """A word that no answer to another question holds."""
    return f"buoy{1009 + 37 * number}"
