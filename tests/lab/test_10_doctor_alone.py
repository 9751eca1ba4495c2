"""Each fault alone: doctor names its cause and no other (`tests/run doctor`; test_09 makes several
at once, which takes a third of the time)."""
import pytest
from doctoring import (cluster, from_scratch_after_a_failure,  # pylint: disable=unused-import
                       named_and_repaired)
from faults import FAULTS


@pytest.mark.parametrize("name", FAULTS)
def test_alone(name):
    named_and_repaired([FAULTS[name]])
