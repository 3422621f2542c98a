from types import SimpleNamespace

from crs.training import memory


def test_the_heap_is_trimmed_where_the_library_can(monkeypatch):
    trimmed = []
    library = SimpleNamespace(malloc_trim=trimmed.append)
    monkeypatch.setattr(memory, "c_library", lambda: library)
    memory.give_back()
    assert trimmed == [0]


def test_another_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(memory, "c_library", lambda: SimpleNamespace())
    memory.give_back()
