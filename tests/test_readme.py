"""What README.md and docs/ say is true: files, commands, links, examples and figures."""

import contextlib
import doctest
import io
import re
import runpy
import sys
from pathlib import Path
from statistics import mean, stdev

import pytest

from mnist_core.config import FORMER_ARCHITECTURES
from mnist_core.models import ARCHITECTURES, describe
from mnist_core.recipes import RECIPES
from mnist_core.runs import list_runs
from ui.shell import PAGES

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {file.relative_to(ROOT).as_posix(): file.read_text("utf-8") for file in DOCUMENTS}
README, ARCHITECTURE, MEASURED, RECIPE_DOCS = (
    TEXTS[name] for name in ("README.md", "docs/architecture.md", "docs/measured.md", "docs/recipes.md")
)
COMMAND = re.compile(r"python -m ((?:mnist_core|benchmarks)\b[\w.]*)((?: +[^\s`#;()]+)*)")
ELSEWHERE = (".venv/", "MNIST/raw/")  # paths that are not in the repository
SHIPPED = {run.name: run for run in list_runs() if run.shipped}


def blocks(text: str, language: str = r"\w*") -> list[str]:
    """Return the contents of the fenced code blocks."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def tables(text: str) -> list[list[dict[str, str]]]:
    """Return the tables, each as a list of rows from heading to cell."""
    found = []
    for table in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        heads, _, *rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in table.splitlines()]
        found.append([dict(zip(heads, row, strict=True)) for row in rows])
    return found


def rows(text: str, *heads: str) -> dict[str, dict[str, str]]:
    """Return the rows of the only table that begins with these headings, by the name in their first cell."""
    (table,) = [table for table in tables(text) if tuple(table[0])[: len(heads)] == heads]
    return {row[heads[0]].partition(" (")[0].strip("`"): row for row in table}


def files_in_tree() -> list[str]:
    """Return the paths of the tree in docs/architecture.md; folders end in a slash."""
    (tree,) = [block for block in blocks(ARCHITECTURE) if block.startswith("Home.py")]
    paths, folders = [], [""]
    for line in tree.splitlines():
        depth, name = (len(line) - len(line.lstrip())) // 4, line.split()[0]
        folders[depth + 1 :] = [folders[depth] + name]
        paths.append(folders[depth] + name)
    return paths


def commands() -> dict[str, set[str]]:
    """Return the commands of this project that the documents name, each with the options they are shown with."""
    found: dict[str, set[str]] = {}
    for module, rest in COMMAND.findall("\n".join(TEXTS.values())):
        words = rest.split()
        subcommand = words[:1] if module == "mnist_core" and words and words[0].isalpha() else []
        options = {word.strip("[]") for word in words if word.strip("[]").startswith("--")}
        found.setdefault(" ".join([module, *subcommand]), set()).update(options)
    return found


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 170


def test_the_readmes_example_of_the_library_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("MNIST_RUNS_DIR", str(tmp_path))
    (example,) = blocks(README, "python")
    assert len([line for line in example.splitlines() if line.startswith(">>> ")]) <= 10
    test = doctest.DocTestParser().get_doctest(example, {}, "README.md", "README.md", 0)
    report = io.StringIO()
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=report.write)
    assert report.getvalue() == ""


@pytest.mark.parametrize("command", commands())
def test_a_command_has_help_that_names_its_options(command, monkeypatch):
    module, *subcommand = command.split()
    monkeypatch.setattr(sys, "argv", [module, *subcommand, "--help"])
    monkeypatch.setenv("COLUMNS", "200")
    for name in (module, f"{module}.__main__"):  # where another test has imported it
        monkeypatch.delitem(sys.modules, name, raising=False)
    output = io.StringIO()
    with contextlib.redirect_stdout(output), pytest.raises(SystemExit) as exit_:
        runpy.run_module(module, run_name="__main__")
    assert exit_.value.code == 0
    assert [option for option in commands()[command] if option not in output.getvalue()] == []


def test_every_command_and_benchmark_is_documented():
    benchmarks = {f"benchmarks.{file.stem}" for file in (ROOT / "benchmarks").glob("[!_]*.py")}
    subcommands = {
        f"mnist_core {name}" for name in ("train", "vote", "evaluate", "robustness", "classify", "list", "download")
    }
    assert sorted((benchmarks | subcommands) - set(commands())) == []


@pytest.mark.parametrize("folder", ["mnist_core", "ui", "pages", "benchmarks"])
def test_the_tree_names_every_file(folder):
    files = [
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / folder).rglob("*")
        if file.suffix in (".py", ".js", ".css") and file.name != "__init__.py"
    ]
    assert sorted(files) == sorted(
        path for path in files_in_tree() if path.startswith(f"{folder}/") and not path.endswith("/")
    )


def test_what_the_tree_names_exists():
    assert [path for path in files_in_tree() if not (ROOT / path).exists()] == []


def test_the_tree_names_everything_at_the_top(tracked):
    top = {name.partition("/")[0] + "/" if "/" in name else name for name in tracked}
    assert sorted(top - {".gitignore", "README.md"} - set(files_in_tree())) == []


@pytest.mark.parametrize("name", TEXTS)
def test_what_a_document_links_to_exists(name):
    for target in re.findall(r"\]\(([^)\s]+)\)", TEXTS[name]):
        if re.match(r"[a-z]+:", target):
            continue  # elsewhere
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.is_file(), target
        headings = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.MULTILINE) if anchor else []
        assert not anchor or anchor in [re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in headings]


def test_every_file_in_docs_is_linked_or_shown():
    docs = ROOT / "docs"
    linked = set(re.findall(r"\]\(docs/([^)#]+)", README))
    for file in docs.glob("*.md"):
        linked |= set(re.findall(r"!\[[^]]*\]\(([^)#]+)", file.read_text("utf-8")))
    assert {str(file.relative_to(docs)) for file in docs.rglob("*.*")} == linked


@pytest.mark.parametrize("name", TEXTS)
def test_the_files_and_names_that_a_document_mentions_exist(name):
    text = re.sub(r"^```.*?^```$", "", TEXTS[name], flags=re.DOTALL | re.MULTILINE)
    for path in re.findall(r"`([\w.]+/[\w./]*)`", text):
        assert path.startswith(ELSEWHERE) or (ROOT / path).exists(), path
    for line in text.splitlines():
        for mentioned, path in re.findall(r"((?:`\w+`(?: or | and [a-z ]*)?)+) in `([\w./]+\.py)`", line):
            source = (ROOT / path).read_text("utf-8")
            for identifier in re.findall(r"`(\w+)`", mentioned):
                assert re.search(rf"^ *(?:def |class )?{identifier}\b[ (:=]", source, re.MULTILINE), (identifier, path)


def test_the_readme_has_a_row_for_every_page():
    assert list(rows(README, "page")) == [page.title for page in PAGES]


def test_the_readme_has_the_figures_of_every_shipped_run():
    table = rows(README, "run", "test accuracy, %")
    assert sorted(table) == sorted(SHIPPED)
    for name, row in table.items():
        outcome = SHIPPED[name].outcome
        assert row["test accuracy, %"] == f"{100 * outcome.test.accuracy:.2f}", name
        assert row["parameters"] == f"{outcome.parameters:,}", name
        assert row["CPU seconds"] == f"{outcome.cpu_seconds:,.0f}", name


def test_measured_has_the_accuracy_of_every_shipped_run_at_its_seed():
    table = rows(MEASURED, "recipe", "reported")
    assert sorted(table) == sorted(SHIPPED)
    for name, run in SHIPPED.items():
        seeds = table[name]["single seeds"].split(", ")
        seed = 0 if run.members else run.config.seed
        assert seeds[seed] == f"{100 * run.outcome.test.accuracy:.2f}", name
        assert table[name]["test loss"] == f"{run.outcome.test.loss:.4f}", name


def test_the_means_of_measured_are_those_of_its_single_seeds():
    for name, row in rows(MEASURED, "recipe", "reported").items():
        seeds = [float(value) for value in row["single seeds"].split(", ")]
        average, *deviation = (float(value) for value in row["test accuracy, %"].split(" ± "))
        assert average == pytest.approx(mean(seeds), abs=0.011), name
        assert deviation == pytest.approx([stdev(seeds)] if len(seeds) > 1 else [], abs=0.011), name


def test_measured_repeats_what_was_reported():
    for name, row in rows(MEASURED, "recipe", "reported").items():
        reported = RECIPES[name].reported if name in RECIPES else ""
        assert row["reported"] == (reported or "–"), name


def test_the_recipes_have_their_rows():
    table = rows(RECIPE_DOCS, "recipe")
    assert list(table) == list(RECIPES)
    for name, row in table.items():
        assert row["network"] == f"`{RECIPES[name].config.architecture}`", name
        assert row["reported"] == RECIPES[name].reported, name
        assert bool(row["follows"]) == bool(row["reported"]), name


def test_the_networks_have_their_rows():
    table = rows(RECIPE_DOCS, "network")
    assert list(table) == list(ARCHITECTURES)
    former = {new: old for old, new in FORMER_ARCHITECTURES.items()}
    for name, row in table.items():
        assert row["parameters"] == f"{sum(layer.parameters for layer in describe(name)):,}", name
        assert row["former name"].strip("`") == former.get(name, ""), name


def test_the_recipes_follow_the_reference_programs():
    programs = rows(RECIPE_DOCS, "program")
    followed = {row["follows"] for row in rows(RECIPE_DOCS, "recipe").values()} - {""}
    assert sorted(programs) == sorted(followed)
