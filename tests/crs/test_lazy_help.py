"""Hydra's flags can be added where argparse looks at every help, as Python 3.14's does."""

from argparse import ArgumentParser

import pytest

from crs.lazy_help import accept_lazy_help


def looking() -> type[ArgumentParser]:
    """A parser as Python 3.14's: a help that is no string is refused when the flag is added."""

    class Parser(ArgumentParser):
        def _check_help(self, action):
            if action.help and "%" in action.help:
                raise ValueError("badly formed help string")

        def add_argument(self, *names, **given):
            action = super().add_argument(*names, **given)
            self._check_help(action)
            return action

    return Parser


class Lazy:
    """As Hydra's help of `--shell-completion`."""


def test_a_help_that_is_no_string_is_let_through():
    parser = looking()
    with pytest.raises(TypeError):
        parser().add_argument("--shell-completion", help=Lazy())
    accept_lazy_help(parser)
    accept_lazy_help(parser)
    parser().add_argument("--shell-completion", help=Lazy())


def test_a_help_of_text_is_looked_at_as_before():
    parser = looking()
    accept_lazy_help(parser)
    with pytest.raises(ValueError, match="badly formed"):
        parser().add_argument("--flag", help="50 %")


def test_an_older_python_is_left_as_it_is():
    class Parser:
        pass

    accept_lazy_help(Parser)
    assert not hasattr(Parser, "_check_help")
