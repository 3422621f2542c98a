"""What the jobs of a sweep were told, as columns of its table."""

import pytest

from crs.errors import UserError
from crs.report.outcomes import newest_launch, parameters


def jobs(*words: str) -> list[dict]:
    return [{"overrides": one.split()} for one in words]


def test_what_differs_beside_model_dataset_and_seed_is_a_column():
    found = parameters(jobs("intents.k=6 seed=1 a=1 model=x", "intents.k=9 seed=2 a=1 model=y"))
    assert found == [{"intents.k": "6"}, {"intents.k": "9"}]
    assert parameters(jobs("seed=1 model=a", "seed=2 model=b")) == [{}, {}]
    assert parameters([]) == []


def test_what_one_job_was_told_alone_is_empty_for_the_others():
    found = parameters(jobs("+em.dropout=.1", "seed=1"))
    assert found == [{"em.dropout": ".1"}, {"em.dropout": ""}]


def test_a_sweep_whose_jobs_have_not_ended_is_one_sentence(tmp_path):
    (tmp_path / "outcomes" / "one").mkdir(parents=True)
    with pytest.raises(UserError, match="no job of this sweep has left an outcome yet"):
        newest_launch(tmp_path)
