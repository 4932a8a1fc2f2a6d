"""Named settings to start from: one for each of the reference programs A to E, and others to compare them with."""

from dataclasses import dataclass, replace

from mnist_core.config import TrainConfig


@dataclass(frozen=True)
class Recipe:
    """A `TrainConfig` with a title, a description and, where it follows a reference program, what that one reported."""

    title: str
    description: str  # one or two sentences for the learner
    config: TrainConfig
    reported: str = ""  # as a text, for the learner
    reported_accuracy: float | None = None  # on the test set, 0..1


TUNED = TrainConfig(  # shared by the recipes that follow no reference program
    optimizer="muon", schedule="one-cycle", batch_size=128, label_smoothing=0.1, learning_rate=0.008, ema=0.999,
)  # fmt: skip

FAST = replace(
    TUNED,
    architecture="space-to-depth-cnn",
    learning_rate=0.02,
    epochs=0.5,
    ema=0.0,
    augmentation="shift",
    augmentation_strength=0.5,
)
ACCURATE = replace(
    TUNED,
    architecture="wide-space-to-depth-cnn",
    dropout=0.3,
    epochs=24,
    keep="last",
    augmentation="elastic",
    augmentation_strength=1.25,
)
DROPOUT = TrainConfig(architecture="dropout-cnn", dropout=0.5, epochs=12)

RECIPES = {
    "fast": Recipe(
        "Fast",
        "Half an epoch of a small network with the Muon optimizer: 99 % within seconds.",
        FAST,
    ),
    "fast-long": Recipe(
        "Fast, three times as long",
        "The fast recipe for one and a half epochs: what a few more seconds bring.",
        replace(FAST, epochs=1.5),
    ),
    "accurate": Recipe(
        "Accurate",
        "Five wide convolutions, elastic distortion and averaged weights: a quarter of an hour for the best network.",
        ACCURATE,
    ),
    "pen": Recipe(
        "Pen",
        "The accurate network, also trained on ways of writing that MNIST hardly has: it reads what you draw.",
        replace(ACCURATE, epochs=18, augmentation="pen", augmentation_strength=0.6),
    ),
    "robust": Recipe(
        "Robust",
        "Digits in bad light, half covered, noisy or far away: it learns to read what a poor camera sees.",
        replace(
            ACCURATE,
            architecture="early-pooling-cnn",
            epochs=14,
            augmentation="robust",
            augmentation_strength=0.7,
        ),
    ),
    "classic-cnn": Recipe(
        "Classic CNN",
        "Three conv-ReLU-pool blocks with Adam, after Reference A.",
        TrainConfig(architecture="three-block-cnn", epochs=8),
        reported="test accuracy 98.94 %, test loss 0.0329",
        reported_accuracy=0.9894,
    ),
    "conv-block-sgd": Recipe(
        "Conv blocks with SGD",
        "Two convolutions and one linear layer with plain SGD, after Reference B.",
        TrainConfig(architecture="single-pool-cnn", optimizer="sgd", learning_rate=0.01, momentum=0.0, epochs=5),
        reported="test accuracy about 97 %",
        reported_accuracy=0.97,
    ),
    "mnist-cnn-adam": Recipe(
        "MNIST CNN with Adam",
        "Two conv-ReLU-pool blocks, Adam, batches of 64, 10 epochs: exactly as in Reference C.",
        TrainConfig(architecture="two-block-cnn", epochs=10),
        reported="“high accuracy”",
    ),
    "wide-head": Recipe(
        "Wide head",
        "The same convolutions before dense layers of 1,000 and 100, after Reference D.",
        TrainConfig(architecture="wide-head-cnn", epochs=8),
        reported="“high accuracy”",
    ),
    "dropout-cnn": Recipe(
        "CNN with dropout",
        "Two conv-ReLU-pool blocks with half of the dense values switched off, after Reference E.",
        DROPOUT,
        reported="test accuracy about 99.3 %, F1 0.993",
        reported_accuracy=0.993,
    ),
    "dropout-cnn-tuned": Recipe(
        "CNN with dropout, tuned",
        "The same with what Reference E suggested: a falling learning rate, and digits turned, stretched and shifted.",
        replace(DROPOUT, schedule="cosine", augmentation="affine", augmentation_strength=0.5),
        reported="test accuracy about 99.3 %, F1 0.993",
        reported_accuracy=0.993,
    ),
    "lenet-5": Recipe(
        "LeNet-5",
        "The network of 1998 that read cheques, with today's optimizer.",
        TrainConfig(architecture="lenet-5", learning_rate=2e-3, schedule="cosine", epochs=5),
    ),
    "mlp": Recipe(
        "Without convolutions",
        "Dense layers only: what a network learns without knowing which pixels are neighbours.",
        TrainConfig(architecture="mlp", schedule="cosine", epochs=5),
    ),
    "softmax": Recipe(
        "One layer",
        "The simplest network there is: what it cannot read is what the others are for.",
        TrainConfig(architecture="softmax", schedule="cosine", epochs=3),
    ),
    "sample-digits": Recipe(
        "Sample digits",
        "A small network on the 1,797 digits that ship with the app: trains in seconds, needs no download.",
        TrainConfig(dataset="sample", architecture="lenet-5", learning_rate=3e-3, schedule="cosine", epochs=20),
    ),
}
