"""Names and regions of a store."""

import numpy as np
import pytest

from parasim._errors import ConfigError
from parasim.io import Field
from tests.stores import layout


def test_a_name_that_the_store_needs_itself_is_refused():
    for name in ("time", "window_time", "parasim_run"):
        with pytest.raises(ConfigError, match=rf"'{name}'.*another name"):
            layout(fields=(Field(name),))
    with pytest.raises(ConfigError, match=r"'site'.*another name"):
        layout(fields=(Field("site", dims=("site",), shape=(2,)),))
    with pytest.raises(ConfigError, match=r"'F'.*another name"):
        layout(fields=(Field("F"),), axes={"F": 2}, block=(2,))


@pytest.mark.parametrize("name", ["a/b", "/", ".", "..", "", "__x", "zarr.json", "a\0b"])
def test_a_name_that_zarr_takes_for_something_else_is_refused(name):
    with pytest.raises(ConfigError, match="give the state variable a name without '/'"):
        layout(fields=(Field(name),))
    with pytest.raises(ConfigError, match="cannot be the name of a variable or a dimension"):
        layout(fields=(Field("x", dims=(name,), shape=(2,)),))


def test_regions_cover_every_run_once():
    plan = layout(axes={"F": 5, "member": 3}, block=(2, 3))
    seen = np.zeros((5, 3), int)
    for region in plan.regions:
        seen[region] += 1
    assert len(plan.regions) == 3
    assert (seen == 1).all()
    assert layout().regions == [()]


def test_no_file_belongs_to_two_regions():
    plan = layout(axes={"F": 48, "member": 4}, block=(16, 4), rows=10**6)
    for field in plan.fields:
        files = plan.chunk_grid(field).files
        assert 16 % files[0] == 0
