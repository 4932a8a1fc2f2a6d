"""A stand-in for what trains: the queue and the pages are tested without a training process."""

from collections.abc import Callable

from mnist_core.execution.local import Measurement
from mnist_core.runs import Run


class ExecutorStandIn:
    """Has what the queue uses of a LocalExecutor; trains nothing. A test says when a run ends."""

    def __init__(self) -> None:
        self.device: str | None = "cpu"
        self.pid: int | None = None
        self.run: Run | None = None
        self.ending = ""
        self.speed: float | None = None
        self.advanced: list[int] = []
        self.failures: dict[str, str] = {}
        self.measurement: Measurement | None = None
        self.measurement_failures: dict[str, str] = {}
        self.on_end: Callable[[], object] = lambda: None

    def warm(self) -> None:
        pass

    def close(self) -> None:
        pass

    def start(self, run: Run, speed: float | None = None) -> None:
        assert self.run is None
        self.run, self.speed, self.ending = run, speed, ""
        self.cancel_measurement()

    def set_speed(self, speed: float | None) -> None:
        self.speed = speed

    def advance(self, steps: int = 1) -> None:
        self.advanced.append(steps)

    def stop(self) -> None:
        self.ending = "stop"

    def pause(self) -> None:
        self.ending = "pause"

    def measure(self, run: Run) -> None:
        assert self.measurement is None
        self.measurement = Measurement(run)

    def cancel_measurement(self) -> None:
        self.measurement = None

    def measurement_failure(self, name: str) -> str | None:
        return self.measurement_failures.get(name)

    def failure(self, name: str) -> str | None:
        return self.failures.get(name)

    def end(self, error: str | None = None) -> Run:
        """The run that trains has ended, with whatever is in its folder now."""
        run, self.run = self.run, None
        assert run is not None
        if error is not None:
            self.failures[run.name] = error
        self.on_end()
        return run

    def end_measurement(self) -> None:
        """What was measured has ended."""
        self.measurement = None
        self.on_end()
