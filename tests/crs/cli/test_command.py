"""How commands end."""

import pytest

from crs.cli.command import call
from crs.errors import UserError


@pytest.mark.parametrize(("error", "code", "said"), [
    (UserError("seed: no"), 2, "error: seed: no\n"),
    (KeyboardInterrupt(), 130, ""),
])  # fmt: skip
def test_an_error_is_a_code(error, code, said, capsys, monkeypatch):
    def main(words):
        raise error

    monkeypatch.setattr("sys.excepthook", None)
    with pytest.raises(SystemExit) as left:
        call(main, [])
    assert (left.value.code, capsys.readouterr().err) == (code, said)


def test_success_leaves_no_code(monkeypatch):
    monkeypatch.setattr("sys.excepthook", None)
    seen = []
    call(seen.extend, ["a", "b"])
    assert seen == ["a", "b"]
