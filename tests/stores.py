"""A small layout, and rows that are easily recognised."""

from pathlib import Path

import numpy as np

from parasim.io import Field, Layout, Mark, StoreSession

FIELDS = (
    Field("x", attributes={"units": "K", "long_name": "temperature"}),
    Field("u", dims=("site",), shape=(3,), dtype=np.dtype("float32")),
    Field(
        "mode",
        along="window",
        dtype=np.dtype("int8"),
        attributes={
            "flag_values": [0, 1],
            "flag_meanings": "a b",
            "coordinates": "window_time",
        },
    ),
)


def layout(**changes) -> Layout:
    values = {
        "fields": FIELDS, "start": 10.0, "interval": 0.5, "rows": 11,
        "window_ends": np.array([12.5, 15.0]), "time_unit": "year",
    }  # fmt: skip
    return Layout(**(values | changes))


def rows(first: int, stop: int) -> dict[str, np.ndarray]:
    index = np.arange(first, stop, dtype=float)
    return {"x": index, "u": index[:, None] + [0, 100, 200]}


def window(count: int = 1) -> dict[str, np.ndarray]:
    return {"mode": np.ones(count, np.int8)}


def mark(step: int, content: bytes = b"....") -> Mark:
    return Mark(step, lambda: content)


def made(path: Path, plan: Layout, **options) -> StoreSession:
    return StoreSession.create(path, plan, {}, checkpoint_bytes=4, **options)


def write(path: Path, plan: Layout, *blocks: dict[str, np.ndarray]) -> None:
    with made(path, plan) as session, session.writer() as writer:
        for block in blocks:
            writer.put(block)
