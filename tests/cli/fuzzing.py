"""Random and mutated command lines and run files, how they are run, and in which folder."""

import string
import sys
from pathlib import Path

import click
import xarray as xr
from click.testing import CliRunner
from hypothesis import HealthCheck, Phase, settings, strategies as st

import parasim
from parasim.cli import main

DOCUMENTED = {0, 2, 3, 4, 5, 130, 143}

NUMBERS = ["0", "1", "2", "-1", "0.1", "0.05", "1/10", "1/0", "1e-300", "1e308", "1e400", "nan",
           "inf", "-inf", "999999999999999", "1_000", "0x10", "１", "", " ", "--", "1,2",
           "1e3", "99999999999999999999999"]  # fmt: skip
WORDS = ["lorenz63", "lorenz96", "van-der-pol", "lorenz_63", "Lorenz63", "lorenz", "auto",
         "parallel", "sequential", "tsit5", "euler", "kvaerno3", "float32", "float64", "float16",
         "series", "phase", "space-time", "map", "raster", "growth", "histogram", "power-spectrum",
         "spike-times", "recurrence", "climatology", "return-map", "x", "y", "z", "all", "both",
         "zstd", "none", "linear", "cubic", "1958-01-01", "\N{SNOWMAN}", "\x00", "a\nb", "\udcff",
         "$x_{", "%s", "{}", "'", '"', "-", "x" * 300]  # fmt: skip
PATHS = ["s.zarr", "run.toml", "bad.toml", "data.csv", "folder", "foreign.zarr", "missing",
         "missing/r.nc", "new.zarr", "new.nc", "new.png", "new.svg", "new.html", "new.xyz", ".",
         "..", "/", "", "s.zarr/x", "s.zarr/zarr.json", "nosuch://a/b", "folder/new.zarr",
         "data.csv/new.zarr", "./run.toml"]  # fmt: skip
ASSIGNED = ["rho", "sigma", "x", "y", "sites", "F", "rhoo", "segment", "bins", "threshold", "time",
            "member", "lags", "length", "edges", "quantiles", "radius", "plane", "level", "at",
            "period", "width", "dims", "", "=", "I"]  # fmt: skip

VALID = [
    "run lorenz63 --t1 1 --dt 0.1 --out new.zarr --set rho=20 --y0 x=1 --steps 4 --every 2",
    "run run.toml --overwrite --mode sequential --dry-run",
    "run lorenz96 --set sites=5 --ensemble 3 --sweep F=2:8:3 --t1 1 --dt 1/10 --out new.zarr",
    "show-config run.toml --seed 3 --json",
    "resume s.zarr --extend 3 --dry-run",
    "analyze s.zarr --stat histogram --variable x --set bins=4 --out new.nc",
    "analyze s.zarr --stat spike-times --set threshold=0 --out new.zarr --dry-run",
    "lyapunov lorenz63 --t1 10 --dt 0.01 --exponents all --transient 1 --plot new.png",
    "plot s.zarr --kind phase --variables x,z --t0 0.2 --t1 0.8 --out new.svg",
    "plot s.zarr --threshold 0 --kind raster",
    "report s.zarr --out new.html --overwrite",
    "bench lorenz63 --windows 2 --rounds 1 --json",
    "calibrate lorenz63 --dt 0.1 --dtype float32",
    "info s.zarr --json", "verify s.zarr", "cite s.zarr", "explain s.zarr --all", "systems",
    "systems lorenz63", "show lorenz96 --json",
]  # fmt: skip

RUN_FILE = """system = "lorenz63"
t1 = 1
dt = 0.1
out = "new.zarr"
every = 2
seed = 1
steps = 4
ensemble = 2
batch = 3
[set]
rho = 20
[y0]
x = 1
[sweep]
sigma = [9, 10]
[encoding]
keep_bits = 12
"""


# What suits an option; anything else gets a number.
SUITABLE = {
    "--out": ["new.zarr", "new.nc", "new.png", "new.svg", "new.html"], "--plot": ["new.png"],
    "--set": ["rho=20", "sigma=9", "sites=5", "F=3", "bins=4", "segment=16", "threshold=0",
              "length=3", "plane=x", "level=1", "lags=5", "radius=1", "quantiles=0.1,0.9"],
    "--y0": ["x=1", "y=2", "z=1,2", "x=1,2,3,4,5"], "--sweep": ["rho=20:28:3", "F=1,2", "rho=1"],
    "--input": ["rho=data.csv", "rho=data.csv:rho", "sigma=data.csv:rho"], "--t0": ["0", "0.5"],
    "--t1": ["1", "2", "1.5"], "--dt": ["0.1", "0.01", "1/10"], "--extend": ["3", "4", "30"],
    "--mode": ["auto", "parallel", "sequential"], "--solver": ["tsit5", "euler", "kvaerno3"],
    "--dtype": ["float64", "float32"], "--stat": ["histogram", "power-spectrum", "spike-times",
    "autocorrelation", "return-map", "poincare-section", "growth-over-time", "running-mean",
    "recurrence", "climatology", "ensemble-mean"], "--variable": ["x", "y"],
    "--variables": ["x", "x,z", "y"], "--kind": ["auto", "series", "phase", "space-time", "map",
    "raster", "growth"], "--select": ["member=0"], "--interpolation": ["linear", "cubic"],
    "--access": ["series", "maps", "both"], "--compression": ["none", "lz4", "zstd"],
    "--exponents": ["1", "all", "3"], "--steps": ["4", "16", "1024"], "--ensemble": ["2", "3"],
    "--blocks": ["8", "32"], "--epoch": ["1958-01-01"], "--group": ["systems"],
    "--scheduler": ["tcp://nowhere:1"],
}  # fmt: skip
NOT_TRIED = ("--debug", "--show")  # which shows tracebacks, and which may open a window
PLACES = {"store": ["s.zarr"], "name": ["lorenz63", "lorenz96"],
          "system": ["lorenz63", "lorenz96", "run.toml", "van-der-pol"]}  # fmt: skip
NEEDED = {
    "run": ["--t1", "--dt", "--out"], "show-config": ["--t1", "--dt", "--out"],
    "lyapunov": ["--t1", "--dt"], "analyze": ["--stat", "--out"],
}  # fmt: skip


@st.composite
def _grammatical(draw):
    """Write a command line with options that the command has, mostly with values that suit."""
    known = main.list_commands(click.Context(main))
    name = draw(st.sampled_from([*known, *4 * ["run"], *4 * ["plot"], *2 * ["analyze"]]))
    command = main.get_command(click.Context(main), name)
    assert command is not None
    if isinstance(command, click.Group):
        return [name, draw(st.sampled_from([*command.list_commands(click.Context(command)), "x"]))]
    own = {text: p for p in command.params if isinstance(p, click.Option) for text in p.opts}
    places = [p.name or "" for p in command.params if isinstance(p, click.Argument)]
    chosen = [*NEEDED.get(name, ()), *draw(st.lists(st.sampled_from(sorted(own)), max_size=7))]
    line = [name, *(draw(st.sampled_from(PLACES.get(p, ["s.zarr"]))) for p in places)]
    for option in chosen:
        if option in NOT_TRIED:
            continue
        line.append(option)
        if not own[option].is_flag:
            suitable = st.sampled_from(SUITABLE.get(option, ["1", "2", "10"]))
            number, anything = st.sampled_from(NUMBERS), st.sampled_from(WORDS + PATHS)
            others = [number] if option not in SUITABLE else [number, anything]
            line.append(draw(st.one_of(suitable, suitable, suitable, *others)))
    return line


# What writes, and options that mostly go together; None is a flag.
_RUN_OPTIONS = {
    "--every": ["2", "3"], "--steps": ["4", "7", "16"], "--ensemble": ["1", "2", "3"],
    "--perturbation": ["0.1"], "--batch": ["1", "2"], "--chunk-rows": ["2", "5"],
    "--shard-rows": ["4", "10"], "--compression": ["lz4", "zstd"], "--keep-bits": ["8"],
    "--access": ["series", "maps"], "--mode": ["sequential", "parallel"], "--quiet": None,
    "--solver": ["euler", "heun"], "--dtype": ["float32"], "--seed": ["3"], "--overwrite": None,
    "--t0": ["0.5"], "--out": ["s.zarr", "folder/new.zarr", "missing/new.zarr", "foreign.zarr"],
}  # fmt: skip
_LORENZ63 = {"--set": ["rho=20", "sigma=9"], "--sweep": ["rho=20:28:3", "sigma=9,10"],
             "--y0": ["x=1", "y=2"], "--input": ["rho=data.csv", "sigma=data.csv:rho"]}  # fmt: skip
_ANALYZE = {"--variable": ["x", "y"], "--overwrite": None, "--quiet": None}
_WRITING = {
    "run lorenz63 --t1 1 --dt 0.1 --out new.zarr": _RUN_OPTIONS | _LORENZ63,
    "run lorenz63 --t1 2 --dt 0.1 --steps 4 --out new.zarr": _RUN_OPTIONS | _LORENZ63,
    "run lorenz63 --t1 20 --dt 1 --steps 4 --out new.zarr": _RUN_OPTIONS | _LORENZ63,  # fails
    "run lorenz96 --set sites=5 --t1 1 --dt 0.1 --out new.zarr": _RUN_OPTIONS | {
        "--set": ["F=4"], "--sweep": ["F=2,8"], "--y0": ["x=1,2,3,4,5"]},
    "run henon --t1 20 --steps 8 --out new.zarr": _RUN_OPTIONS | {
        "--set": ["a=1.2"], "--sweep": ["a=1:1.4:3", "b=0.2,0.3"], "--y0": ["x=0.1"]},
    "run run.toml": _RUN_OPTIONS | _LORENZ63,
    "resume s.zarr": {"--extend": ["2.05", "2.5", "3"], "--repair": None, "--quiet": None},
    "analyze s.zarr --stat histogram --out new.zarr": _ANALYZE | {"--set": ["bins=4"]},
    "analyze s.zarr --stat power-spectrum --out new.nc": _ANALYZE | {"--set": ["segment=16"]},
    "analyze s.zarr --stat spike-times --out new.zarr": _ANALYZE | {"--set": ["threshold=0"]},
    "plot s.zarr --out new.png": {"--kind": ["series", "phase", "growth"], "--overwrite": None},
    "report s.zarr --out new.html": {"--overwrite": None},
}  # fmt: skip


@st.composite
def writing_lines(draw):
    """Write a command line that is mostly accepted, and writes something then."""
    words = draw(st.sampled_from([*_WRITING, *list(_WRITING)[:6]]))
    options = _WRITING[words]
    line = words.split()
    for option in draw(st.lists(st.sampled_from(sorted(options)), max_size=5)):
        values = options[option]
        line.append(option)
        if values is not None:
            likely = st.sampled_from(values)
            line.append(draw(st.one_of(*8 * [likely], st.sampled_from(NUMBERS))))
    return line


def _options() -> list[str]:
    context = click.Context(main)
    commands = [main.get_command(context, name) for name in main.list_commands(context)]
    found = {text for command in commands if command for p in command.params
             if isinstance(p, click.Option) for text in p.opts}  # fmt: skip
    return sorted(
        [*(found - set(NOT_TRIED)), "--help", "-h", "--version", "--nonsense", "-x", "--", "--t1=1"]
    )


_tokens = st.one_of(
    st.sampled_from(NUMBERS + WORDS + PATHS),
    st.builds("{}={}".format, st.sampled_from(ASSIGNED), st.sampled_from(NUMBERS + WORDS + PATHS)),
    st.builds("{}={}:{}:{}".format, st.sampled_from(ASSIGNED), *3 * [st.sampled_from(NUMBERS)]),
    st.sampled_from(_options()),
    st.text(max_size=12),
)
_commands = st.sampled_from([*main.list_commands(click.Context(main)), "rum", ""])
_random = st.builds(lambda name, rest: [name, *rest], _commands, st.lists(_tokens, max_size=9))


@st.composite
def _mutated(draw):
    """Take a command line that works, and change a few of its words."""
    line = draw(st.sampled_from(VALID)).split()
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(line) - 1))
        change = draw(st.sampled_from(["replace", "value", "drop", "double", "insert", "swap"]))
        if change == "replace":
            line[place] = draw(_tokens)
        elif change == "value" and "=" in line[place]:
            line[place] = line[place].partition("=")[0] + "=" + draw(st.sampled_from(NUMBERS))
        elif change == "drop" and len(line) > 1:
            del line[place]
        elif change == "double":
            line.insert(place, line[place])
        elif change == "insert":
            line.insert(place, draw(_tokens))
        else:
            other = draw(st.integers(0, len(line) - 1))
            line[place], line[other] = line[other], line[place]
    return line


command_lines = st.one_of(_grammatical(), _grammatical(), _mutated(), _random)

_toml_scalar = st.one_of(
    st.sampled_from(["1", "0", "-1", "0.1", "1e400", "nan", "inf", "-inf", "true", "false",
                     "1958-01-01", "07:32:00", "9" * 30, '""', '"lorenz63"', '"parallel"',
                     '"new.zarr"', '"1/10"', '"\\u0000"', "[]", "[1, 2]", '["a"]', "[[1], [2]]",
                     "{}", "{a = 1}", '{file = "data.csv"}', '{file = "data.csv", variable = 1}']),
)  # fmt: skip
_toml_keys = st.sampled_from(
    [
        "system",
        "t0",
        "t1",
        "dt",
        "out",
        "every",
        "mode",
        "solver",
        "steps",
        "dtype",
        "seed",
        "batch",
        "ensemble",
        "perturbation",
        "zip",
        "overwrite",
        "set",
        "y0",
        "input",
        "sweep",
        "encoding",
        "set.rho",
        "y0.x",
        "input.rho",
        "sweep.rho",
        "encoding.keep_bits",
        "encoding.access",
        "encoding.chunk_rows",
        "encoding.compression",
        "nonsense",
        '""',
        "sink",
        "disable_plugins",
    ]
)


@st.composite
def run_files(draw, most=4):
    """Take a run file that works, and change so many lines of it at most, or letters."""
    lines = RUN_FILE.splitlines()
    for _ in range(draw(st.integers(0, most))):
        place = draw(st.integers(0, len(lines)))
        change = draw(st.sampled_from(["insert", "value", "value", "drop", "letters"]))
        if change == "insert":
            key = draw(_toml_keys)
            tables = [n for n, line in enumerate(lines) if line == f"[{key.partition('.')[0]}]"]
            at = tables[0] + 1 if tables else min(place, 5)
            lines[:] = [line for line in lines if not line.startswith(f"{key} =")]
            name = key.partition(".")[2] if tables else key
            lines.insert(at, f"{name or key} = {draw(_toml_scalar)}")
        elif change == "drop" and place < len(lines):
            del lines[place]
        elif change == "value" and place < len(lines) and " = " in lines[place]:
            lines[place] = lines[place].partition(" = ")[0] + " = " + draw(_toml_scalar)
        elif change == "letters" and place < len(lines):
            at = draw(st.integers(0, len(lines[place])))
            new = draw(st.text(st.sampled_from(string.printable + "é\x00"), max_size=3))
            lines[place] = lines[place][:at] + new + lines[place][at + 1 :]
    return "\n".join(lines)


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what is in a folder, with sizes and times."""
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def outcome(arguments: list[str]) -> int:
    """Run a command line; return its exit code, or fail if it ends in a traceback."""
    result = CliRunner().invoke(main, arguments)
    unexpected = result.exception is not None and not isinstance(result.exception, SystemExit)
    if unexpected:
        print(*arguments, sep="\n", file=sys.stderr)
        raise result.exception
    assert "Traceback" not in result.output
    return result.exit_code


def with_examples(folder: Path) -> None:
    """Put a run into a folder, and what is none."""
    solver = parasim.ParallelNewton(steps=16)
    parasim.simulate("lorenz63", t1=2.0, dt=0.01, store=folder / "s.zarr", solver=solver)
    (folder / "run.toml").write_text(RUN_FILE)
    (folder / "bad.toml").write_text("t1 = = 2")
    (folder / "data.csv").write_text("time,rho\n0,20\n1,21\n2,22\n")
    (folder / "folder").mkdir()
    xr.Dataset({"a": ("time", [1.0, 2.0])}).to_zarr(folder / "foreign.zarr", consolidated=False)


def fuzzed(examples: int) -> settings:
    """Try so many; few of them always the same, so that the fast tests are."""
    return settings(
        max_examples=examples, deadline=None, database=None, derandomize=examples < 100,
        phases=[Phase.generate, Phase.shrink], print_blob=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
