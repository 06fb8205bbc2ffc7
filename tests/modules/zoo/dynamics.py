"""Nets whose forward pass is a process: ODE steps, memories, spikes, halting, retrieval, early exits."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from .entry import Entry


class NTM(nn.Module):
    """Content and location addressing over an external memory, for a few steps."""

    def __init__(self, n=5, m=3, dim=2):
        super().__init__()
        self.n, self.m = n, m
        self.controller, self.head = nn.LSTMCell(dim + m, 4), nn.Linear(4, m + 6)
        self.erase, self.add = nn.Linear(4, m), nn.Linear(4, m)
        self.register_buffer("mem_bias", torch.rand(n, m) * 0.1)

    def _convolve(self, w, s):
        assert s.size(-1) == 3
        rows = []
        for i in range(w.size(0)):
            t = torch.cat([w[i, -1:], w[i], w[i, :1]])
            rows.append(F.conv1d(t.view(1, 1, -1), s[i].view(1, 1, -1)).view(-1))
        return torch.stack(rows)

    def address(self, h, memory, w_prev):
        k, beta, g, s, gamma = torch.split(self.head(h), [self.m, 1, 1, 3, 1], dim=1)
        w = F.softmax(F.softplus(beta) * F.cosine_similarity(memory + 1e-16, k.unsqueeze(1) + 1e-16, dim=-1), dim=1)
        w = torch.sigmoid(g) * w + (1 - torch.sigmoid(g)) * w_prev
        w = self._convolve(w, F.softmax(s, dim=1)) ** (1 + F.softplus(gamma))
        return w / (w.sum(dim=1, keepdim=True) + 1e-16)

    def forward(self, x):
        b = x.size(0)
        memory, r = self.mem_bias.clone().repeat(b, 1, 1), x.new_zeros(b, self.m)
        h, c, w = x.new_zeros(b, 4), x.new_zeros(b, 4), F.one_hot(torch.zeros(b, dtype=torch.long), self.n).float()
        reads = []
        for t in range(x.size(1)):
            h, c = self.controller(torch.cat([x[:, t], r], 1), (h, c))
            w = self.address(h, memory, w)
            memory = memory * (1 - w.unsqueeze(-1) * torch.sigmoid(self.erase(h)).unsqueeze(1))
            memory = memory + w.unsqueeze(-1) * self.add(h).unsqueeze(1)
            r = (w.unsqueeze(1) @ memory).squeeze(1)
            reads.append(r)
        return torch.stack(reads, 1), memory


class ODEBlock(nn.Module):
    """Fixed-step Runge-Kutta between given times; counts evaluations on the function module."""

    class Func(nn.Module):
        def __init__(self, dim):
            super().__init__()
            self.net, self.nfe = nn.Sequential(nn.Linear(dim + 1, 6), nn.Tanh(), nn.Linear(6, dim)), 0

        def forward(self, t, x):
            self.nfe += 1
            return self.net(torch.cat([x, torch.ones_like(x[:, :1]) * t], 1))

    def __init__(self, dim=3, steps=2):
        super().__init__()
        self.odefunc, self.steps = ODEBlock.Func(dim), steps
        self.integration_time = torch.tensor([0.0, 1.0]).float()

    def forward(self, x):
        self.integration_time = self.integration_time.type_as(x)
        ts = torch.linspace(self.integration_time[0], self.integration_time[1], self.steps + 1)
        for t0, t1 in zip(ts[:-1], ts[1:]):
            h = t1 - t0
            k1 = self.odefunc(t0, x)
            k2 = self.odefunc(t0 + h / 2, x + h * k1 / 2)
            k3 = self.odefunc(t0 + h / 2, x + h * k2 / 2)
            x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + self.odefunc(t1, x + h * k3))
        return x

    @property
    def nfe(self):
        return self.odefunc.nfe


class AdaptiveODE(nn.Module):
    """Step-size control: the error estimate decides how many steps there are."""

    def __init__(self, tol=0.05):
        super().__init__()
        self.f, self.tol = nn.Linear(3, 3), tol

    def forward(self, x):
        t, dt, steps = 0.0, 0.5, 0
        while t < 1.0 and steps < 20:
            euler = x + dt * torch.tanh(self.f(x))
            half = x + dt / 2 * torch.tanh(self.f(x))
            fine = half + dt / 2 * torch.tanh(self.f(half))
            error = (euler - fine).abs().max()
            if error > self.tol:
                dt = dt / 2
            else:
                t, x = t + dt, fine
            steps += 1
        return x


class Hopfield(nn.Module):
    """Retrieval iterated until the state no longer moves, or a fixed number of rounds."""

    def __init__(self, beta=2.0, max_steps=5, eps=1e-2):
        super().__init__()
        self.patterns, self.beta, self.max_steps, self.eps = nn.Parameter(torch.randn(4, 3)), beta, max_steps, eps

    def forward(self, state):
        for _ in range(self.max_steps):
            new_state = F.softmax(self.beta * state @ self.patterns.t(), dim=-1) @ self.patterns
            if torch.norm(new_state - state) < self.eps:
                state = new_state
                break
            state = new_state
        return state


class Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        out = torch.zeros_like(input)
        out[input > 0] = 1.0
        return out

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        return grad_output.clone() / (10.0 * torch.abs(input) + 1.0) ** 2


class SpikingNet(nn.Module):
    """Leaky integrate-and-fire steps with a surrogate gradient."""

    def __init__(self, alpha=0.9, beta=0.85):
        super().__init__()
        self.w1, self.w2, self.alpha, self.beta = nn.Parameter(torch.randn(3, 5)), nn.Parameter(torch.randn(5, 2)), alpha, beta

    def forward(self, inputs):
        h1 = torch.einsum("abc,cd->abd", (inputs, self.w1))
        syn, mem = torch.zeros(inputs.size(0), 5), torch.zeros(inputs.size(0), 5)
        out, spikes = torch.zeros(inputs.size(0), 2), []
        for t in range(inputs.size(1)):
            mthr = mem - 1.0
            spike = Spike.apply(mthr)
            rst = torch.zeros_like(mem)
            c = mthr > 0
            rst[c] = torch.ones_like(mem)[c]
            syn, mem = self.alpha * syn + h1[:, t], self.beta * mem + syn - rst
            out = self.beta * out + spike @ self.w2
            spikes.append(spike)
        return out, torch.stack(spikes, dim=1)


class AdaptiveComputation(nn.Module):
    """Graves' adaptive computation time: rounds until every example has halted."""

    def __init__(self, dim=3, threshold=0.9, max_steps=6):
        super().__init__()
        self.cell, self.halt, self.threshold, self.max_steps = nn.GRUCell(dim, dim), nn.Linear(dim, 1), threshold, max_steps

    def forward(self, x):
        h, total = torch.zeros_like(x), torch.zeros(x.size(0))
        output, updates, step = torch.zeros_like(x), torch.zeros(x.size(0)), 0
        while ((total < self.threshold) & (updates < self.max_steps)).any():
            h = self.cell(x, h)
            p = torch.sigmoid(self.halt(h)).squeeze(-1)
            running = (total < self.threshold).float()
            ending = (total + p * running > self.threshold).float() * running
            weight = torch.where(ending > 0, 1 - total, p * running)
            total, updates = total + weight, updates + running
            output = output + weight.unsqueeze(-1) * h
            step += 1
        return output, updates, step


class EarlyExit(nn.Module):
    """Leaves after the first branch when the batch is confident, as in BranchyNet."""

    def __init__(self, threshold=0.6):
        super().__init__()
        self.stages, self.exits = nn.ModuleList(nn.Linear(4, 4) for _ in range(3)), nn.ModuleList(nn.Linear(4, 3) for _ in range(3))
        self.threshold = threshold

    def forward(self, x):
        for i, (stage, leave) in enumerate(zip(self.stages, self.exits)):
            x = torch.relu(stage(x))
            logits = leave(x)
            if not self.training and F.softmax(logits, -1).max(-1).values.mean() > self.threshold:
                return logits, i
        return logits, len(self.stages)


ENTRIES = [
    Entry("neural_turing_machine", NTM, lambda: (torch.randn(2, 3, 2),)),
    Entry("ode_block", ODEBlock, lambda: (torch.randn(2, 3),)),
    Entry("adaptive_ode", AdaptiveODE, lambda: (torch.randn(2, 3),)),
    Entry("hopfield", Hopfield, lambda: (torch.randn(2, 3),)),
    Entry("spiking_net", SpikingNet, lambda: (torch.rand(2, 4, 3),)),
    Entry("adaptive_computation_time", AdaptiveComputation, lambda: (torch.randn(3, 3),)),
    Entry("early_exit_train", EarlyExit, lambda: (torch.randn(2, 4),)),
    Entry("early_exit_eval", EarlyExit, lambda: (torch.randn(2, 4),), train=False),
]
