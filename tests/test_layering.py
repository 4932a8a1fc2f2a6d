"""Who may import whom: pages -> ui/<page> -> ui -> mnist_core, no cycles, and neither streamlit nor torch too early.

The imports are read from the source, those inside functions and below TYPE_CHECKING too.
"""

import ast
import graphlib
import importlib.util
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def module_name(file: Path) -> str:
    """The dotted name by which a file of the repository is imported."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {  # name -> file
    module_name(file): file
    for file in [
        ROOT / "Home.py",
        *(file for top in ("benchmarks", "mnist_core", "pages", "ui") for file in (ROOT / top).rglob("*.py")),
    ]
}
CORE = sorted(name for name in MODULES if name.split(".")[0] == "mnist_core")
UI = sorted(name for name in MODULES if name.split(".")[0] == "ui")
PAGES = sorted(name for name in MODULES if name.split(".")[0] in ("Home", "pages"))
PAGE_FOLDERS = {  # page -> the package with its parts
    page: f"ui.{'train' if page == 'Home' else page.removeprefix('pages.')}" for page in PAGES
}
READING_PAGES = [
    "Home",
    *(f"pages.{name}" for name in ("about", "calibration", "confusion", "curves", "mistakes", "models", "robustness")),
]
ORDER = [  # of the core: none of these modules needs one of its own row or of a later row, not even indirectly
    {"mnist_core.config", "mnist_core.pace"},
    {"mnist_core.data", "mnist_core.metrics", "mnist_core.models"},
    {"mnist_core.inference"},
    {"mnist_core.interim", "mnist_core.snapshots"},
    {"mnist_core.runs"},
    {"mnist_core.training"},
    {"mnist_core.execution.local", "mnist_core.execution.worker"},
]


def imports_of(name: str) -> Iterator[str]:
    """Yield every module that a module of ours imports anywhere in its source."""
    file = MODULES[name]
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            for alias in node.names:
                submodule = f"{source}.{alias.name}"
                yield submodule if submodule in MODULES else source


IMPORTS = {name: set(imports_of(name)) for name in MODULES}
OURS = {name: imported & MODULES.keys() for name, imported in IMPORTS.items()}


def is_within(name: str, *packages: str) -> bool:
    """Return whether a module is one of the packages or lies inside one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def importers_outside(package: str, *allowed: str) -> list[str]:
    """Return "a imports b" for each b in the package that is imported from neither the package nor an allowed one."""
    return [
        f"{name} imports {imported}"
        for name, imports in sorted(IMPORTS.items())
        for imported in sorted(imports)
        if is_within(imported, package) and not is_within(name, package, *allowed)
    ]


def all_needed_by(name: str) -> set[str]:
    """Return the modules of ours that a module imports, directly or indirectly."""
    needed: set[str] = set()
    new = OURS[name]
    while new:
        needed |= new
        new = set().union(*(OURS[module] for module in new)) - needed
    return needed


def loaded_after(python, modules) -> set[str]:
    """Return the names of all modules in a fresh interpreter that has imported these modules."""
    loaded = set(python(f"import sys, {', '.join(modules)}\nprint(*sys.modules)").split())
    assert set(modules) <= loaded
    return loaded


@pytest.mark.parametrize("page", PAGES)
def test_a_page_imports_only_its_own_parts_shared_ui_the_core_and_streamlit(page):
    assert {name.split(".")[0] for name in IMPORTS[page]} <= {"mnist_core", "streamlit", "ui"}
    others = set(PAGE_FOLDERS.values()) - {PAGE_FOLDERS[page]}
    assert [name for name in IMPORTS[page] if is_within(name, *others)] == []


def test_nothing_imports_a_page():
    assert importers_outside("pages") + importers_outside("Home") == []


def test_the_core_imports_neither_streamlit_nor_ui_nor_pages_nor_benchmarks():
    forbidden = {"Home", "benchmarks", "pages", "streamlit", "tests", "ui"}
    assert [(name, imported) for name in CORE for imported in IMPORTS[name] if is_within(imported, *forbidden)] == []


def test_ui_imports_neither_benchmarks_nor_tests():
    assert [name for name in UI if any(is_within(imported, "benchmarks", "tests") for imported in IMPORTS[name])] == []


def test_every_folder_of_ui_belongs_to_a_page_or_holds_components():
    folders = {name for name in UI if MODULES[name].name == "__init__.py" and name.count(".") == 1}
    assert folders - {"ui.components"} <= set(PAGE_FOLDERS.values())


@pytest.mark.parametrize("page", PAGES)
def test_only_a_page_and_its_own_parts_import_its_folder(page):
    assert importers_outside(PAGE_FOLDERS[page], page) == []


def test_components_import_only_shared_ui_and_the_core():
    parts = set(PAGE_FOLDERS.values())
    components = [name for name in UI if is_within(name, "ui.components")]
    assert components
    assert [name for name in components if any(is_within(imported, *parts) for imported in OURS[name])] == []


def test_no_modules_import_each_other_in_a_cycle():
    try:
        graphlib.TopologicalSorter(OURS).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@pytest.mark.parametrize(("row", "later"), [*itertools.combinations_with_replacement(range(len(ORDER)), 2)])
def test_the_core_is_imported_in_order(row, later):
    assert ORDER[row] <= MODULES.keys()
    needed = {name: all_needed_by(name) for name in ORDER[row]}
    if row == later:  # modules of one row do not need each other; a worker's two sides may
        needed = {name: modules for name, modules in needed.items() if not is_within(name, "mnist_core.execution")}
    assert {name: modules & ORDER[later] for name, modules in needed.items() if modules & ORDER[later]} == {}


def test_only_execution_the_command_line_and_ui_import_analysis():
    allowed = ("mnist_core.execution", "mnist_core.__main__", "ui", "pages", "benchmarks")
    assert importers_outside("mnist_core.analysis", *allowed) == []


def test_only_the_command_line_and_ui_import_execution():
    assert importers_outside("mnist_core.execution", "mnist_core.__main__", "ui") == []


def test_no_core_module_loads_streamlit(python):
    assert "streamlit" not in loaded_after(python, CORE)


def test_charts_and_labels_load_neither_streamlit_nor_torch(python):
    assert not {"streamlit", "torch"} & loaded_after(python, ["ui.charts", "ui.images", "ui.labels", "ui.palette"])


def test_the_library_the_command_line_and_the_reading_pages_load_no_torch(python):
    parts = {name for name in UI if is_within(name, *(PAGE_FOLDERS[page] for page in READING_PAGES))}
    library = {"mnist_core", "mnist_core.__main__", "mnist_core.execution.local"}
    loaded = loaded_after(python, sorted(parts.union(library, *(OURS[page] for page in READING_PAGES))))
    assert "streamlit" in loaded
    assert "torch" not in loaded


def test_layer_tables_load_no_compiler(python):
    code = "from mnist_core.models import ARCHITECTURES, describe; [describe(name, 0.5) for name in ARCHITECTURES]"
    assert "torch._dynamo" not in python(f"{code}; import sys; print(*sys.modules)").split()
