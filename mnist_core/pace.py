"""How fast a training run goes: as fast as it can, at so many steps a second, or step by step."""

import math
import threading
import time

MAX_RECORDED = 500  # steps in slow motion of which each is recorded; from then on every tenth is
MAX_GAP = 86_400.0  # seconds between two steps at the lowest speed


class Pace:
    """Holds training back between its steps. All methods may be called from any thread.

    A stop or a new speed takes effect at once, also while a step is held back.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._speed: float | None = None
        self._steps_allowed = 0  # at speed 0
        self._last = -math.inf  # when a step was last let through at a speed above 0, by the monotonic clock
        self._recorded = 0
        self._ending = ""  # "stop", "pause" or "leave" once training has been asked to

    @property
    def stopped(self) -> bool:
        """Whether training has been asked to stop."""
        return self._ending == "stop"

    @property
    def paused(self) -> bool:
        """Whether training has been asked to pause."""
        return self._ending == "pause"

    @property
    def left(self) -> bool:
        """Whether training has been asked to leave the run as it is, because the process ends."""
        return self._ending == "leave"

    @property
    def slow(self) -> bool:
        """Whether steps are held back."""
        return self._speed is not None

    def start(self) -> None:
        """Forget the run before: how it was ended and how much of it was recorded. The speed stays as it was set."""
        with self._condition:
            self._ending, self._recorded, self._steps_allowed = "", 0, 0

    def stop(self) -> None:
        """Ask training to stop; it is not held back any more."""
        self._end("stop")

    def pause(self) -> None:
        """Ask training to pause; it is not held back any more."""
        self._end("pause")

    def leave(self) -> None:
        """Ask training to leave the run as it is; it is not held back any more."""
        self._end("leave")

    def _end(self, ending: str) -> None:
        with self._condition:
            self._ending = ending
            self._condition.notify_all()

    def set_speed(self, steps_per_second: float | None) -> None:
        """Set the largest number of steps a second: None for as many as possible, 0 to halt after the present step.

        Raises ValueError when it is negative or not finite.
        """
        speed = checked_speed(steps_per_second)
        with self._condition:
            self._speed, self._steps_allowed = speed, 0
            self._condition.notify_all()

    def advance(self, steps: int) -> None:
        """Let this many steps through at speed 0. At any other speed there is nothing to let through."""
        with self._condition:
            if self._speed == 0:
                self._steps_allowed += steps
                self._condition.notify_all()

    def records(self, step: int) -> bool:
        """Return whether this step is to be recorded because training is slow enough to watch each.

        That is so at any speed but None, for the first 500 steps of a run in slow motion, then for every tenth,
        after 5,000 for every hundredth and so on, and always for the one at which training halts.
        """
        with self._condition:
            if self._speed is None or self._ending:
                return False
            self._recorded += 1
            halts = self._speed == 0 and self._steps_allowed == 0
            return halts or self._recorded <= MAX_RECORDED or step % self._interval() == 0

    def _interval(self) -> int:
        every = 10
        while self._recorded > MAX_RECORDED * every:
            every *= 10
        return every

    def wait(self) -> None:
        """Return when the next step may be made."""
        with self._condition:
            while self._speed is not None and not self._ending:
                if self._speed == 0 and self._steps_allowed > 0:
                    self._steps_allowed -= 1
                    break
                gap = min(1 / self._speed, MAX_GAP) if self._speed else math.inf  # seconds
                now = time.monotonic()
                if self._speed and now >= self._last + gap:
                    self._last = max(self._last + gap, now - gap)  # on the beat, unless training is slower than it
                    break
                self._condition.wait(min(self._last + gap - now, 60))


def checked_speed(steps_per_second: float | None) -> float | None:
    """Return the speed. Raises ValueError when it is negative or not finite."""
    if steps_per_second is not None and not 0 <= steps_per_second < math.inf:
        raise ValueError(f"the speed must be a number of steps a second of at least 0, or None, got {steps_per_second}")
    return steps_per_second
