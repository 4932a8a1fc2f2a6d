"""What holds for the repository as a whole: pages, benchmarks, requirements, files in git, checks before a push."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit import config

from mnist_core.models import ARCHITECTURES
from mnist_core.recipes import RECIPES
from ui.shell import PAGES

ROOT = Path(__file__).resolve().parent.parent
PAGE_FILES = ["Home.py", *(f"pages/{file.name}" for file in sorted((ROOT / "pages").glob("*.py")))]
MAX_FILE_SIZE = 14_000_000  # bytes, in git


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def test_the_server_does_not_collect_garbage_after_every_rerun():
    assert config.get_option("runner.postScriptGC") is False  # it takes 0.3 s once torch is loaded


def test_every_page_is_in_the_navigation_once():
    assert sorted(page.file for page in PAGES) == sorted(PAGE_FILES)


def test_page_titles_differ():
    assert len({page.title for page in PAGES}) == len(PAGES)


@pytest.mark.parametrize("file", PAGE_FILES)
def test_a_page_begins_with_its_own_shell(file):
    title = next(page.title for page in PAGES if page.file == file)
    assert re.search(rf'^shell\("{title}"\)$', (ROOT / file).read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipes_architecture_exists(name):
    assert RECIPES[name].config.architecture in ARCHITECTURES


@pytest.mark.parametrize("file", sorted((ROOT / "benchmarks").glob("[!_]*.py")), ids=lambda file: file.stem)
def test_a_benchmark_starts_as_its_docstring_says(file):
    command = f"python -m benchmarks.{file.stem}"
    assert command in (ast.get_docstring(parsed(file)) or "")
    result = subprocess.run(
        [sys.executable, *command.split()[1:], "--help"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert command in result.stdout


def test_every_requirement_is_pinned():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    lines += (ROOT / "requirements-dev.txt").read_text().splitlines()[1:]
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.+-]+", line)] == []


def test_the_requirements_of_the_tests_begin_with_those_of_the_app():
    assert (ROOT / "requirements-dev.txt").read_text().startswith("-r requirements.txt\n")


def test_nothing_is_unpickled(tracked):
    for file in (ROOT / name for name in tracked if name.endswith(".py") and not name.startswith("tests/")):
        tree = parsed(file)
        assert imported_packages(tree) & {"pickle", "joblib", "dill", "shelve"} == set(), file
        assert [call.lineno for call in unsafe_loads(tree)] == [], file


def imported_packages(tree: ast.AST) -> set[str]:
    """Return the top-level names of everything that is imported anywhere in the source."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in names}


def unsafe_loads(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls of torch.load without weights_only=True and of numpy with allow_pickle=True."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        options = {option.arg: getattr(option.value, "value", None) for option in call.keywords}
        if ast.unparse(call.func) == "torch.load" and options.get("weights_only") is not True:
            yield call
        if options.get("allow_pickle", False) is not False:
            yield call


def test_no_file_in_git_is_large(tracked):
    assert [name for name in tracked if (ROOT / name).stat().st_size > MAX_FILE_SIZE] == []


def test_no_data_set_is_in_git(tracked):
    assert [name for name in tracked if re.search(r"ubyte|\.(gz|npz|npy|parquet|csv|pkl|pt|zip)$", name)] == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_ci_runs_the_readmes_test_command():
    blocks = re.findall(r"```\w*\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    (command,) = [line for line in "".join(blocks).splitlines() if line.startswith("python3 ") and "-m pytest" in line]
    script = (ROOT / ".ci/run").read_text("utf-8")
    (reading,) = [line for line in script.splitlines() if line.startswith("tests=")]
    assert subprocess.check_output(["bash", "-c", f'{reading}; echo "$tests"'], cwd=ROOT, text=True) == command + "\n"
    assert '-c "$tests"' in script
