"""Python as modules use it: optional arguments, dicts, dataclasses, counters, hooks, wrappers, inheritance, properties."""

import copy
import functools
import math
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from enum import Enum
from types import SimpleNamespace
from typing import Dict, List, Optional, Tuple, Union

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import Entry, rows

DEBUG = False
SCALES = {"small": 0.5, "large": 2.0}
DetectionOutput = namedtuple("DetectionOutput", ["boxes", "scores"])


@dataclass
class ModelOutput:
    logits: Tensor
    hidden: Optional[Tuple[Tensor, ...]] = None
    aux: Optional[Dict[str, Tensor]] = None


class OptionalArguments(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)

    def forward(self, x, mask=None, scale=1.0, *, return_dict=True, **kwargs):
        out = self.fc(x)
        if mask is not None:
            out = out * mask.unsqueeze(-1)
        out = out * scale * kwargs.get("gain", 1.0)
        if not return_dict:
            return (out,) + tuple(kwargs.values())
        return {"out": out, **{k: v for k, v in kwargs.items() if isinstance(v, torch.Tensor)}}


class DataclassOutput(nn.Module):
    def __init__(self, layers=2):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(3, 3) for _ in range(layers))

    def forward(self, x, output_hidden_states: bool = False):
        all_hidden = () if output_hidden_states else None
        for layer in self.layers:
            if output_hidden_states:
                all_hidden += (x,)
            x = torch.tanh(layer(x))
        return ModelOutput(logits=x, hidden=all_hidden, aux={"norm": x.norm()})


class NamedTupleOutput(nn.Module):
    def __init__(self):
        super().__init__()
        self.box, self.score = nn.Linear(3, 4), nn.Linear(3, 1)

    def forward(self, features: List[Tensor]) -> DetectionOutput:
        boxes, scores = zip(*[(self.box(f), self.score(f).squeeze(-1)) for f in features])
        return DetectionOutput(boxes=torch.cat(boxes), scores=torch.cat(scores))


class MultiModal(nn.Module):
    """Encoders by modality name, for whatever keys the batch has; missing ones get a learned token."""

    def __init__(self, dims=None, dim=4):
        super().__init__()
        dims = dims or {"image": 3, "text": 5, "audio": 2}
        self.encoders = nn.ModuleDict({name: nn.Linear(d, dim) for name, d in dims.items()})
        self.missing = nn.ParameterDict({name: nn.Parameter(torch.randn(dim)) for name in dims})

    def forward(self, batch: Dict[str, Tensor]):
        n = next(iter(batch.values())).shape[0]
        features = OrderedDict()
        for name, encoder in self.encoders.items():
            features[name] = encoder(batch[name]) if name in batch else self.missing[name].expand(n, -1)
        fused = torch.stack(list(features.values()), dim=1).mean(1)
        return fused, {k: v.pow(2).sum().sqrt() for k, v in features.items()}


class Counters(nn.Module):
    """Counts calls in Python, anneals a coefficient by them and logs every second call into a list."""

    def __init__(self, warmup=4):
        super().__init__()
        self.fc, self.steps, self.warmup, self.history = nn.Linear(3, 2), 0, warmup, []

    def forward(self, x):
        if self.training:
            self.steps += 1
        beta = min(1.0, self.steps / self.warmup)
        out = self.fc(x) * beta
        if self.steps % 2 == 0:
            self.history.append(self.steps)
        return out


class StepBuffer(nn.Module):
    """The same with the step in a buffer: the branch reads a tensor."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)
        self.register_buffer("step", torch.tensor(0))

    def forward(self, x):
        if self.training:
            self.step += 1
        if self.step > 1:
            return torch.relu(self.fc(x))
        return self.fc(x)


class HookedFeatures(nn.Module):
    """Collects activations by forward hooks that close over a dictionary."""

    def __init__(self, names=("0", "2")):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
        self._features = {name: torch.empty(0) for name in names}
        for name in names:
            layer = dict([*self.backbone.named_modules()])[name]
            layer.register_forward_hook(self.save_outputs_hook(name))

    def save_outputs_hook(self, name):
        def fn(_, __, output):
            self._features[name] = output

        return fn

    def forward(self, x):
        _ = self.backbone(x)
        return self._features["0"].sum(1), self._features["2"]


class IntermediateLayerGetter(nn.ModuleDict):
    """Runs children in order and keeps some outputs under new names."""

    def __init__(self, model, return_layers):
        self.return_layers = {str(k): str(v) for k, v in return_layers.items()}
        super().__init__(OrderedDict(model.named_children()))

    def forward(self, x):
        out = OrderedDict()
        for name, module in self.items():
            x = module(x)
            if name in self.return_layers:
                out[self.return_layers[name]] = x
        return out


class PreHookScaling(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)
        self.fc.register_forward_pre_hook(lambda module, args: (args[0] * 2,))
        self.fc.register_forward_hook(lambda module, args, out: out + args[0])
        self.register_forward_hook(functools.partial(self._finish, power=2))

    @staticmethod
    def _finish(module, args, out, power):
        return out.abs() ** power

    def forward(self, x):
        return self.fc(x)


class Wrapper(nn.Module):
    """Delegates unknown attributes to what it wraps."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def __getattr__(self, name):
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self.module, name)

    def forward(self, *args, **kwargs):
        return self.module(*args, **kwargs) + self.head(args[0])


class Wrapped(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(3, 2), nn.Linear(3, 2)

    def forward(self, x):
        return self.body(x)


class ConfigDriven(nn.Module):
    """A SimpleNamespace decides layers, activation and pooling."""

    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        self.act = getattr(nn, cfg.activation)(**getattr(cfg, "activation_args", {}))
        self.stem = nn.Linear(3, cfg.width)
        self.norm = {"layer": nn.LayerNorm, "batch": nn.BatchNorm1d, None: lambda w: None}[cfg.norm](cfg.width)
        self.extra = nn.ModuleList() if not cfg.residual else nn.ModuleList([copy.deepcopy(self.act), nn.Linear(cfg.width, cfg.width)])

    def forward(self, x):
        x = self.act(self.stem(x))
        if self.norm:
            x = self.norm(x)
        if len(self.extra) > 0:
            y = x
            for layer in self.extra:
                y = layer(y)
            x = x + y * SCALES[self.cfg.scale]
        if DEBUG:
            print(x.shape)
        return x


class Mode(Enum):
    TRAIN = "train"
    INFER = "infer"


class ModeSwitch(nn.Module):
    """Calls other methods by an enum or a string, as multi-purpose models do."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.Linear(3, 2), nn.Linear(2, 3)

    def encode(self, x):
        return self.encoder(x)

    def reconstruct(self, x):
        return self.decoder(torch.relu(self.encode(x)))

    def forward(self, x, mode: Union[str, Mode] = Mode.TRAIN):
        if isinstance(mode, str):
            return getattr(self, mode)(x)
        match mode:
            case Mode.TRAIN:
                return F.mse_loss(self.reconstruct(x), x)
            case Mode.INFER:
                return self.reconstruct(x)


class Inherited(nn.Linear):
    """Overrides a property and a method of a built-in layer; caches an effective weight."""

    gain = 1.5

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.mask = None

    @property
    def effective_weight(self):
        return self.weight * self.gain if self.mask is None else self.weight * self.mask

    @classmethod
    def normalise(cls, x):
        return x / (cls.gain + x.norm(dim=-1, keepdim=True))

    def prune(self):
        self.mask = (self.weight.data.abs() > self.weight.data.abs().median()).float()

    def forward(self, input):
        if self.mask is None:
            self.prune()
        return self.normalise(F.linear(input, self.effective_weight, self.bias))


def drop_path(x, p: float = 0.0, training: bool = False, scale: bool = True):
    if p == 0.0 or not training:
        return x
    shape = (x.shape[0],) + (1,) * (x.ndim - 1)
    random_tensor = x.new_empty(shape).bernoulli_(1 - p)
    if 1 - p > 0.0 and scale:
        random_tensor.div_(1 - p)
    return x * random_tensor


class Functional(nn.Module):
    """Module-level helpers, partials, lambdas, reduce, sorted keys and f-strings to reach children."""

    def __init__(self, norm_layer=functools.partial(nn.LayerNorm, eps=1e-6), drop=0.2):
        super().__init__()
        for i in range(3):
            setattr(self, f"block{i}", nn.Sequential(norm_layer(4), nn.Linear(4, 4)))
        self.drop, self.post = drop, lambda x: x.clamp(min=-1) + math.pi

    def forward(self, x):
        names = sorted((n for n, _ in self.named_children() if n.startswith("block")), reverse=True)
        outs = [drop_path(getattr(self, name)(x), self.drop, self.training) for name in names]
        total = functools.reduce(torch.add, outs)
        return self.post(total), max(len(names), 2), [o.mean() for i, o in enumerate(outs) if i % 2 == 0]


config = SimpleNamespace(activation="LeakyReLU", activation_args={"negative_slope": 0.2}, width=4, norm="batch", residual=True, scale="large")
plain_config = SimpleNamespace(activation="GELU", width=4, norm=None, residual=False, scale="small")


def optional_kwargs():
    return {"mask": torch.tensor([1.0, 0.0]), "scale": 0.5, "gain": 2.0, "bias": torch.randn(3)}


def backbone():
    return IntermediateLayerGetter(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), {"0": "low", "2": "high"})


ENTRIES = [
    Entry("optional_arguments", OptionalArguments, rows()),
    Entry("optional_arguments_given", OptionalArguments, rows(), kwargs=optional_kwargs),
    Entry("optional_arguments_tuple", OptionalArguments, rows(), kwargs=lambda: {"return_dict": False, "extra": 3}),
    Entry("dataclass_output", DataclassOutput, lambda: (torch.randn(2, 3), True)),
    Entry("namedtuple_output", NamedTupleOutput, lambda: ([torch.randn(2, 3), torch.randn(4, 3)],)),
    Entry("multi_modal_dict", MultiModal, lambda: ({"image": torch.randn(2, 3), "text": torch.randn(2, 5)},)),
    Entry("python_counters", Counters, rows()),
    Entry("step_buffer", StepBuffer, rows()),
    Entry("hooked_features", HookedFeatures, rows()),
    Entry("intermediate_layers", backbone, rows()),
    Entry("pre_and_post_hooks", PreHookScaling, rows()),
    Entry("getattr_wrapper", lambda: Wrapper(Wrapped()), rows()),
    Entry("config_namespace", lambda: ConfigDriven(config), rows(3)),
    Entry("config_namespace_plain", lambda: ConfigDriven(plain_config), rows(3), train=False),
    Entry("mode_enum", ModeSwitch, lambda: (torch.randn(2, 3), Mode.INFER)),
    Entry("mode_string", ModeSwitch, lambda: (torch.randn(2, 3), "encode")),
    Entry("mode_default", ModeSwitch, rows()),
    Entry("inherited_linear_pruned", lambda: Inherited(3, 4), rows()),
    Entry("functional_helpers", Functional, rows(2, 4)),
]
