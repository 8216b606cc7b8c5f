"""Stores on S3: a real server on this machine, and the same code as for folders."""

import pytest

import parasim
from parasim import ParallelNewton, StoreError, simulate
from parasim.io import verify_store
from parasim.io._objects import object_names, open_objects, remove_object

pytest.importorskip("s3fs")
RUN = {"t1": 3.0, "dt": 0.01, "solver": ParallelNewton(steps=32, mode="sequential")}

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def server():
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(server, monkeypatch):
    """Return the URL of a bucket, which is found by the environment as users have it."""
    import boto3

    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="bucket")
    return "s3://bucket"


def bits(dataset):
    return {str(name): v.values.tobytes() for name, v in dataset.variables.items()}


def test_a_run_into_a_bucket_is_interrupted_resumed_damaged_repaired_and_replaced(
    bucket, monkeypatch
):
    monkeypatch.setattr("parasim.simulation.running._compile._CALL_STEPS", 1)
    url = f"{bucket}/run.zarr"

    def stop(progress):
        if progress.windows >= 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate("lorenz63", **RUN, store=url, progress=stop)
    assert parasim.open(url).attrs["status"] == "interrupted"
    whole = simulate("lorenz63", **RUN)
    assert bits(simulate("lorenz63", **RUN, store=url, resume=True)) == bits(whole)

    objects = open_objects(url)
    remove_object(objects, "x/c/0")
    assert [damage.key for damage in verify_store(url).damages] == ["x/c/0"]

    with pytest.raises(StoreError, match="already exists"):
        simulate("lorenz63", **RUN, store=url)
    simulate("lorenz63", **(RUN | {"t1": 1.0}), store=url, overwrite=True)
    assert parasim.open(url).sizes["time"] == 101
    assert not any(name.endswith(".partial") for name in object_names(objects))


def test_what_is_not_there_or_not_allowed_is_said(bucket):
    with pytest.raises(StoreError, match=r"s3://bucket/none\.zarr is no zarr store"):
        parasim.open(f"{bucket}/none.zarr")
    with pytest.raises(StoreError, match="bucket does not exist"):
        simulate("lorenz63", **RUN, store="s3://nosuchbucket/run.zarr")


def test_what_a_remote_file_system_raises_becomes_our_error(monkeypatch):
    async def lost(*_, **__):
        raise RuntimeError("Could not connect to the endpoint")

    monkeypatch.setattr("zarr.storage.FsspecStore.get", lost)
    with pytest.raises(StoreError, match=r"cannot reach .*endpoint.* check the address"):
        parasim.open("memory://run.zarr")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of processes that end while others speak to them
def test_workers_share_an_icechunk_repository_in_a_bucket(bucket):
    pytest.importorskip("icechunk")
    url, sweep = f"icechunk+{bucket}/run", {"rho": [1.0, 10.0, 20.0, 28.0]}
    run = RUN | {"sweep": sweep, "batch": 2}
    spread = simulate("lorenz63", **run, store=url, workers=2)
    assert spread.attrs["status"] == "complete"
    assert bits(spread) == bits(simulate("lorenz63", **run))
    assert not verify_store(url).damages
