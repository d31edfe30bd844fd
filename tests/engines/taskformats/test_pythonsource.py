"""Sources are parsed, never run, whatever they hold."""

from __future__ import annotations

from benchserver.engines.taskformats import pythonsource


def test_top_level_names_are_functions_classes_and_variables() -> None:
    code = "X = 1\ndef f():\n  def g(): pass\nclass C:\n  def m(self): pass\nh = lambda: 0\n"
    assert pythonsource.defined_names(code) == {"X", "f", "C", "h"}


def test_calls_come_in_the_order_of_the_text() -> None:
    assert pythonsource.called_names("assert f(g(1)) == h(2)\nx.y(3)\ng(4)") == ("f", "g", "h")


def test_no_python_is_none_and_never_an_exception() -> None:
    for code in ("def f(:", "a\0b", "(" * 5000, "-" * 200_000 + "1"):
        assert pythonsource.parsed(code) is None
        assert pythonsource.defined_names(code) == frozenset()
        assert pythonsource.called_names(code) == ()


def test_doubtful_escapes_do_not_warn() -> None:
    assert pythonsource.parsed(r"x = '\d'") is not None
