"""Objectives as modules: focal, dice, smoothing, hard examples, distillation, penalties, conditional random fields."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from .entry import Entry, labelled


class FocalLoss(nn.Module):
    def __init__(self, gamma=2, alpha=None, size_average=True):
        super().__init__()
        self.gamma, self.size_average = gamma, size_average
        self.alpha = alpha
        if isinstance(alpha, (float, int)):
            self.alpha = torch.Tensor([alpha, 1 - alpha])
        if isinstance(alpha, list):
            self.alpha = torch.Tensor(alpha)

    def forward(self, input, target):
        if input.dim() > 2:
            input = input.view(input.size(0), input.size(1), -1)
            input = input.transpose(1, 2)
            input = input.contiguous().view(-1, input.size(2))
        target = target.view(-1, 1)
        logpt = F.log_softmax(input, dim=1).gather(1, target).view(-1)
        pt = logpt.data.exp()
        if self.alpha is not None:
            if self.alpha.type() != input.data.type():
                self.alpha = self.alpha.type_as(input.data)
            logpt = logpt * self.alpha.gather(0, target.data.view(-1))
        loss = -1 * (1 - pt) ** self.gamma * logpt
        return loss.mean() if self.size_average else loss.sum()


class DiceLoss(nn.Module):
    """Per-class dice over one-hot targets, skipping an ignored class."""

    def __init__(self, weight=None, ignore_index=0, smooth=1.0):
        super().__init__()
        self.weight, self.ignore_index, self.smooth = weight, ignore_index, smooth

    def binary(self, predict, target):
        assert predict.shape[0] == target.shape[0], "predict & target batch size don't match"
        predict = predict.contiguous().view(predict.shape[0], -1)
        target = target.contiguous().view(target.shape[0], -1)
        num = torch.sum(torch.mul(predict, target), dim=1) + self.smooth
        return (1 - 2 * num / (torch.sum(predict.pow(2) + target.pow(2), dim=1) + self.smooth)).mean()

    def forward(self, predict, target):
        onehot = torch.zeros_like(predict).scatter_(1, target.unsqueeze(1), 1)
        total_loss = 0
        predict = F.softmax(predict, dim=1)
        for i in range(onehot.shape[1]):
            if i != self.ignore_index:
                dice_loss = self.binary(predict[:, i], onehot[:, i])
                if self.weight is not None:
                    dice_loss *= self.weight[i]
                total_loss += dice_loss
        return total_loss / onehot.shape[1]


class LabelSmoothing(nn.Module):
    """KL to a smoothed target; rows of padding are zeroed when there are any."""

    def __init__(self, size, padding_idx=0, smoothing=0.1):
        super().__init__()
        self.criterion = nn.KLDivLoss(reduction="sum")
        self.size, self.padding_idx, self.smoothing, self.true_dist = size, padding_idx, smoothing, None

    def forward(self, x, target):
        assert x.size(1) == self.size
        true_dist = x.data.clone()
        true_dist.fill_(self.smoothing / (self.size - 2))
        true_dist.scatter_(1, target.data.unsqueeze(1), 1.0 - self.smoothing)
        true_dist[:, self.padding_idx] = 0
        mask = torch.nonzero(target.data == self.padding_idx)
        if mask.dim() > 0:
            true_dist.index_fill_(0, mask.squeeze(), 0.0)
        self.true_dist = true_dist
        return self.criterion(x, true_dist.clone().detach())


class CRF(nn.Module):
    """Forward algorithm and Viterbi decoding for tags with a mask."""

    def __init__(self, tags=3, decode=False):
        super().__init__()
        self.transitions = nn.Parameter(torch.randn(tags, tags))
        self.start, self.end = nn.Parameter(torch.randn(tags)), nn.Parameter(torch.randn(tags))
        self.decode = decode

    def score(self, emissions, tags, mask):
        steps, batch = tags.shape
        score = self.start[tags[0]] + emissions[0, torch.arange(batch), tags[0]]
        for i in range(1, steps):
            score += (self.transitions[tags[i - 1], tags[i]] + emissions[i, torch.arange(batch), tags[i]]) * mask[i]
        last = tags[mask.long().sum(0) - 1, torch.arange(batch)]
        return score + self.end[last]

    def normalizer(self, emissions, mask):
        score = self.start + emissions[0]
        for i in range(1, emissions.size(0)):
            following = torch.logsumexp(score.unsqueeze(2) + self.transitions + emissions[i].unsqueeze(1), dim=1)
            score = torch.where(mask[i].unsqueeze(1), following, score)
        return torch.logsumexp(score + self.end, dim=1)

    def viterbi(self, emissions):
        score, history = self.start + emissions[0], []
        for i in range(1, emissions.size(0)):
            following, indices = (score.unsqueeze(2) + self.transitions + emissions[i].unsqueeze(1)).max(dim=1)
            score = following
            history.append(indices)
        best = (score + self.end).argmax(1)
        path = [best]
        for hist in reversed(history):
            best = hist.gather(1, best.unsqueeze(1)).squeeze(1)
            path.append(best)
        path.reverse()
        return torch.stack(path)

    def forward(self, emissions, tags, mask=None):
        if mask is None:
            mask = torch.ones_like(tags, dtype=torch.bool)
        if self.decode:
            return self.viterbi(emissions)
        return (self.normalizer(emissions, mask) - self.score(emissions, tags, mask)).mean()


class ViterbiLists(nn.Module):
    """Viterbi with backpointers as Python lists of numbers."""

    def __init__(self, tags=3):
        super().__init__()
        self.transitions = nn.Parameter(torch.randn(tags, tags))

    def forward(self, feats):
        score, backpointers = feats[0], []
        for feat in feats[1:]:
            total = score.unsqueeze(1) + self.transitions
            score, bp = total.max(0)
            score = score + feat
            backpointers.append(bp.tolist())
        tag = score.argmax().item()
        path = [tag]
        for bp in reversed(backpointers):
            tag = bp[tag]
            path.append(tag)
        return score.max(), path[::-1]


class LovaszHinge(nn.Module):
    def grad(self, gt_sorted):
        p, gts = len(gt_sorted), gt_sorted.sum()
        jaccard = 1.0 - (gts - gt_sorted.float().cumsum(0)) / (gts + (1 - gt_sorted).float().cumsum(0))
        if p > 1:
            jaccard[1:p] = jaccard[1:p] - jaccard[0:-1]
        return jaccard

    def forward(self, logits, labels):
        losses = []
        for log, lab in zip(logits, labels):
            log, lab = log.view(-1), lab.view(-1)
            errors = 1.0 - log * (2.0 * lab.float() - 1.0)
            errors_sorted, perm = torch.sort(errors, dim=0, descending=True)
            losses.append(torch.dot(F.relu(errors_sorted), self.grad(lab[perm.data])))
        return sum(losses) / len(losses)


class OhemCrossEntropy(nn.Module):
    """Keeps the pixels whose probability is low, at least a given number of them."""

    def __init__(self, thresh=0.6, min_kept=4, ignore_label=-1):
        super().__init__()
        self.thresh, self.min_kept, self.ignore_label = thresh, min_kept, ignore_label
        self.criterion = nn.CrossEntropyLoss(ignore_index=ignore_label, reduction="none")

    def forward(self, score, target):
        pred = F.softmax(score, dim=1)
        pixel_losses = self.criterion(score, target).contiguous().view(-1)
        mask = target.contiguous().view(-1) != self.ignore_label
        tmp_target = target.clone()
        tmp_target[tmp_target == self.ignore_label] = 0
        pred = pred.gather(1, tmp_target.unsqueeze(1))
        pred, ind = pred.contiguous().view(-1)[mask].contiguous().sort()
        min_value = pred[min(self.min_kept, pred.numel() - 1)]
        threshold = max(min_value, self.thresh)
        pixel_losses = pixel_losses[mask][ind]
        return pixel_losses[pred < threshold].mean()


class HardNegativeMining(nn.Module):
    """SSD's classification loss with three negatives a positive, by ranks."""

    def forward(self, conf, labels):
        loss = F.cross_entropy(conf.view(-1, conf.size(-1)), labels.view(-1), reduction="none").view_as(labels)
        pos = labels > 0
        negative = loss.clone()
        negative[pos] = 0
        _, rank = negative.sort(1, descending=True)[1].sort(1)
        num_neg = torch.clamp(3 * pos.long().sum(1, keepdim=True), max=pos.size(1) - 1)
        return loss[pos | (rank < num_neg)].sum() / pos.sum().clamp(min=1)


class WingLoss(nn.Module):
    """Two regimes picked by boolean indexing, so that both parts have their own length."""

    def __init__(self, omega=1.0, epsilon=2):
        super().__init__()
        self.omega, self.epsilon = omega, epsilon

    def forward(self, pred, target):
        delta_y = (target - pred).abs()
        delta_y1 = delta_y[delta_y < self.omega]
        delta_y2 = delta_y[delta_y >= self.omega]
        loss1 = self.omega * torch.log(1 + delta_y1 / self.epsilon)
        loss2 = delta_y2 - (self.omega - self.omega * math.log(1 + self.omega / self.epsilon))
        return (loss1.sum() + loss2.sum()) / (len(loss1) + len(loss2))


class Distillation(nn.Module):
    def __init__(self, t=4.0, alpha=0.7):
        super().__init__()
        self.T, self.alpha = t, alpha
        self.teacher, self.student = nn.Linear(4, 3), nn.Linear(4, 3)
        for p in self.teacher.parameters():
            p.requires_grad_(False)

    def forward(self, x, labels):
        with torch.no_grad():
            soft = F.softmax(self.teacher(x) / self.T, dim=1)
        out = self.student(x)
        kl = F.kl_div(F.log_softmax(out / self.T, dim=1), soft, reduction="batchmean") * self.T**2
        return {"loss": self.alpha * kl + (1 - self.alpha) * F.cross_entropy(out, labels), "soft": soft}


class UncertaintyWeighting(nn.Module):
    """Weighs a variable number of losses by learned variances."""

    def __init__(self, num=2):
        super().__init__()
        self.params = nn.Parameter(torch.ones(num))

    def forward(self, *losses):
        loss_sum = 0
        for i, loss in enumerate(losses):
            loss_sum += 0.5 / (self.params[i] ** 2) * loss + torch.log(1 + self.params[i] ** 2)
        return loss_sum


class GradNormPenalty(nn.Module):
    """WGAN-GP: a gradient inside the forward pass."""

    def __init__(self):
        super().__init__()
        self.critic = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1))

    def forward(self, real, fake):
        alpha = torch.rand(real.size(0), 1)
        mixed = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
        score = self.critic(mixed)
        (grad,) = torch.autograd.grad(score, mixed, grad_outputs=torch.ones_like(score), create_graph=True)
        return ((grad.norm(2, dim=1) - 1) ** 2).mean() + self.critic(fake).mean() - self.critic(real).mean()


def maps(classes=3):
    return torch.randn(2, classes, 4, 4), torch.randint(classes, (2, 4, 4))


def tagged():
    return torch.randn(4, 2, 3), torch.randint(3, (4, 2))


def tagged_masked():
    return (*tagged(), torch.tensor([[True, True], [True, True], [True, False], [True, False]]))


ENTRIES = [
    Entry("focal_loss", FocalLoss, maps),
    Entry("focal_loss_alpha", lambda: FocalLoss(alpha=[0.2, 0.3, 0.5], size_average=False), labelled(4, 3, 3)),
    Entry("dice_loss", DiceLoss, maps),
    Entry("label_smoothing", lambda: LabelSmoothing(4), lambda: (torch.randn(3, 4).log_softmax(1), torch.tensor([1, 0, 3]))),
    Entry("crf_loss", CRF, tagged),
    Entry("crf_loss_masked", CRF, tagged_masked),
    Entry("crf_viterbi", lambda: CRF(decode=True), tagged, train=False),
    Entry("viterbi_lists", ViterbiLists, lambda: (torch.randn(4, 3),)),
    Entry("lovasz_hinge", LovaszHinge, lambda: (torch.randn(2, 3, 3), torch.randint(2, (2, 3, 3)))),
    Entry("ohem", OhemCrossEntropy, maps),
    Entry("hard_negative_mining", HardNegativeMining, lambda: (torch.randn(2, 8, 3), torch.randint(3, (2, 8)) * (torch.rand(2, 8) < 0.4))),
    Entry("wing_loss", WingLoss, lambda: (torch.randn(3, 4), torch.randn(3, 4))),
    Entry("distillation", Distillation, labelled(4, 4, 3)),
    Entry("uncertainty_weighting", UncertaintyWeighting, lambda: (torch.rand(()), torch.rand(()))),
    Entry("gradient_penalty", GradNormPenalty, lambda: (torch.randn(4, 3), torch.randn(4, 3))),
]
