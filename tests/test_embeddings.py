"""Embeddings are the input of the last dense layer, the projection is PCA, and a sample keeps the class frequencies."""

import numpy as np
import torch
from torch import nn

from mnist_core.analysis.embeddings import embeddings, fit_pca, stratified_sample
from mnist_core.inference import log_probabilities
from mnist_core.models import sequential


def test_embeddings_are_the_input_of_the_last_dense_layer(network, toy_digits):
    hidden = embeddings(network, toy_digits.images[:3])
    dense = [layer for layer in network if isinstance(layer, nn.Linear)][-1]
    assert hidden.shape == (3, dense.in_features)
    predicted = dense(torch.tensor(hidden)).log_softmax(1).detach().numpy()
    np.testing.assert_allclose(predicted, log_probabilities(network, toy_digits.images[:3]), atol=1e-4)


def test_without_a_dense_layer_embeddings_are_the_input_of_the_last_layer(toy_digits):
    network = sequential(conv=nn.Conv2d(1, 10, 3), relu=nn.ReLU(), pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten())
    assert embeddings(network, toy_digits.images[:3]).shape == (3, 10)


def test_principal_components_are_those_of_a_singular_value_decomposition():
    x = np.random.default_rng(0).normal(size=(50, 6)) * [5, 1, 1, 3, 1, 1]
    pca = fit_pca(x)
    _, singular_values, components = np.linalg.svd(x - x.mean(0), full_matrices=False)
    np.testing.assert_allclose(np.abs(pca.components @ components[:2].T), np.eye(2), atol=1e-6)
    variances = singular_values**2
    np.testing.assert_allclose(pca.explained_variance_ratio, (variances / variances.sum())[:2])
    np.testing.assert_allclose(pca.transform(x), (x - x.mean(0)) @ pca.components.T)


def test_a_stratified_sample_keeps_the_class_frequencies():
    labels = np.repeat([3, 5], [900, 100])
    sample = stratified_sample(labels, 100)
    assert len(set(sample.tolist())) == 100
    assert (labels[sample] == 5).sum() == 10
    np.testing.assert_array_equal(sample, stratified_sample(labels, 100))
    assert len(stratified_sample(labels, 5000)) == 1000
