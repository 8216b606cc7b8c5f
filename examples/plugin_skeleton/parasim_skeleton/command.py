"""`parasim runs`: the stores in a folder."""

import json
from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False), default=".")
def runs(folder):
    """List the stores in a FOLDER, with their systems and states."""
    for path in sorted(Path(folder).iterdir()):
        metadata = path / "zarr.json"
        found = json.loads(metadata.read_text())["attributes"] if metadata.is_file() else {}
        if "parasim_store" in found:
            click.echo(f"{path.name}: {found.get('title', '?')} ({found['status']})")
