"""Code that makes results does not change unnoticed."""

import json

from scripts.refresh_digests import FILE, digests


def test_every_stage_was_looked_at_since_its_code_changed():
    recorded, now = json.loads(FILE.read_text()), digests()
    changed = sorted(key for key in now if recorded.get(key) != now[key])
    assert not changed, (
        f"code behind {', '.join(changed)} changed: raise the stage's version in its module "
        "or in its model's recipe if its results change, then type make digests"
    )


def test_no_digest_of_a_stage_that_is_gone():
    assert set(json.loads(FILE.read_text())) == set(digests())
