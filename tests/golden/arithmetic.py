"""Vectors and matrices as lists of floats, and the functions that models are made of."""

import math
from operator import add, mul


def dot(a, b):
    return sum(map(mul, a, b))


def times(matrix, x):
    return [dot(row, x) for row in matrix]


def plus(a, b):
    return list(map(add, a, b))


def product(a, b):
    return list(map(mul, a, b))


def scaled(factor, x):
    return [factor * value for value in x]


def nest(values, shape):
    """Lists of lists of `shape`, row-major; the first size is not looked at."""
    for size in reversed(shape[1:]):
        values = [values[i : i + size] for i in range(0, len(values), size)]
    return values


def clamp(x, low, high):
    return min(max(x, low), high)


def softmax(scores):
    top = max(scores)
    powers = [math.exp(score - top) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def silu(x):
    return x * sigmoid(x)


def gelu(x):
    """The form with tanh."""
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def relu_squared(x):
    return max(x, 0) ** 2


def softplus(x):
    return x if x > 20 else math.log1p(math.exp(x))


def rms_norm(x, eps):
    return scaled(1 / math.sqrt(dot(x, x) / len(x) + eps), x)


def layer_norm(x, eps):
    mean = sum(x) / len(x)
    centred = [value - mean for value in x]
    return scaled(1 / math.sqrt(dot(centred, centred) / len(x) + eps), centred)
