"""Each fault alone: doctor names its cause and no other (`tests/run doctor`; test_09 makes several
at once, which takes a third of the time)."""
import pytest
from doctoring import a_cluster_to_break, named_and_repaired
from faults import FAULTS


@pytest.fixture(scope="module", autouse=True)
def cluster():
    a_cluster_to_break()


@pytest.fixture(autouse=True)
def from_scratch_after_a_failure(request, cluster):
    before = request.session.testsfailed
    yield
    if request.session.testsfailed > before:
        a_cluster_to_break()


@pytest.mark.parametrize("name", FAULTS)
def test_alone(name):
    named_and_repaired([FAULTS[name]])
