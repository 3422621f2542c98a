import pytest

from crs.errors import UserError
from crs.ids import Ids, Number


def test_a_plain_number_is_the_files_and_a_number_of_ours_says_so():
    ids = Ids("item", ["11", "12", "20"])
    assert ids.number(20) == ids.number("20") == 3 and isinstance(ids.number(20), Number)
    assert ids.number(Number(2)) == 2 and ids[2] == 12
    assert repr(ids.number(12)) == "Number(2)" and Ids("item", ["a", "1"])[2] == "1"


@pytest.mark.parametrize("given", [1, "1", 0, "", Number(4), Number(0), None, -1, "011", 11.5])
def test_what_is_no_id_is_told_with_some_that_are(given):
    with pytest.raises(UserError, match=r"there is no item .*; ids are those of your file, as 11"):
        Ids("item", ["11", "12", "20"]).number(given)


def test_ids_are_whole_numbers_or_texts():
    assert Ids("item", ["0", "7", str(2**63 - 1)]).whole
    for other in ("B00A", "007", "-1", str(2**63), "1.0", "²"):
        assert not Ids("item", ["1", other]).whole
