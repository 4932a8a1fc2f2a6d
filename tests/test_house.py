"""The project's promises about itself: who imports whom, what is pinned, what the README says about the tree."""

import ast
import pkgutil
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit import config

import mnist_core
from mnist_core.models import ARCHITECTURES
from mnist_core.recipes import RECIPES
from ui.shell import PAGES

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```\w*\n(.*?)```", README, re.DOTALL)
PAGE_FILES = ["Home.py", *(f"pages/{file.name}" for file in sorted((ROOT / "pages").glob("*.py")))]
CORE = [module.name for module in pkgutil.iter_modules(mnist_core.__path__)]
FLOORS = [  # a module imports only from the floors below its own
    ["_lazy", "config", "drawing", "label_errors", "lookalikes", "pictures"],
    ["data", "models"],
    ["augment", "fetch", "metrics", "recipes"],
    ["calibration", "explain", "runs"],
    ["breaking", "ensemble", "training"],
    ["worker"],
    ["__main__"],
]
LARGEST = 14_000_000  # bytes of one file in git


def imports_of(tree: ast.AST) -> set[str]:
    """Every module that is imported below this node, as a dotted name; `from a import b` counts as a and a.b."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def imports_at_the_top(file: Path) -> set[str]:
    """The imports that happen when the file is imported, not later in a function."""
    lazy = (ast.FunctionDef, ast.ClassDef)
    return set().union(*(imports_of(node) for node in parsed(file).body if not isinstance(node, lazy)))


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def loaded_after(statement: str) -> set[str]:
    """The modules in a fresh interpreter after this statement."""
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.fixture(scope="session")
def tracked() -> list[str]:
    """The files in git, as paths from the root."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is not a git checkout")
    return subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).rstrip("\0").split("\0")


def test_no_core_module_brings_streamlit():
    loaded = loaded_after("".join(f"import mnist_core.{module}\n" for module in CORE))
    assert {f"mnist_core.{module}" for module in CORE} <= loaded
    assert "streamlit" not in loaded


def test_figures_and_words_bring_neither_streamlit_nor_torch():
    assert not {"streamlit", "torch"} & loaded_after("import ui.charts, ui.images, ui.labels")


def test_the_library_and_what_pages_share_open_without_torch():
    modules = "mnist_core, mnist_core.__main__, mnist_core.execution.local, ui.shell, ui.train.form, ui.run_summary"
    assert "torch" not in loaded_after(f"import {modules}")


def test_the_table_of_a_network_needs_no_compiler():
    assert "torch._dynamo" not in loaded_after("from mnist_core.models import describe\ndescribe('fast', 0.5)")


def test_the_server_does_not_collect_garbage_after_every_click():
    assert config.get_option("runner.postScriptGC") is False  # it takes 0.3 s once torch is loaded


def test_every_core_module_has_its_floor():
    assert sorted(CORE) == sorted(name for floor in FLOORS for name in floor)


@pytest.mark.parametrize("floor", range(len(FLOORS)))
def test_the_core_imports_only_downwards(floor):
    below = {f"mnist_core.{name}" for names in FLOORS[:floor] for name in names}
    for name in FLOORS[floor]:
        imported = imports_at_the_top(ROOT / f"mnist_core/{name}.py")
        assert {module for module in imported if module.removeprefix("mnist_core.") in CORE} <= below, name


def test_the_core_imports_neither_ui_nor_pages():
    for file in (ROOT / "mnist_core").glob("*.py"):
        assert not {name.partition(".")[0] for name in imports_of(parsed(file))} & {"ui", "pages", "Home"}, file


def test_every_page_is_in_the_navigation_once():
    assert sorted(page.file for page in PAGES) == sorted(PAGE_FILES)


def test_page_titles_differ():
    assert len({page.title for page in PAGES}) == len(PAGES)


@pytest.mark.parametrize("file", PAGE_FILES)
def test_a_page_imports_only_ui_core_and_streamlit(file):
    assert {name.partition(".")[0] for name in imports_of(parsed(ROOT / file))} <= {"ui", "mnist_core", "streamlit"}


@pytest.mark.parametrize("file", PAGE_FILES)
def test_a_page_begins_with_its_own_shell(file):
    title = next(page.title for page in PAGES if page.file == file)
    assert re.search(rf'^shell\("{title}"\)$', (ROOT / file).read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipes_network_exists(name):
    assert RECIPES[name].config.architecture in ARCHITECTURES


@pytest.mark.parametrize("file", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda file: file.stem)
def test_a_benchmark_starts_as_its_docstring_says(file):
    command = f"python -m benchmarks.{file.stem}"
    assert command in (ast.get_docstring(parsed(file)) or "")
    answer = subprocess.run(
        [sys.executable, *command.split()[1:], "--help"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    assert command in answer.stdout


def test_every_requirement_is_pinned():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    lines += (ROOT / "requirements-dev.txt").read_text().splitlines()[1:]
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.+-]+", line)] == []


def test_what_the_tests_need_begins_with_what_the_app_needs():
    assert (ROOT / "requirements-dev.txt").read_text().startswith("-r requirements.txt\n")


def test_nothing_is_unpickled(tracked):
    for file in (ROOT / name for name in tracked if name.endswith(".py") and not name.startswith("tests/")):
        tree = parsed(file)
        assert not {name.partition(".")[0] for name in imports_of(tree)} & {"pickle", "joblib", "dill", "shelve"}, file
        assert [call.lineno for call in unsafe_loads(tree)] == [], file


def unsafe_loads(tree: ast.AST) -> Iterator[ast.Call]:
    """The calls of torch.load without weights_only=True, of numpy with allow_pickle=True."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        options = {option.arg: getattr(option.value, "value", None) for option in call.keywords}
        if ast.unparse(call.func) == "torch.load" and options.get("weights_only") is not True:
            yield call
        if options.get("allow_pickle", False) is not False:
            yield call


def test_no_file_in_git_is_large(tracked):
    assert [name for name in tracked if (ROOT / name).stat().st_size > LARGEST] == []


def test_no_data_set_is_in_git(tracked):
    assert [name for name in tracked if re.search(r"ubyte|\.(gz|npz|npy|parquet|csv|pkl|pt|zip)$", name)] == []


def test_the_readme_names_everything_at_the_top(tracked):
    top = {name.partition("/")[0] + "/" if "/" in name else name for name in tracked}
    assert sorted(name for name in top - {".gitignore", "README.md"} if name not in README) == []


def paths_in_the_tree() -> list[str]:
    """The paths of the README's tree: the first word of each line, below the folder it is indented under."""
    (tree,) = [block for block in BLOCKS if block.startswith("Home.py")]
    paths, folder = [], ""
    for line in tree.splitlines():
        name = line.split()[0]
        if not line.startswith(" "):
            folder = name if name.endswith("/") else ""
        paths.append(folder + name if line.startswith(" ") else name)
    return paths


@pytest.mark.parametrize("path", paths_in_the_tree())
def test_what_the_readmes_tree_names_exists(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize("folder", ["mnist_core", "pages", "ui"])
def test_the_readmes_tree_names_every_file_of_the_app(folder):
    files = [f"{folder}/{file.name}" for file in (ROOT / folder).iterdir() if file.suffix in (".py", ".css")]
    assert sorted(set(files) - {f"{folder}/__init__.py"} - set(paths_in_the_tree())) == []


def test_the_readme_shows_the_picture_it_names(tracked):
    assert set(re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)) <= set(tracked)


def test_the_readme_has_a_row_for_every_page_and_recipe():
    assert [page.title for page in PAGES if f"| {page.title} |" not in README] == []
    assert [name for name in RECIPES if f"`{name}`" not in README] == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_ci_runs_the_readmes_test_command():
    (command,) = [line for line in "".join(BLOCKS).splitlines() if line.startswith("python3 ") and "-m pytest" in line]
    script = (ROOT / ".ci/run").read_text("utf-8")
    (reading,) = [line for line in script.splitlines() if line.startswith("tests=")]
    assert subprocess.check_output(["bash", "-c", f'{reading}; echo "$tests"'], cwd=ROOT, text=True) == command + "\n"
    assert '-c "$tests"' in script
