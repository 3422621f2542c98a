"""Which dialogues are kept."""

from crs.serve.dialogues import Dialogues


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_beyond_the_bound_the_one_that_has_rested_longest_goes():
    kept = Dialogues(2, 60, Clock())
    first, second = kept.add("a"), kept.add("b")
    assert kept.get(first) == "a"
    third = kept.add("c")
    assert [kept.get(name) for name in (first, second, third)] == ["a", None, "c"]


def test_a_dialogue_that_rests_is_over():
    kept = Dialogues(9, 60, clock := Clock())
    first, second = kept.add("a"), kept.add("b")
    clock.now = 50
    assert kept.get(second) == "b"
    clock.now = 70
    assert kept.get(first) is None and len(kept) == 1 and kept.drop(second)
    assert not kept.drop(second)


def test_names_are_not_told_by_others():
    kept = Dialogues(9, 60)
    names = {kept.add("a") for _ in range(9)}
    assert len(names) == 9 and min(map(len, names)) > 20
