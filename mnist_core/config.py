"""The choices behind a training: `TrainConfig`, checked once, and what each of its fields means.

Every field carries its own label, limits and help text. The form, the command line and the checks all read them
from here, so a new field is one line.
"""

import dataclasses
import math
from dataclasses import dataclass, fields
from typing import Any

from mnist_core.errors import MnistLabError

DATASETS = {
    "mnist": "MNIST: 60,000 training and 10,000 test digits of 28x28 pixels",
    "sample": "Sample digits: 1,797 real digits of 8x8 pixels that ship with scikit-learn, enlarged",
}
TRAINING_SIZES = {"mnist": 60_000, "sample": 1_437}  # digits to learn from, validation among them
VALIDATION_SIZES = {"mnist": 5_000, "sample": 200}  # what None means in `validation_size`

OPTIMIZERS = {
    "sgd": "SGD: step straight down the slope, with momentum",
    "adam": "Adam: gives every weight its own step size (Kingma & Ba, 2014)",
    "adamw": "AdamW: Adam with weight decay done separately (Loshchilov & Hutter, 2017)",
    "muon": "Muon: evens out the directions of each convolution's step, AdamW for the rest (Jordan et al., 2024)",
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
}
KEPT_EPOCHS = {
    "best": "Best: the epoch that reads most validation digits",
    "last": "Last: for rates that fall to 0, where the best of many nearly equal epochs is chosen by luck",
}
DEVICES = {
    "auto": "Auto: CUDA if there is one, else Apple's MPS, else the CPU",
    "cpu": "CPU",
    "cuda": "NVIDIA GPU (CUDA)",
    "mps": "Apple GPU (MPS)",
}


FORMER_ARCHITECTURES = {  # what runs that were made before 2026-11-25 call their architecture -> what it is called now
    "classic-cnn": "three-block-cnn",
    "conv-block-sgd": "single-pool-cnn",
    "mnist-cnn-adam": "two-block-cnn",
    "wide-head": "wide-head-cnn",
    "fast": "space-to-depth-cnn",
    "accurate": "wide-space-to-depth-cnn",
}


class ConfigError(MnistLabError, ValueError):
    """A setting, recipe or architecture does not exist or has a value that makes no sense."""


@dataclass(frozen=True)
class Setting:
    """What the form, the command line and the check know about one field of `TrainConfig`."""

    label: str
    help: str
    group: str
    choices: dict[str, str] | None = None  # name -> one line for the learner
    minimum: float = -math.inf
    maximum: float = math.inf
    exclusive_minimum: bool = False  # the minimum itself is not allowed


def setting(default: Any, label: str, help: str, group: str, **limits: Any) -> Any:
    """A dataclass field with its `Setting` attached."""
    return dataclasses.field(default=default, metadata={"setting": Setting(label, help, group, **limits)})


@dataclass(frozen=True)
class TrainConfig:
    """Everything a training depends on. Raises ConfigError, in one sentence, for a value that makes no sense."""

    # fmt: off
    dataset: str = setting(
        "mnist", "Digits", "The pictures to learn from. Every result says which ones it was measured on.",
        "Data", choices=DATASETS,
    )
    validation_size: int | None = setting(
        None, "Held out for validation",
        "Training digits the network never learns from. They say how good it is, so that the test set need not.",
        "Data", minimum=10, maximum=30_000,
    )
    augmentation: str = setting(
        "none", "Augmentation", "Shows each digit a little changed every time, so that it cannot be learned by heart.",
        "Data", choices=AUGMENTATIONS,
    )
    augmentation_strength: float = setting(
        1.0, "Augmentation strength", "1 is the usual amount, 0 is none, 2 is twice as much.",
        "Data", minimum=0, maximum=2,
    )
    architecture: str = setting(
        "two-block-cnn", "Network", "The layers between the picture and the answer.",
        "Network",
    )
    dropout: float = setting(
        0.0, "Dropout", "The share of values switched off at random in training, so that no single one is relied on.",
        "Network", minimum=0, maximum=0.9,
    )
    optimizer: str = setting(
        "adam", "Optimizer", "How the slope of the loss becomes a step of the weights.",
        "Learning", choices=OPTIMIZERS,
    )
    learning_rate: float = setting(
        1e-3, "Learning rate", "The size of a step. Too small and it crawls, too large and it jumps past every valley.",
        "Learning", minimum=0, exclusive_minimum=True, maximum=100,
    )
    momentum: float = setting(
        0.9, "Momentum", "How much of the last step goes into the next, like a rolling ball. Only SGD uses it.",
        "Learning", minimum=0, maximum=0.999,
    )
    schedule: str = setting(
        "constant", "Schedule", "How the rate changes on the way: large steps find the valley, small ones its floor.",
        "Learning", choices=SCHEDULES,
    )
    batch_size: int = setting(
        64, "Batch size", "Digits looked at before each step. Small batches are noisy and make many steps.",
        "Learning", minimum=1, maximum=4096,
    )
    epochs: float = setting(
        5.0, "Epochs", "How often every training digit is seen. 0.5 stops half-way through the first time.",
        "Learning", minimum=0, exclusive_minimum=True, maximum=500,
    )
    ema: float = setting(
        0.0, "Weight averaging", "Keeps a running mean of the weights: 0.999 spans about 1,000 steps, 0 none.",
        "Learning", minimum=0, maximum=0.9999,
    )
    keep: str = setting(
        "best", "Epoch to keep", "Which epoch's network becomes the result.",
        "Learning", choices=KEPT_EPOCHS,
    )
    weight_decay: float = setting(
        0.0, "Weight decay", "Pulls every weight a little towards 0 at each step, which keeps the network simple.",
        "Learning", minimum=0, maximum=1,
    )
    label_smoothing: float = setting(
        0.0, "Label smoothing", "Asks for a little less than full certainty, so that it is not overstated.",
        "Learning", minimum=0, maximum=0.5,
    )
    seed: int = setting(
        0, "Seed", "Where the dice start. The same seed on the same machine gives the same numbers again.",
        "Machine", minimum=0, maximum=2**31 - 1,
    )
    threads: int = setting(
        1, "CPU threads", "1 keeps the app quick beside it. Another count changes the result's last digits.",
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
        size = TRAINING_SIZES[self.dataset]
        if (self.validation_size or 0) > size // 2:
            raise ConfigError(
                f"validation_size must be at most {size // 2:,}, half of the {size:,} training digits of "
                f"{self.dataset}, got {self.validation_size:,}"
            )


def setting_of(name: str) -> Setting:
    """The `Setting` of one field of `TrainConfig`."""
    found: Setting = TrainConfig.__dataclass_fields__[name].metadata["setting"]
    return found


def type_of(name: str) -> type:
    """The type of one field of `TrainConfig`: int, float or str."""
    annotation = TrainConfig.__dataclass_fields__[name].type
    return int if annotation == (int | None) else annotation  # type: ignore[return-value]


def validated(name: str, value: Any) -> Any:
    """The value in the field's own type; raises ConfigError saying what is allowed and what was found."""
    about, kind = setting_of(name), type_of(name)
    if kind is str:
        if not isinstance(value, str) or (about.choices is not None and value not in about.choices):
            allowed = f"one of {', '.join(about.choices)}" if about.choices else "a name"
            raise ConfigError(f"{name} must be {allowed}, got {value!r}")
        return value
    number = "a whole number" if kind is int else "a number"
    low = f"above {about.minimum:g}" if about.exclusive_minimum else f"at least {about.minimum:g}"
    allowed = f"{name} must be {number}, {low} and at most {about.maximum:.10g}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int if kind is int else (int, float)):
        raise ConfigError(allowed)
    high_enough = value > about.minimum if about.exclusive_minimum else value >= about.minimum
    if not (high_enough and value <= about.maximum):  # neither holds for nan
        raise ConfigError(allowed)
    return kind(value)


def config_from_dict(values: dict[str, Any]) -> TrainConfig:
    """Return the config that `dataclasses.asdict` made a dict of; former names of architectures are understood.

    Raises ConfigError for a field that does not exist or a value that makes no sense.
    """
    known = [field.name for field in fields(TrainConfig)]
    for name in values:
        if name not in known:
            raise ConfigError(f"there is no setting {name!r}; the settings are {', '.join(known)}")
    if "architecture" in values:
        values = values | {"architecture": current_architecture(values["architecture"])}
    return TrainConfig(**values)


def current_architecture(name: str) -> str:
    """Return the present name of an architecture that may be given by a former one."""
    return FORMER_ARCHITECTURES.get(name, name)


@dataclass(frozen=True)
class EnsembleConfig:
    """What an ensemble is made of: the names of runs that were trained on the same data set."""

    dataset: str
    members: tuple[str, ...]


def ensemble_from_dict(content: dict[str, Any]) -> EnsembleConfig:
    """Return the config of an ensemble from the content of its config.json; raises ConfigError when it is not one.

    Ensembles made before 2026-11-25 name their members beside the config.
    """
    config = content.get("config")
    if not isinstance(config, dict) or config.get("dataset") not in DATASETS:
        raise ConfigError(f"its dataset must be one of {', '.join(DATASETS)}")
    members = config.get("members", content.get("members"))
    if not isinstance(members, list) or not members or not all(isinstance(name, str) for name in members):
        raise ConfigError(f"its members are not names but {members!r}")
    return EnsembleConfig(config["dataset"], tuple(members))
