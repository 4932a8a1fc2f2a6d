"""The glossary: every term of the field that the pages use, with its meaning in one sentence.

A term carries its meaning wherever it stands. In a widget or a metric that has a help text of its own:

    st.metric("ECE", value, help=glossary.help("ECE"))

In running text, where the first mention of each of the `UNMISTAKABLE` terms is found by itself; a word that also has
an everyday meaning, or another form of a term, is written [[term]] or [[shown|term]]:

    glossary.caption("Loss after every epoch; [[accuracies|accuracy]] are of the test set, each with its [[label]].")

There a term becomes a small button with a dotted line below it. Its meaning opens under the mouse, on a tap and when
the keyboard reaches it, and a screen reader reads it as the button's description; style.css draws it, and Escape
closes it (`ui/components/frame`). Streamlit's own Markdown has no such thing: its `help` stands beside a whole text.
"""

import re
from html import escape
from typing import Literal
from zlib import crc32

import streamlit as st

TERMS = {
    # data
    "MNIST": "70,000 handwritten digits in pictures of 28 × 28 pixels, the classic first exercise of machine learning.",
    "training set": "The digits the network learns from: it sees each of them again and again.",
    "validation set": (
        "Digits kept aside during training, to check now and then how well the network does on digits it does "
        "not learn from."
    ),
    "test set": "Digits the network has never seen, used only once at the end to find out how well it reads.",
    "label": "The digit that a picture is meant to be, as a person wrote it down.",
    "label error": "A picture in the data whose label is wrong or in doubt.",
    "class": "One of the ten possible answers, 0 to 9.",
    "pixel": "One of the 28 × 28 squares of a picture, from 0 (black) to 255 (white).",
    "augmentation": (
        "Changing the training digits a little every time (shifting, turning, stretching), so that the network "
        "learns what stays the same."
    ),
    "normalisation": "Shifting and scaling the pixel values so that they are around 0, which makes learning easier.",
    # training
    "epoch": "One pass through all training digits.",
    "step": "One small change of all weights, after looking at one batch of digits.",
    "batch": "The handful of digits that the network looks at before it changes its weights once.",
    "batch size": "How many digits the network looks at before it changes its weights once.",
    "learning rate": "How far the weights move in each step: too small is slow, too large never settles.",
    "schedule": "How the learning rate changes during training, for example rising at first and then falling to 0.",
    "warm-up": "The first part of training, in which the learning rate rises from near 0.",
    "optimizer": "The rule that decides how the weights change after each batch, for example SGD, Adam or Muon.",
    "SGD": "Stochastic gradient descent, the plainest optimizer: every weight moves a little against its gradient.",
    "Adam": "An optimizer that gives every weight a step size of its own, from how its gradients behaved so far.",
    "Muon": "An optimizer for weight matrices that makes each step change all directions of the matrix equally.",
    "momentum": "How much of the previous step is kept in the next one, like a ball that keeps rolling.",
    "weight decay": "Pulling all weights a little towards 0 in every step, so that none grows large without need.",
    "dropout": "Switching off random parts of the network during training, so that it does not rely on any single one.",
    "temperature": (
        "A number that the ten scores are divided by before softmax: it makes a network surer or more modest, and "
        "changes no answer."
    ),
    "label smoothing": (
        "Asking for slightly less than 100 % for the right digit, so that the network does not become too sure "
        "of itself."
    ),
    "EMA": (
        "Exponential moving average: a running average of the weights over the last steps, which often reads "
        "better than the weights themselves."
    ),
    "seed": "The number that starts the random generator: the same seed gives the same run again.",
    "checkpoint": "The weights of a network at one moment of its training, kept in a file.",
    "learning curve": "How loss or accuracy changes while a network learns.",
    "overfitting": "Learning the training digits by heart instead of what they have in common.",
    "divergence": (
        "Training that goes wrong: the loss grows instead of falling, mostly because the learning rate is too large."
    ),
    # results
    "accuracy": "The share of digits that are read correctly.",
    "error rate": "The share of digits that are misread: 100 % minus the accuracy.",
    "loss": "How wrong the answers are on average: 0 is perfect, and being sure of a wrong digit costs the most.",
    "cross-entropy": (
        "The loss used here: minus the logarithm of the probability that the network gave to the right digit."
    ),
    "nat": "The unit of the loss: 0 nats is certain and right, 2.30 nats is guessing among ten digits.",
    "confidence": "The probability that the network gives to its own answer.",
    "probability": "The network’s number for a digit between 0 % and 100 %; the ten of them add up to 100 %.",
    "confidence interval": (
        "The range in which the true value probably lies, given that only so many digits were tested; at 95 % "
        "such ranges miss it once in twenty times."
    ),
    "standard deviation": "How much results typically differ from their average, for example between seeds.",
    "McNemar test": (
        "A test of whether two networks really differ, which looks only at the digits that exactly one of them "
        "misreads."
    ),
    "p-value": "How often chance alone would make a difference at least this large.",
    "ensemble": "Several networks that answer together: their answers are averaged.",
    # classes
    "confusion matrix": (
        "A table of how often each digit (row) was read as each digit (column); what is off the diagonal are mistakes."
    ),
    "precision": "Of all pictures read as this digit, the share that really are this digit.",
    "recall": "Of all pictures of this digit, the share that were read as this digit.",
    "F1": "One number for precision and recall together: their harmonic mean, high only when both are high.",
    "support": "How many pictures of a digit there are in the test set.",
    # calibration
    "calibration": "Whether confidence can be believed: of the answers with 90 % confidence, 90 % should be right.",
    "reliability diagram": (
        "A chart of accuracy against confidence; for a perfectly calibrated network it is the diagonal."
    ),
    "ECE": "Expected calibration error: how far confidence and accuracy are apart on average; 0 % is perfect.",
    "AUROC": "How well confidence tells right answers from wrong ones: 50 % is chance, 100 % is perfect.",
    "coverage": "The share of digits that the network answers when it may say “I don’t know”.",
    "risk": "The share of wrong answers among those that the network gives.",
    # robustness
    "robustness": "How well a network still reads when the pictures are worse than those it learned from.",
    "corruption": "Damage to a picture that a person can still read through, such as noise, blur or fog.",
    "severity": "How strong a corruption is: 0 is none, 1 is as strong as its authors published it.",
    "mean corruption error": "The share of digits that are misread, averaged over all kinds of damage.",
    # the network
    "convolutional network": (
        "A network that looks for small patterns everywhere in a picture, then for patterns of these patterns."
    ),
    "layer": "One stage of the network: it turns the numbers of the stage before into new numbers.",
    "convolution": "Sliding a small filter over the picture and noting at every place how well it fits.",
    "filter": "A small grid of weights, also called kernel, that responds to one pattern such as an edge or a corner.",
    "feature map": "What one filter found, as a picture: bright where its pattern is.",
    "channel": "One of the pictures that lie on top of each other in a layer, one for each filter.",
    "pooling": "Making a feature map smaller by keeping only the largest value (or the average) of each little square.",
    "ReLU": "The simplest way to make a network more than a sum: negative values become 0, the others stay.",
    "batch normalisation": (
        "Bringing the values of a layer to a common scale, which makes training quicker and steadier."
    ),
    "dense layer": "A layer in which every output is a weighted sum of all inputs.",
    "weight": "A number by which an input is multiplied; training means finding good weights.",
    "bias": "A number added to a weighted sum, whatever the input is.",
    "parameters": "All numbers that training can change, the weights and biases together.",
    "activation": "The value that a layer computes for one picture at one place.",
    "logit": "The network’s raw score for one digit, before softmax turns the ten scores into probabilities.",
    "softmax": "The last step: it turns ten scores into ten probabilities that add up to 100 %.",
    "embedding": (
        "The list of numbers by which the last hidden layer describes a picture; similar pictures have similar lists."
    ),
    "PCA": (
        "Principal component analysis: a way to draw a cloud of many dimensions on paper so that it stays as "
        "spread out as possible."
    ),
    "nearest neighbours": "The training digits that resemble this one most.",
    # explaining and attacking
    "gradient": "How strongly, and in which direction, a result changes when one number is changed a little.",
    "saliency": "A picture of the pixels to which the answer is most sensitive, by their gradient.",
    "occlusion": "Covering one patch of the picture after another, to see which one the answer depends on.",
    "integrated gradients": (
        "The gradients on the way from an empty picture to this one, added up, so that every pixel gets its "
        "share of the answer."
    ),
    "adversarial example": (
        "A picture changed so little that people hardly notice, yet so cleverly that the network misreads it."
    ),
    "FGSM": (
        "Fast gradient sign method: changes every pixel once by epsilon, in the direction that hurts the network most."
    ),
    "PGD": "Projected gradient descent: FGSM repeated in many small steps, which makes it the stronger attack.",
    "epsilon": "The most by which an attack may change any pixel, as a share of the range from black to white.",
}

UNMISTAKABLE = (  # the terms that have no everyday meaning: they carry theirs without being marked
    "training set", "validation set", "test set", "augmentation", "epoch", "batch", "batch size", "learning rate",
    "optimizer", "SGD", "Muon", "weight decay", "dropout", "label smoothing", "EMA", "learning curve", "overfitting",
    "accuracy", "error rate", "loss", "cross-entropy", "confidence", "confidence interval", "standard deviation",
    "p-value", "confusion matrix", "precision", "recall", "F1", "reliability diagram", "ECE", "AUROC",
    "convolutional network", "convolution", "feature map", "pooling", "ReLU", "batch normalisation", "dense layer",
    "logit", "softmax", "embedding", "PCA", "gradient", "saliency", "integrated gradients", "adversarial example",
    "FGSM", "PGD", "epsilon",
)  # fmt: skip
_BY_FORM = {form: name for name in UNMISTAKABLE for form in (name, f"{name[0].upper()}{name[1:]}")}
_UNMARKED = re.compile(
    r"(?<![\w-])(" + "|".join(map(re.escape, sorted(_BY_FORM, key=len, reverse=True))) + r")(s?)(?![\w-])"
)
_MARKED = re.compile(r"\[\[([^\[\]|]+)(?:\|([^\[\]|]+))?\]\]")  # [[term]] or [[shown|term]]


def help(term: str, more: str = "") -> str:
    """Return the meaning of a term in one sentence, then what `more` there is to say; KeyError for an unknown term."""
    return f"{TERMS[term]} {more}".rstrip()


def term(name: str, shown: str | None = None, place: str = "") -> str:
    """Return HTML in which a term, or `shown` instead, carries its meaning.

    `place` distinguishes terms that occur several times on a page: with the name it makes the id of the meaning.
    """
    identity = f"meaning-{crc32(f'{name} {place}'.encode()):x}"
    return (
        f'<button type="button" class="term" aria-describedby="{identity}">{escape(shown or name)}'
        f'<span class="meaning" role="tooltip" id="{identity}">{escape(help(name))}</span></button>'
    )


def caption(text: str, width: Literal["stretch", "content"] = "stretch") -> None:
    """Show a caption in Markdown whose terms carry their meaning."""
    st.caption(with_meanings(text), unsafe_allow_html=True, width=width)


def markdown(text: str) -> None:
    """Show a text in Markdown whose terms carry their meaning."""
    st.markdown(with_meanings(text), unsafe_allow_html=True)


def with_meanings(text: str) -> str:
    """Return Markdown with HTML for the terms; whatever else looks like HTML is shown as it is written."""
    text = mark_terms(text)

    def marked(match: re.Match[str]) -> str:
        shown, name = match[1], match[2] or match[1]
        return term(name, shown, place=f"{match.start()} {text}")

    parts, end = [], 0
    for match in _MARKED.finditer(text):
        parts += [escape(text[end : match.start()], quote=False), marked(match)]
        end = match.end()
    return "".join([*parts, escape(text[end:], quote=False)])


def mark_terms(text: str) -> str:
    """Return the text with the first mention of each unmistakable term marked, unless the term is marked already."""
    known = {match[2] or match[1] for match in _MARKED.finditer(text)}

    def marked(match: re.Match[str]) -> str:
        name = _BY_FORM[match[1]]
        if name in known:
            return match[0]
        known.add(name)
        return f"[[{match[0]}|{name}]]"

    parts, end = [], 0
    for match in _MARKED.finditer(text):
        parts += [_UNMARKED.sub(marked, text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*parts, _UNMARKED.sub(marked, text[end:])])
