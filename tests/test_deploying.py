"""The files for deploying and docs/deploying.md agree with each other, with the app and with Streamlit."""

import re
import shutil
import subprocess
import sys
import tomllib
from configparser import ConfigParser
from dataclasses import fields
from pathlib import Path

import pytest
from streamlit import config

from mnist_core.limits import Limits, limit_of

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("docs/deploying.md", "Dockerfile", "deploy/mnist-lab.service", "deploy/nginx.conf")
TEXTS = {name: (ROOT / name).read_text("utf-8") for name in NAMES}
GUIDE, DOCKERFILE, UNIT, NGINX = TEXTS.values()
SETTINGS = tomllib.loads((ROOT / ".streamlit/config.toml").read_text("utf-8"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def service() -> dict[str, str]:
    """The settings of the unit; of those that occur twice, the last."""
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(UNIT)
    return dict(parser["Service"])


@pytest.mark.parametrize("name", NAMES)
def test_the_variables_of_the_environment_are_read_by_the_app(name):
    sources = "".join(file.read_text("utf-8") for file in (ROOT / "mnist_core").rglob("*.py"))
    known = set(re.findall(r'"(MNIST_[A-Z_]+)"', sources)) | {limit_of(field.name).variable for field in fields(Limits)}
    assert set(re.findall(r"MNIST_[A-Z_]+", TEXTS[name])) <= known


@pytest.mark.parametrize("name", NAMES)
def test_the_options_of_streamlit_exist(name):
    for option in re.findall(r"--(server\.\w+)", TEXTS[name]):
        config.get_option(option)  # raises for an unknown one


@pytest.mark.parametrize("name", NAMES)
def test_the_port_is_streamlits(name):
    ports = re.findall(r"127\.0\.0\.1:(\d+)|server\.port=(\d+)|EXPOSE (\d+)", TEXTS[name])
    assert {int("".join(port)) for port in ports} == {8501}


def test_the_paths_in_the_guide_exist():
    paths = re.findall(r"`((?:deploy/|\.streamlit/)[\w./-]+|Dockerfile|Home\.py|[\w-]+\.(?:txt|toml))`", GUIDE)
    paths += re.findall(r"cp (\S+) /etc/systemd", GUIDE)
    assert {"Dockerfile", "deploy/mnist-lab.service", "requirements.txt"} <= set(paths)
    assert [path for path in paths if not (ROOT / path).is_file()] == []


def test_the_proxy_lets_a_whole_photo_through():
    (megabytes,) = re.findall(r"^ *client_max_body_size (\d+)m;", NGINX, re.MULTILINE)
    assert int(megabytes) == SETTINGS["server"]["maxUploadSize"] + 1
    assert f"client_max_body_size {megabytes}m" in GUIDE
    assert f"{SETTINGS['server']['maxUploadSize']} MB" in GUIDE


def test_the_container_gets_what_the_app_needs_and_no_runs_of_visitors():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    copied = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert lines[0] == "*"
    assert "checkpoints/*@*" in lines
    assert {
        "Home.py",
        "pages",
        "ui",
        "mnist_core",
        "checkpoints",
        "requirements.txt",
        ".streamlit/config.toml",
    } <= copied
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_container_runs_as_a_user_of_its_own_and_is_asked_how_it_is():
    assert re.search(r"^USER 10001$", DOCKERFILE, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*\n.*/_stcore/health", DOCKERFILE, re.MULTILINE)
    assert "/_stcore/health" in GUIDE


def test_uv_chooses_pytorchs_build():
    assert PYPROJECT["tool"]["uv"]["pip"]["torch-backend"] == "auto"
    assert "--torch-backend cpu" in DOCKERFILE


def test_the_service_writes_where_the_guide_says(service):
    variables = dict(re.findall(r"(?:^Environment=| )([A-Z_]+)=(\S+)", UNIT, re.MULTILINE))
    assert service["StateDirectory"] == service["CacheDirectory"] == "mnist-lab"
    assert variables["MNIST_RUNS_DIR"].startswith("/var/lib/mnist-lab/")
    assert variables["XDG_CACHE_HOME"] == "/var/cache/mnist-lab"
    assert variables["MNIST_RUNS_DIR"] in GUIDE
    assert service["MemoryMax"].lower() in GUIDE
    assert service["WorkingDirectory"] in GUIDE
    assert service["EnvironmentFile"].lstrip("-") in GUIDE


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_understands_the_service(tmp_path):
    unit = tmp_path / "mnist-lab.service"
    unit.write_text(UNIT.replace("/opt/mnist-lab/.venv/bin/python", sys.executable))
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    assert (verified.returncode, verified.stderr) == (0, "")
