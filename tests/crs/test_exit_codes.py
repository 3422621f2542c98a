import pytest

from crs.exit_codes import ended_by


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (3, "exit code 3"),
        (-11, "SIGSEGV"),
        (-9, "SIGKILL, which the system sends where memory runs out"),
    ],
)
def test_what_ended_a_process_is_told(code, told):
    assert ended_by(code) == told
