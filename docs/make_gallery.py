"""Make the pictures of gallery.md again, by running its blocks: `make gallery`.

Each picture that the page shows is looked for among what the blocks wrote, and put beside the page
with fewer colours, so that it is small.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).parent
_BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_PICTURE = re.compile(r"\]\((figures/[\w/-]+\.png)\)")


def run_blocks(page: str) -> None:
    """Run the blocks in the current folder; names live on from one in Python to the next."""
    names = {"__name__": "__main__"}
    for language, source in _BLOCK.findall(page):
        print(source, flush=True)
        if language == "python":
            exec(compile(source, "<a block of gallery.md>", "exec"), names)
        else:
            subprocess.run(source, shell=True, check=True)


def main() -> None:
    """Run the page in a folder of its own, and take its pictures."""
    page = (DOCS / "gallery.md").read_text(encoding="utf-8")
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(DOCS.parent / "examples", Path(folder, "examples"))
        os.chdir(folder)
        run_blocks(page)
        for name in _PICTURE.findall(page):
            (made,) = Path(folder).rglob(Path(name).name)
            target = DOCS / name
            target.parent.mkdir(parents=True, exist_ok=True)
            picture = Image.open(made).convert("RGB")
            picture.thumbnail((1000, 1400))
            picture.quantize(128, dither=Image.Dither.NONE).save(target, optimize=True)
            print(f"{name}, {target.stat().st_size // 1000} kB")
        os.chdir(DOCS)


if __name__ == "__main__":
    main()
