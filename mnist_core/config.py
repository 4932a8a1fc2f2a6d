"""The settings of a training run: `TrainConfig`, checked once, with a label, limits and a help text for every field.

The form, the command line and the validation all read them from here, so a new field is one line.
"""

import dataclasses
import math
import re
from dataclasses import dataclass, fields
from typing import Any

from mnist_core.errors import MnistLabError
from mnist_core.text import quoted

DATASETS = {
    "mnist": "MNIST: 60,000 training and 10,000 test digits of 28x28 pixels",
    "sample": "Sample digits: 1,797 real digits of 8x8 pixels that ship with scikit-learn, enlarged",
}
TEST_SIZES = {"mnist": 10_000, "sample": 360}  # test digits
TRAINING_SIZES = {"mnist": 60_000, "sample": 1_437}  # training digits, including those held out for validation
VALIDATION_SIZES = {"mnist": 5_000, "sample": 200}  # the default of `validation_size`

OPTIMIZERS = {
    "sgd": "SGD: step along the negative gradient, with momentum",
    "adam": "Adam: gives every weight its own step size (Kingma & Ba, 2014)",
    "adamw": "AdamW: Adam with weight decay done separately (Loshchilov & Hutter, 2017)",
    "muon": "Muon: orthogonalises the update of each convolution, AdamW for the rest (Jordan et al., 2024)",
}
SCHEDULES = {
    "constant": "Constant: the same rate from the first step to the last",
    "step": "Step: a tenth of the rate after 60 % of the steps, a hundredth after 85 %",
    "cosine": "Cosine: falls along half a cosine to 0",
    "one-cycle": "One-cycle: rises for the first 20 % of the steps, then falls straight to 0 (Smith, 2018)",
}
AUGMENTATIONS = {
    "none": "None: every digit exactly as it was written",
    "shift": "Shift: up to 2 pixels in any direction",
    "affine": "Affine: turned, resized, slanted and shifted a little",
    "elastic": "Elastic: affine, and bent as if drawn on rubber (Simard et al., 2003)",
    "pen": "Pen: elastic, with thin and thick ink, slashed zeros, flagged ones, crossed sevens and gaps",
    "robust": "Robust: elastic, in bad light, out of place, half covered, noisy, blurred or in negative",
}
KEPT_EPOCHS = {
    "best": "Best: the epoch with the highest validation accuracy",
    "last": "Last: for rates that fall to 0, where the last epochs are nearly equal and the best of them is chance",
}
DEVICES = {
    "auto": "Auto: CUDA if there is one, else Apple's MPS, else the CPU",
    "cpu": "CPU",
    "cuda": "NVIDIA GPU (CUDA)",
    "mps": "Apple GPU (MPS)",
}

# Names in the config.json of runs made before 2026-11-25 -> the names in `models.ARCHITECTURES`.
FORMER_ARCHITECTURES = {
    "classic-cnn": "three-block-cnn",
    "conv-block-sgd": "single-pool-cnn",
    "mnist-cnn-adam": "two-block-cnn",
    "wide-head": "wide-head-cnn",
    "fast": "space-to-depth-cnn",
    "accurate": "wide-space-to-depth-cnn",
}
MAX_MEMBERS = 50  # of an ensemble: each is a network in memory


class ConfigError(MnistLabError, ValueError):
    """A setting, a recipe or an architecture that does not exist, or a value that is not allowed."""


@dataclass(frozen=True)
class Setting:
    """Label, help text and limits of one field of `TrainConfig`."""

    label: str
    help: str
    group: str
    choices: dict[str, str] | None = None  # value -> one line that describes it; None: anything within the limits
    minimum: float = -math.inf
    maximum: float = math.inf
    exclusive_minimum: bool = False  # the minimum itself is not allowed
    suggestions: tuple[float, ...] = ()  # values to choose from, in steps that make a difference; others are allowed
    used_with: tuple[str, tuple[str, ...]] | None = None  # another field, and its values with which this one matters


def setting(default: Any, label: str, help: str, group: str, **limits: Any) -> Any:
    """Return a dataclass field with its `Setting` attached."""
    return dataclasses.field(default=default, metadata={"setting": Setting(label, help, group, **limits)})


@dataclass(frozen=True)
class TrainConfig:
    """All settings of a training run. Raises ConfigError, with one sentence, for a value that is not allowed."""

    # fmt: off
    dataset: str = setting(
        "mnist", "Digits", "The pictures to learn from. Every result says which ones it was measured on.",
        "Data", choices=DATASETS,
    )
    validation_size: int | None = setting(
        None, "Held out for validation",
        "Training digits set aside to measure the network while it trains, so that the test set is used only once.",
        "Data", minimum=10, maximum=30_000, suggestions=(200, 500, 1_000, 2_000, 5_000, 10_000),
    )
    augmentation: str = setting(
        "none", "Augmentation", "Changes each digit a little every time it is seen, so that it cannot be memorised.",
        "Data", choices=AUGMENTATIONS,
    )
    augmentation_strength: float = setting(
        1.0, "Augmentation strength", "1 is the usual amount, 0 is none, 2 is twice as much.",
        "Data", minimum=0, maximum=2, used_with=("augmentation", ("shift", "affine", "elastic", "pen", "robust")),
    )
    architecture: str = setting(
        "two-block-cnn", "Network", "The layers between the image and the prediction.",
        "Network",
    )
    dropout: float = setting(
        0.0, "Dropout", "The share of values switched off at random in training, so that no single one is relied on.",
        "Network", minimum=0, maximum=0.9,
    )
    optimizer: str = setting(
        "adam", "Optimizer", "How the gradient of the loss becomes an update of the weights.",
        "Learning", choices=OPTIMIZERS,
    )
    learning_rate: float = setting(
        1e-3, "Learning rate", "The size of a step. Too small and it crawls, too large and it jumps past every valley.",
        "Learning", minimum=0, exclusive_minimum=True, maximum=100,
        suggestions=(1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0),
    )
    momentum: float = setting(
        0.9, "Momentum", "How much of the last step goes into the next, like a rolling ball.",
        "Learning", minimum=0, maximum=0.999, suggestions=(0.0, 0.5, 0.8, 0.9, 0.95, 0.99),
        used_with=("optimizer", ("sgd",)),
    )
    schedule: str = setting(
        "constant", "Schedule", "How the rate changes on the way: large steps find the valley, small ones its floor.",
        "Learning", choices=SCHEDULES,
    )
    batch_size: int = setting(
        64, "Batch size", "Digits looked at before each step. Small batches are noisy and make many steps.",
        "Learning", minimum=1, maximum=4096, suggestions=(16, 32, 64, 128, 256, 512, 1024),
    )
    epochs: float = setting(
        5.0, "Epochs", "How often every training digit is seen. 0.5 stops half-way through the first time.",
        "Learning", minimum=0, exclusive_minimum=True, maximum=500, suggestions=(0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50),
    )
    stop_at: float = setting(
        0.0, "Stop at validation accuracy",
        "Ends the training as soon as this share of the held-out digits is read correctly: 0.99 is 99 %, 0 is never.",
        "Learning", minimum=0, maximum=1, suggestions=(0.0, 0.9, 0.95, 0.97, 0.98, 0.985, 0.99, 0.9925, 0.995),
    )
    ema: float = setting(
        0.0, "EMA decay",
        "Keeps an exponential moving average of the weights: 0.999 averages over about 1,000 steps, 0 switches it off.",
        "Learning", minimum=0, maximum=0.9999, suggestions=(0.0, 0.9, 0.99, 0.999, 0.9999),
    )
    keep: str = setting(
        "best", "Epoch to keep", "Which epoch's weights become the result.",
        "Learning", choices=KEPT_EPOCHS,
    )
    weight_decay: float = setting(
        0.0, "Weight decay", "Pulls every weight a little towards 0 at each step, which keeps the network simple.",
        "Learning", minimum=0, maximum=1, suggestions=(0.0, 1e-5, 1e-4, 1e-3, 0.01, 0.1),
    )
    label_smoothing: float = setting(
        0.0, "Label smoothing", "Trains towards a little less than full confidence, against overconfidence.",
        "Learning", minimum=0, maximum=0.5,
    )
    seed: int = setting(
        0, "Seed", "Initialises the random generator. The same seed on the same machine produces the same numbers.",
        "Machine", minimum=0, maximum=2**31 - 1,
    )
    threads: int = setting(
        1, "CPU threads", "1 keeps the app quick beside it. Another count changes the result's last digits; more than "
        "there are cores are not used.",
        "Machine", minimum=1, maximum=256,
    )
    device: str = setting(
        "auto", "Device", "What does the arithmetic.",
        "Machine", choices=DEVICES,
    )
    # fmt: on

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "validation_size" and value is None:
                value = VALIDATION_SIZES.get(self.dataset, 0)
            object.__setattr__(self, field.name, validated(field.name, value))
        check_validation_size(self.dataset, self.validation_size or 0)

    def steps_per_epoch(self, training_size: int) -> int:
        """Return how many steps show each of so many training digits once; the last one may be shorter."""
        return math.ceil(training_size / self.batch_size)

    def total_steps(self, training_size: int) -> int:
        """Return how many steps a run on so many training digits has, at least one."""
        return max(1, round(self.epochs * self.steps_per_epoch(training_size)))


def setting_of(name: str) -> Setting:
    """Return the `Setting` of one field of `TrainConfig`."""
    result: Setting = TrainConfig.__dataclass_fields__[name].metadata["setting"]
    return result


def type_of(name: str) -> type:
    """Return the type of one field of `TrainConfig`: int, float or str."""
    annotation = TrainConfig.__dataclass_fields__[name].type
    return int if annotation == (int | None) else annotation  # type: ignore[return-value]


def validated(name: str, value: Any) -> Any:
    """Return the value in the type of this field. Raises ConfigError that says what is allowed and what was given."""
    limits, kind = setting_of(name), type_of(name)
    if kind is str:
        known = is_name(value) if limits.choices is None else isinstance(value, str) and value in limits.choices
        if not known:
            allowed = f"one of {', '.join(limits.choices)}" if limits.choices else "a name"
            raise ConfigError(f"{name} must be {allowed}, got {quoted(value)}")
        return value
    number = "a whole number" if kind is int else "a number"
    low = f"above {limits.minimum:g}" if limits.exclusive_minimum else f"at least {limits.minimum:g}"
    allowed = f"{name} must be {number}, {low} and at most {limits.maximum:.10g}, got {quoted(value)}"
    if isinstance(value, bool) or not isinstance(value, int if kind is int else (int, float)):
        raise ConfigError(allowed)
    high_enough = value > limits.minimum if limits.exclusive_minimum else value >= limits.minimum
    if not (high_enough and value <= limits.maximum):  # both are False for NaN
        raise ConfigError(allowed)
    return kind(value)


def is_name(value: object) -> bool:
    """Return whether this can be the name of an architecture or a recipe: at most 60 letters, digits, "_" and "-"."""
    return isinstance(value, str) and re.fullmatch(r"[\w-]{1,60}", value) is not None


def check_validation_size(dataset: str, validation_size: int) -> None:
    """Raise ConfigError when more than half of the training digits are held out."""
    size = TRAINING_SIZES[dataset]
    if validation_size > size // 2:
        raise ConfigError(
            f"validation_size must be at most {size // 2:,}, half of the {size:,} training digits of {dataset}, got "
            f"{validation_size:,}"
        )


def problems(values: dict[str, Any]) -> dict[str, str]:
    """Return the sentence of the ConfigError for each of all fields' values that is not allowed, by the field's name.

    Without problems `TrainConfig(**values)` is allowed too.
    """
    found = {}
    for name, value in values.items():
        try:
            validated(name, value)
            if name == "validation_size" and values["dataset"] in TRAINING_SIZES:
                check_validation_size(values["dataset"], value)
        except ConfigError as error:
            found[name] = str(error)
    return found


def config_from_dict(values: dict[str, Any]) -> TrainConfig:
    """Return the config that `dataclasses.asdict` turned into a dict. Former names of architectures are accepted.

    Raises ConfigError for a field that does not exist or a value that is not allowed.
    """
    if not isinstance(values, dict):
        raise ConfigError(f"the config must be a JSON object, got {quoted(values)}")
    known = [field.name for field in fields(TrainConfig)]
    for name in values:
        if name not in known:
            raise ConfigError(f"there is no setting {quoted(name)}; the settings are {', '.join(known)}")
    architecture = values.get("architecture")
    if isinstance(architecture, str):
        values = values | {"architecture": current_architecture(architecture)}
    return TrainConfig(**values)


def current_architecture(name: str) -> str:
    """Return the present name of an architecture, which may be given by its former name."""
    return FORMER_ARCHITECTURES.get(name, name)


def is_run_name(value: object) -> bool:
    """Return whether this can be the name of a run: at most 100 letters, digits and "_@.-", but not only dots."""
    return isinstance(value, str) and bool(re.fullmatch(r"[\w@.-]{1,100}", value) and value.strip("."))


@dataclass(frozen=True)
class EnsembleConfig:
    """The members of an ensemble: the names of runs that were trained on the same data set."""

    dataset: str
    members: tuple[str, ...]


def ensemble_from_dict(content: dict[str, Any]) -> EnsembleConfig:
    """Return the config of an ensemble from the content of its config.json.

    Ensembles made before 2026-11-25 list their members beside the config. Raises ConfigError when the data set is
    unknown or the members are not names.
    """
    config = content.get("config")
    dataset = config.get("dataset") if isinstance(config, dict) else None
    if not isinstance(config, dict) or not isinstance(dataset, str) or dataset not in DATASETS:
        raise ConfigError(f"its dataset must be one of {', '.join(DATASETS)}, got {quoted(dataset)}")
    members = config.get("members", content.get("members"))
    if not isinstance(members, list) or not members or not all(map(is_run_name, members)):
        raise ConfigError(f"its members must be names of runs, got {quoted(members)}")
    if len(members) > MAX_MEMBERS:
        raise ConfigError(f"it must have at most {MAX_MEMBERS} members, got {len(members):,}")
    return EnsembleConfig(dataset, tuple(members))
