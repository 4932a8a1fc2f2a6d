# MNIST Lab in a container; docs/deploying.md says how to build and start it.

FROM python:3.12-slim-bookworm AS packages
WORKDIR /build
COPY requirements.txt ./
# uv can choose PyTorch's build without CUDA, which saves several gigabytes; it stays behind in this stage.
RUN pip install --no-cache-dir uv==0.13.9 \
    && uv venv /opt/venv \
    && VIRTUAL_ENV=/opt/venv uv pip install --no-cache --torch-backend cpu -r requirements.txt

FROM python:3.12-slim-bookworm
RUN useradd --uid 10001 --create-home lab \
    && install --directory --owner=lab --group=lab /data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY . .
USER 10001
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MNIST_RUNS_DIR=/data/runs \
    XDG_CACHE_HOME=/data/cache
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["python", "-m", "streamlit", "run", "Home.py", "--server.headless=true", "--server.address=0.0.0.0", "--server.port=8501"]
