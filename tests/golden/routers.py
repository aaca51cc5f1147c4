"""Which experts a token goes to, in rank order, with their weights."""

import itertools
import math

from arithmetic import plus, product, rms_norm, scaled, sigmoid, softmax, times


def route(model, layer, name, x):
    """[(expert, weight)...]; remembers the experts, and the smallest gap between neighbouring ranks."""
    c = model.config
    if c.router == "gemma":
        x = product(scaled(len(x) ** -0.5, rms_norm(x, c.rms_norm_eps)), model.weight(f"{name}.router.scale"))
    scores = model.project(f"{name}.{c.router_name}", x)
    if c.router == "sparsemixer":
        return sparsemixer(model, layer, scores)
    bias = model.weight(f"{name}.{c.choice_bias}") if model.has(f"{name}.{c.choice_bias}") else None
    chosen, shares = ROUTERS[c.router](model, layer, scores, bias)
    if c.router == "gemma":
        scales = model.weight(f"{name}.router.per_expert_scale")
        shares = [share * scales[expert] for expert, share in zip(chosen, shares)]
    return list(zip(chosen, shares))


def choose(model, layer, scores):
    """The experts with the largest scores."""
    count = model.config.num_experts_per_tok
    ranked = sorted(range(len(scores)), key=lambda expert: -scores[expert])
    for a, b in itertools.pairwise(ranked[: count + 1]):
        model.closest = min(model.closest, scores[a] - scores[b])
    model.routes[layer].append(ranked[:count])
    return ranked[:count]


def keep_groups(model, scores, score_of_group):
    """Scores of experts outside the best groups become -infinity."""
    c = model.config
    if c.n_group == 1:
        return scores
    size = len(scores) // c.n_group
    groups = [scores[i : i + size] for i in range(0, len(scores), size)]
    ranked = sorted(range(c.n_group), key=lambda group: -score_of_group(groups[group]))
    kept = set(ranked[: c.topk_group])
    for inside, outside in itertools.product(kept, set(ranked) - kept):
        model.closest = min(model.closest, score_of_group(groups[inside]) - score_of_group(groups[outside]))
    return [score if expert // size in kept else -math.inf for expert, score in enumerate(scores)]


def finish(c, shares):
    """Shares add up to 1 if the model says so; then the model's factor."""
    total = sum(shares) + c.tiny if c.renormalise else 1
    return [share / total * c.routed_scaling_factor for share in shares]


def of_softmax(model, layer, scores, _):
    c, shares = model.config, softmax(scores)
    if c.topk_method == "group_limited_greedy":
        scores = keep_groups(model, scores, max)
    chosen = choose(model, layer, scores)
    return chosen, finish(c, [shares[expert] for expert in chosen])


def of_softmax_of_chosen(model, layer, scores, _):
    chosen = choose(model, layer, scores)
    return chosen, softmax([scores[expert] for expert in chosen])


def of_sigmoid(model, layer, scores, bias):
    """The bias takes part in the choice only."""
    shares = [sigmoid(score) for score in scores]
    choice = plus(shares, bias) if bias else shares
    choice = keep_groups(model, choice, lambda group: sum(sorted(group)[-2:]))
    chosen = choose(model, layer, choice)
    return chosen, finish(model.config, [shares[expert] for expert in chosen])


def sparsemixer(model, layer, scores):
    """The softmax of each of the two experts is over those not much worse than it."""
    chosen = choose(model, layer, scores)
    return [(best, share_of_best(model, scores, set(chosen[:rank]), best)) for rank, best in enumerate(chosen)]


def share_of_best(model, scores, taken, best):
    limit, top, total = 2 * model.config.router_jitter_noise, scores[best], 0.0
    for expert, score in enumerate(scores):
        distance = (top - score) / max(abs(score), top)
        if expert != best:
            model.closest = min(model.closest, abs(distance - limit))
        if expert not in taken and distance <= limit:
            total += math.exp(score - top)
    return 1 / total


ROUTERS = {
    "softmax": of_softmax, "softmax of chosen": of_softmax_of_chosen, "gemma": of_softmax_of_chosen,
    "sigmoid": of_sigmoid,
}
