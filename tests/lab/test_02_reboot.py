"""Everything that was set up outlives the machines."""
import pytest

from conftest import all_reboot


@pytest.mark.on_request  # in every run it is the article's cluster that is rebooted, once it is repaired (test_03)
def test_all_machines_rebooted_at_once(deployed):
    all_reboot()
