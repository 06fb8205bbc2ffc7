"""Reinforcement learning and recommendation: Q-nets, policies with distributions, running statistics, factorisation machines."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, Normal

from .entry import Entry


class DuelingDQN(nn.Module):
    def __init__(self, input_shape=(4, 10, 10), n_actions=3):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(input_shape[0], 4, 4, stride=2), nn.ReLU())
        conv_out_size = self._get_conv_out(input_shape)
        self.fc_val, self.fc_adv = nn.Linear(conv_out_size, 1), nn.Linear(conv_out_size, n_actions)

    def _get_conv_out(self, shape):
        return int(np.prod(self.conv(torch.zeros(1, *shape)).size()))

    def forward(self, x):
        fx = x.float() / 256
        conv_out = self.conv(fx).view(fx.size()[0], -1)
        val, adv = self.fc_val(conv_out), self.fc_adv(conv_out)
        return val + adv - adv.mean(dim=1, keepdim=True)


class NoisyLinear(nn.Linear):
    """Factorised noise in buffers, drawn again at each training call."""

    def __init__(self, in_features, out_features, sigma_zero=0.4, bias=True):
        super().__init__(in_features, out_features, bias=bias)
        self.sigma_weight = nn.Parameter(torch.full((out_features, in_features), sigma_zero / in_features**0.5))
        self.register_buffer("epsilon_input", torch.zeros(1, in_features))
        self.register_buffer("epsilon_output", torch.zeros(out_features, 1))
        if bias:
            self.sigma_bias = nn.Parameter(torch.full((out_features,), sigma_zero / in_features**0.5))

    def forward(self, input):
        if not self.training:
            return super().forward(input)
        self.epsilon_input.normal_()
        self.epsilon_output.normal_()
        func = lambda x: torch.sign(x) * torch.sqrt(torch.abs(x))  # noqa: E731
        eps_in, eps_out = func(self.epsilon_input.data), func(self.epsilon_output.data)
        bias = self.bias
        if bias is not None:
            bias = bias + self.sigma_bias * eps_out.t()
        return F.linear(input, self.weight + self.sigma_weight * torch.mul(eps_in, eps_out), bias)


class EpsilonGreedy(nn.Module):
    """Acts at random with a probability that decays by a Python counter."""

    def __init__(self):
        super().__init__()
        self.q, self.steps_done = nn.Linear(3, 4), 0

    def forward(self, state):
        eps = 0.05 + 0.85 * np.exp(-1.0 * self.steps_done / 200)
        self.steps_done += 1
        if torch.rand(1).item() > eps:
            with torch.no_grad():
                return self.q(state).max(1)[1].view(-1, 1)
        return torch.randint(4, (state.size(0), 1))


class CategoricalDQN(nn.Module):
    """C51: the projection of a shifted distribution on its support."""

    def __init__(self, atoms=5, v_min=-2.0, v_max=2.0, actions=2):
        super().__init__()
        self.atoms, self.v_min, self.v_max, self.delta = atoms, v_min, v_max, (v_max - v_min) / (atoms - 1)
        self.register_buffer("supports", torch.arange(v_min, v_max + self.delta, self.delta))
        self.net, self.actions = nn.Linear(3, actions * atoms), actions

    def forward(self, state, next_state, reward, done):
        log_p = F.log_softmax(self.net(state).view(-1, self.actions, self.atoms), dim=2)
        with torch.no_grad():
            next_p = F.softmax(self.net(next_state).view(-1, self.actions, self.atoms), dim=2)
            best = (next_p * self.supports).sum(2).argmax(1)
            next_p = next_p[range(len(best)), best]
            tz = (reward[:, None] + (1 - done[:, None]) * 0.9 * self.supports).clamp(self.v_min, self.v_max)
            b = (tz - self.v_min) / self.delta
            lo, up = b.floor().long(), b.ceil().long()
            lo[(up > 0) * (lo == up)] -= 1
            up[(lo < (self.atoms - 1)) * (lo == up)] += 1
            m = torch.zeros_like(next_p)
            offset = torch.arange(0, len(best) * self.atoms, self.atoms).unsqueeze(1).expand_as(lo)
            m.view(-1).index_add_(0, (lo + offset).view(-1), (next_p * (up.float() - b)).view(-1))
            m.view(-1).index_add_(0, (up + offset).view(-1), (next_p * (b - lo.float())).view(-1))
        return -(m.unsqueeze(1) * log_p).sum((1, 2)).mean()


class ActorCritic(nn.Module):
    """Samples an action, returns its log probability, the entropy and the value; remembers them in a list."""

    def __init__(self, obs=4, actions=3):
        super().__init__()
        self.affine, self.action_layer, self.value_layer = nn.Linear(obs, 8), nn.Linear(8, actions), nn.Linear(8, 1)
        self.logprobs, self.rewards = [], []

    def forward(self, state, action=None):
        hidden = F.relu(self.affine(state))
        dist = Categorical(F.softmax(self.action_layer(hidden), dim=-1))
        if action is None:
            action = dist.sample()
        log_prob = dist.log_prob(action)
        self.logprobs.append(log_prob.detach())
        return action, log_prob, dist.entropy(), self.value_layer(hidden).squeeze(-1)


class GaussianPolicy(nn.Module):
    """Squashed Gaussian actions with a corrected density, as in soft actor-critic."""

    def __init__(self, obs=4, act=2, action_space=None):
        super().__init__()
        self.linear, self.mean, self.log_std = nn.Linear(obs, 8), nn.Linear(8, act), nn.Linear(8, act)
        scale, bias = (torch.tensor(1.0), torch.tensor(0.0)) if action_space is None else action_space
        self.action_scale, self.action_bias = scale, bias

    def forward(self, state):
        x = F.relu(self.linear(state))
        mean, log_std = self.mean(x), torch.clamp(self.log_std(x), min=-20, max=2)
        normal = Normal(mean, log_std.exp())
        x_t = normal.rsample()
        y_t = torch.tanh(x_t)
        log_prob = normal.log_prob(x_t) - torch.log(self.action_scale * (1 - y_t.pow(2)) + 1e-6)
        return y_t * self.action_scale + self.action_bias, log_prob.sum(1, keepdim=True), torch.tanh(mean)


class PPOLoss(nn.Module):
    def __init__(self, clip=0.2, norm_adv=True):
        super().__init__()
        self.clip, self.norm_adv = clip, norm_adv
        self.actor, self.critic = nn.Linear(3, 2), nn.Linear(3, 1)

    def forward(self, obs, actions, old_log_probs, advantages, returns):
        dist = Categorical(logits=self.actor(obs))
        ratio = (dist.log_prob(actions) - old_log_probs).exp()
        if self.norm_adv and len(advantages) > 1:
            advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        pg = torch.max(-advantages * ratio, -advantages * torch.clamp(ratio, 1 - self.clip, 1 + self.clip)).mean()
        value = 0.5 * ((self.critic(obs).view(-1) - returns) ** 2).mean()
        return pg + 0.5 * value - 0.01 * dist.entropy().mean()


class Discounted(nn.Module):
    """Generalised advantages, accumulated backwards in time."""

    def forward(self, rewards, values, dones, gamma=0.99, lam=0.95):
        advantages = torch.zeros_like(rewards)
        last = 0
        for t in reversed(range(len(rewards))):
            nonterminal = 1.0 - dones[t]
            delta = rewards[t] + gamma * values[t + 1] * nonterminal - values[t]
            advantages[t] = last = delta + gamma * lam * nonterminal * last
        return advantages, advantages + values[:-1]


class RunningMeanStd(nn.Module):
    """Parallel variance over all batches seen, kept in buffers."""

    def __init__(self, shape, epsilon=1e-4, clip=5.0):
        super().__init__()
        self.register_buffer("mean", torch.zeros(shape, dtype=torch.float64))
        self.register_buffer("var", torch.ones(shape, dtype=torch.float64))
        self.register_buffer("count", torch.tensor(epsilon, dtype=torch.float64))
        self.clip = clip

    def update(self, x):
        mean, var, n = x.mean(0), x.var(0, unbiased=False), x.size(0)
        delta, total = mean - self.mean, self.count + n
        m2 = self.var * self.count + var * n + delta**2 * self.count * n / total
        self.mean, self.var, self.count = self.mean + delta * n / total, m2 / total, total

    def forward(self, x, unnorm=False):
        if self.training:
            self.update(x.double())
        if unnorm:
            return torch.clamp(x, -self.clip, self.clip) * torch.sqrt(self.var.float() + 1e-5) + self.mean.float()
        return torch.clamp((x - self.mean.float()) / torch.sqrt(self.var.float() + 1e-5), -self.clip, self.clip)


class SkipGram(nn.Module):
    def __init__(self, emb_size=10, emb_dimension=4):
        super().__init__()
        self.u_embeddings = nn.Embedding(emb_size, emb_dimension, sparse=False)
        self.v_embeddings = nn.Embedding(emb_size, emb_dimension)
        nn.init.uniform_(self.u_embeddings.weight.data, -0.5, 0.5)

    def forward(self, pos_u, pos_v, neg_v):
        emb_u, emb_v, emb_neg_v = self.u_embeddings(pos_u), self.v_embeddings(pos_v), self.v_embeddings(neg_v)
        score = -F.logsigmoid(torch.clamp(torch.sum(torch.mul(emb_u, emb_v), dim=1), max=10, min=-10))
        neg_score = torch.bmm(emb_neg_v, emb_u.unsqueeze(2)).squeeze()
        neg_score = -torch.sum(F.logsigmoid(-torch.clamp(neg_score, max=10, min=-10)), dim=1)
        return torch.mean(score + neg_score)


class MatrixFactorization(nn.Module):
    def __init__(self, users=6, items=5, factors=3):
        super().__init__()
        self.user, self.item = nn.Embedding(users, factors), nn.Embedding(items, factors)
        self.user_bias, self.item_bias = nn.Embedding(users, 1), nn.Embedding(items, 1)
        self.global_bias = nn.Parameter(torch.FloatTensor([0.1]))

    def __call__(self, *args):
        return self.forward(*args)

    def forward(self, user, item):
        dot = (self.user(user) * self.item(item)).sum(1)
        return torch.sigmoid(dot + self.user_bias(user).squeeze() + self.item_bias(item).squeeze() + self.global_bias) * 4 + 1


class FeaturesEmbedding(nn.Module):
    """One table for all fields; indices are shifted by numpy offsets turned into a tensor at each call."""

    def __init__(self, field_dims, dim):
        super().__init__()
        self.embedding = nn.Embedding(sum(field_dims), dim)
        self.offsets = np.array((0, *np.cumsum(field_dims)[:-1]), dtype=np.int64)

    def forward(self, x):
        x = x + x.new_tensor(self.offsets).unsqueeze(0)
        return self.embedding(x)


class DeepFM(nn.Module):
    def __init__(self, field_dims=(3, 4, 5), dim=4):
        super().__init__()
        self.linear, self.embedding = FeaturesEmbedding(field_dims, 1), FeaturesEmbedding(field_dims, dim)
        self.mlp = nn.Sequential(nn.Linear(len(field_dims) * dim, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.2), nn.Linear(6, 1))
        self.bias = nn.Parameter(torch.zeros((1,)))

    def fm(self, x):
        square_of_sum, sum_of_square = torch.sum(x, dim=1) ** 2, torch.sum(x**2, dim=1)
        return 0.5 * torch.sum(square_of_sum - sum_of_square, dim=1, keepdim=True)

    def forward(self, x):
        embed_x = self.embedding(x)
        linear = torch.sum(self.linear(x), dim=1) + self.bias
        return torch.sigmoid((linear + self.fm(embed_x) + self.mlp(embed_x.view(-1, embed_x.size(1) * embed_x.size(2)))).squeeze(1))


class DeepCross(nn.Module):
    def __init__(self, dim=6, layers=3):
        super().__init__()
        self.w = nn.ModuleList([nn.Linear(dim, 1, bias=False) for _ in range(layers)])
        self.b = nn.ParameterList([nn.Parameter(torch.zeros((dim,))) for _ in range(layers)])

    def forward(self, x):
        x0 = x
        for i in range(len(self.w)):
            x = x0 * self.w[i](x) + self.b[i] + x
        return x


class FieldAware(nn.Module):
    """Field-aware factorisation machine: a table per field and a double loop over pairs."""

    def __init__(self, field_dims=(3, 4, 5), dim=3):
        super().__init__()
        self.num_fields = len(field_dims)
        self.embeddings = nn.ModuleList([nn.Embedding(sum(field_dims), dim) for _ in range(self.num_fields)])
        self.offsets = torch.tensor((0, *np.cumsum(field_dims)[:-1]))

    def forward(self, x):
        x = x + self.offsets
        xs = [self.embeddings[i](x) for i in range(self.num_fields)]
        ix = []
        for i in range(self.num_fields - 1):
            for j in range(i + 1, self.num_fields):
                ix.append(xs[j][:, i] * xs[i][:, j])
        return torch.sigmoid(torch.stack(ix, dim=1).sum((1, 2)))


class AutoInt(nn.Module):
    def __init__(self, fields=(3, 4, 5), dim=4):
        super().__init__()
        self.embedding = FeaturesEmbedding(fields, dim)
        self.attns = nn.ModuleList([nn.MultiheadAttention(dim, 2, dropout=0.0) for _ in range(2)])
        self.fc = nn.Linear(dim * len(fields), 1)

    def forward(self, x):
        cross = self.embedding(x).transpose(0, 1)
        for attn in self.attns:
            cross, _ = attn(cross, cross, cross)
        return self.fc(F.relu(cross.transpose(0, 1).contiguous().view(x.size(0), -1)))


class InterestNetwork(nn.Module):
    """DIN: attention of a target over a history with padding, and wide features by EmbeddingBag."""

    def __init__(self, items=8, dim=4):
        super().__init__()
        self.embed, self.bag = nn.Embedding(items, dim, padding_idx=0), nn.EmbeddingBag(items, dim, mode="mean")
        self.att = nn.Sequential(nn.Linear(4 * dim, 6), nn.PReLU(), nn.Linear(6, 1))
        self.out = nn.Linear(3 * dim, 1)

    def forward(self, features):
        target, history = self.embed(features["target"]), self.embed(features["history"])
        queries = target.unsqueeze(1).expand(-1, history.size(1), -1)
        scores = self.att(torch.cat([queries, history, queries - history, queries * history], dim=-1))
        mask = (features["history"] > 0).unsqueeze(-1)
        interest = (scores * mask).transpose(1, 2).matmul(history).squeeze(1)
        wide = self.bag(features["tags"], features["offsets"])
        return self.out(torch.cat([interest, target, wide], 1)).sigmoid()


class TwoTower(nn.Module):
    """In-batch negatives with a logQ correction and labels of ``arange``."""

    def __init__(self, temperature=0.1):
        super().__init__()
        self.user, self.item, self.temperature = nn.Linear(3, 4), nn.Linear(5, 4), temperature

    def forward(self, u, i, log_q=None):
        logits = F.normalize(self.user(u), dim=-1) @ F.normalize(self.item(i), dim=-1).t() / self.temperature
        if log_q is not None:
            logits = logits - log_q
        return F.cross_entropy(logits, torch.arange(len(logits), device=logits.device)), (logits.argmax(1) == torch.arange(len(u))).float().mean()


def ppo_batch():
    return torch.randn(4, 3), torch.randint(2, (4,)), torch.randn(4), torch.randn(4), torch.randn(4)


def clicks():
    return torch.stack([torch.randint(n, (4,)) for n in (3, 4, 5)], 1)


def interests():
    return ({"target": torch.randint(8, (2,)), "history": torch.randint(8, (2, 4)), "tags": torch.randint(8, (5,)), "offsets": torch.tensor([0, 2])},)


ENTRIES = [
    Entry("dueling_dqn", DuelingDQN, lambda: (torch.randint(0, 255, (2, 4, 10, 10), dtype=torch.uint8),)),
    Entry("noisy_linear", lambda: nn.Sequential(NoisyLinear(3, 5), nn.ReLU(), NoisyLinear(5, 2)), lambda: (torch.randn(2, 3),)),
    Entry("noisy_linear_eval", lambda: NoisyLinear(3, 5), lambda: (torch.randn(2, 3),), train=False),
    Entry("epsilon_greedy", EpsilonGreedy, lambda: (torch.randn(2, 3),), train=False),
    Entry("categorical_dqn", CategoricalDQN, lambda: (torch.randn(3, 3), torch.randn(3, 3), torch.randn(3), torch.randint(2, (3,)).float())),
    Entry("actor_critic", ActorCritic, lambda: (torch.randn(2, 4),)),
    Entry("actor_critic_evaluate", ActorCritic, lambda: (torch.randn(2, 4), torch.tensor([0, 2]))),
    Entry("gaussian_policy", GaussianPolicy, lambda: (torch.randn(2, 4),)),
    Entry("ppo_loss", PPOLoss, ppo_batch),
    Entry("generalized_advantages", Discounted, lambda: (torch.randn(5), torch.randn(6), torch.randint(2, (5,)).float())),
    Entry("running_mean_std", lambda: RunningMeanStd((3,)), lambda: (torch.randn(4, 3),)),
    Entry("running_mean_std_unnorm", lambda: RunningMeanStd((3,)), lambda: (torch.randn(4, 3), True), train=False),
    Entry("skip_gram", SkipGram, lambda: (torch.randint(10, (3,)), torch.randint(10, (3,)), torch.randint(10, (3, 4)))),
    Entry("matrix_factorization", MatrixFactorization, lambda: (torch.randint(6, (4,)), torch.randint(5, (4,)))),
    Entry("deep_fm", DeepFM, lambda: (clicks(),)),
    Entry("deep_cross", DeepCross, lambda: (torch.randn(3, 6),)),
    Entry("field_aware_fm", FieldAware, lambda: (clicks(),)),
    Entry("auto_int", AutoInt, lambda: (clicks(),)),
    Entry("interest_network_dict", InterestNetwork, interests),
    Entry("two_tower", TwoTower, lambda: (torch.randn(4, 3), torch.randn(4, 5), torch.randn(4))),
]
