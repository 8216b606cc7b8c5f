"""Pictures as files, written whole or not at all, and in windows."""

import contextlib
import io
import os
import re
import secrets
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from parasim._errors import ConfigError, StoreError, near_names
from parasim.analyses.pictures._style import INK, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 150


def check_picture(path: str | os.PathLike[str], *, overwrite: bool = True) -> Path:
    """Refuse a picture that cannot be drawn, before anything is computed for it.

    Arguments:
        path: where it shall be; its end says the format.
        overwrite: whether a file may be replaced.

    Raises:
        ConfigError: there is no matplotlib, no such folder, or no such format.
        StoreError: something is there already.
    """
    target = Path(path)
    with styled():
        from matplotlib.backend_bases import FigureCanvasBase

        known = FigureCanvasBase.get_supported_filetypes()
    kind = target.suffix.removeprefix(".").lower()
    if kind not in known:
        hint = near_names(kind, known)
        raise ConfigError(f"{target} must end in the name of a format, such as .png: {hint}")
    check_file(target, overwrite=overwrite)
    return target


def check_file(target: Path, *, overwrite: bool) -> None:
    """Refuse a path where no file can be written.

    Raises:
        ConfigError: there is no such folder, or it can be no path.
        StoreError: something is there already.
    """
    if "://" in str(target) or "\0" in str(target):
        raise ConfigError(f"{str(target)!r} is no path of a file on this machine: choose another")
    if not target.parent.is_dir():
        raise ConfigError(f"there is no folder {target.parent} for {target.name}: make it first")
    if target.is_dir():
        raise StoreError(f"{target} is a folder: choose another path")
    if os.path.lexists(target) and not overwrite:
        raise StoreError(
            f"{target} already exists: choose another path, or replace it with --overwrite"
        )


def write_file(target: Path, content: bytes) -> None:
    """Write a file whole or not at all; one that is there is replaced.

    Raises:
        StoreError: it cannot be written.
    """
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        beside.write_bytes(content)
        os.replace(beside, target)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise StoreError(f"cannot write {target}: {error}") from error


def save_picture(figure: "Figure", path: str | os.PathLike[str]) -> None:
    """Write a picture, as `check_picture` has found possible.

    Raises:
        StoreError: it cannot be written.
    """
    target = Path(path)
    write_file(target, _rendered(figure, target.suffix.removeprefix(".").lower()))


def inline_svg(figure: "Figure") -> str:
    """Return a picture as SVG inside HTML: without background, with ink of the text's colour."""
    figure.patch.set_visible(False)
    for ax in figure.axes:
        ax.patch.set_visible(False)
    text = _rendered(figure, "svg").decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, count=1, flags=re.DOTALL)
    return text.replace(INK.lower(), "currentColor").replace(INK, "currentColor")


def _rendered(figure: "Figure", kind: str) -> bytes:
    buffer = io.BytesIO()
    with styled(), warnings.catch_warnings():
        # A name in letters that the font lacks is drawn as boxes, and said in the data anyway.
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        figure.savefig(buffer, format=kind, dpi=_DPI)
    return buffer.getvalue()


def show_picture(figure: "Figure") -> None:
    """Open a picture in a window, and wait until it is closed.

    Raises:
        ConfigError: this machine has no screen that matplotlib can use.
    """
    import matplotlib as mpl
    from matplotlib.backends import backend_registry

    name = mpl.get_backend()
    canvas = backend_registry.load_backend_module(name).FigureCanvas
    if canvas.required_interactive_framework is None:
        raise ConfigError(
            f"there is no window to show it in (matplotlib uses {name}): write a file with --out"
        )
    manager = canvas.new_manager(figure, 1)
    manager.show()
    manager.start_main_loop()
