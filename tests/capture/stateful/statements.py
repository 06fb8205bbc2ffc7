"""Templates of statements of random programs with state, by theme, written as those of expressions are.

`$E_kind` is an expression drawn from the templates, `BLOCK` a line of its own that stands for a few statements, and
`LOOP` the same inside a loop.
"""

from __future__ import annotations

LINES: dict[str, str] = {
    "plain": """
$to_vector = $E_vector
$to_vector = $E_vector
$to_scalar = $E_scalar
$to_whole = $E_whole
$to_int = $E_int
$to_float = $E_float
$to_bool = $E_bool
$to_rows = $E_rows
$to_table = $E_table
$to_maybe = $E_maybe
$own += $vector
$own.mul_($C)
$own[$I] = $scalar
$in_rows.append($vector)
$in_table['p'] = $scalar
$to_int += 1
$to_float *= 0.5
print('at', $int, $bool)
""",
    "state": """
self.count += 1
self.count = $int
self.total += $float
self.total = $scalar.item()
self.flag = $bool
self.flag = not self.flag
self.level = $scalar.detach()
self.level += 0.1
self.level.mul_(0.5)
self.history.append($scalar.detach())
self.history.append($int)
self.history = self.history[-2:]
self.counts['q'] = self.counts.get('q', 0) + 1
self.counts['z'] = $int
self.counts.pop('z', None)
self.box.value = $scalar.detach()
self.box.items.append($vector)
self.box = Box($scalar.detach())
self.box.items = $rows
LOG['n'] = LOG.get('n', 0) + 1
LOG.setdefault('xs', []).append($int)
self.extra = $int
$to_int = getattr(self, 'extra', 5)
self.note($int)
$to_float = self.swapped($float)
""",
    "fixed": """
self.memory = ($vector).detach()
self.memory[$I] = $C
self.memory *= 0.5
self.memory += $vector.detach()
self.last = $vector.detach()
self.last = $vector
self.last = None
$to_vector = self.memory
""",
    "alias": """
$to_vector = $own
$to_vector = $own.view(-1)
a, b = b, a
$own[$own > $C] = 0.25
$own[:2] += 0.5
$own[1:] *= 0.5
$own.copy_($vector)
$own.zero_()
$in_rows[0] = $rows[-1]
$to_rows = $rows
$in_rows += [$vector]
$in_rows.insert(0, $own)
$in_rows.reverse()
$to_table = $table
$in_table['v'] = $vector
$in_table['p'] += 0.25
$to_bool = a is b
$to_rows, $to_rows = $rows, $rows
items.append($own)
items[0] = $vector
m.add_($C)
m[$I] = $scalar.item()
""",
    "random": """
$to_vector = F.dropout($vector, 0.3)
$own.add_(torch.rand_like(x))
$to_int = random.randint(0, 3)
$to_scalar = torch.randn(())
random.random()
$to_float = random.choice([0.1, 0.6, 0.9])
$to_whole = torch.randint(0, 4, ())
""",
    "raise": """
assert $scalar < 2.0, 'too large'
assert $test
""",
    "hyper": """
$to_float = self.scale
self.scale = self.scale * 0.5
self.scale += $float
$own.mul_(self.scale)
self.training = not self.training
""",
    "closure": """
$to_vector = mixed(*$rows, scale=0.5) if $rows else $vector
$to_int = counted()
$to_int = counted([$int])
$to_vector = max([$vector, $vector], key=lambda u: u.sum())
$to_rows = sorted($rows, key=lambda u: u.sum().item())
$to_bool = any(r.sum() > $C for r in $rows)
$to_bool = all(r.sum() > $C for r in $rows)
""",
    "module": """
$to_vector = self.cell($vector)
self.cell.calls += 1
self.cell.seen.add_(1)
""",
    "train": """
self.opt.zero_grad()
$to_vector = self.lin($vector)
""",
}
"""Statements of one line, each a template."""

PARAGRAPHS: dict[str, str] = {
    "plain": """
if $test:
    late = $E_scalar
BLOCK
$to_scalar = late

$to_vector, $to_scalar = $vector, $scalar
if $test:
    $to_int, $to_float = $int, $float
""",
    "state": """
if self.history:
    self.history.pop()

for q in range(3):
    self.count += q
    if $test:
        break
else:
    self.flag = True
""",
    "fixed": """
if self.last is not None:
    BLOCK
""",
    "alias": """
part = $own[1:]
BLOCK
part.add_(0.25)

part = $own[:2]
if $test:
    part = part * 2
part += $scalar

if $rows:
    $to_vector = $rows[-1]

if $rows:
    $in_rows.pop()

for r in $rows:
    r *= 0.5
""",
    "random": """
if torch.rand(()) < 0.5:
    BLOCK

if random.random() < 0.5:
    BLOCK
else:
    BLOCK
""",
    "raise": """
if $test:
    raise Oops($int)

try:
    BLOCK
    if $test:
        raise Oops($int)
    BLOCK
except Oops as error:
    $to_int = error.code

try:
    $to_vector = checked($vector)
except ValueError as error:
    print('caught', error)
    BLOCK

try:
    $to_int = self.guarded_count($vector)
except Oops:
    BLOCK
else:
    BLOCK

try:
    $to_int = 6 // $int
except ZeroDivisionError:
    $to_bool = True

try:
    $to_vector = $rows[$int]
except IndexError:
    BLOCK

try:
    if $test:
        raise ValueError('late')
finally:
    print('done')
    $to_int += 1

try:
    BLOCK
    assert $test, 'no'
except (AssertionError, Oops) as error:
    print(type(error).__name__)

try:
    try:
        $to_vector = checked($vector)
    except ValueError as error:
        raise Oops($int) from error
except Oops as error:
    $to_int = error.code + 1

with Quiet():
    BLOCK
    if $test:
        raise Oops(3)
    BLOCK

with Quiet() as quiet:
    $to_int = self.guarded_count($vector)
$to_int += quiet.caught
""",
    "hyper": """
for layer in self.layers:
    $to_vector = layer($vector)

for q, layer in enumerate(self.layers):
    if $test:
        break
    $to_vector = layer($vector) + q

if self.training:
    BLOCK

if self.mode == 'a':
    BLOCK
else:
    BLOCK
""",
    "closure": """
def inner(u):
    nonlocal k
    k += 1
    return u * $C
$to_vector = inner($vector)

def inner(u, v=$float):
    nonlocal f
    if $test:
        f = v
    return u + f
$to_vector = inner($vector)
$to_vector = inner($vector, 0.25)

def push(value, into=$rows):
    into.append(value)
    return len(into)
if $test:
    $to_int = push($vector)

def leave(u):
    for q in range(3):
        if u.sum() > $C:
            return u, q
        u = u + 0.5
    return u, -1
$to_vector, $to_int = leave($vector)

op = torch.sin if $test else torch.cos
$to_vector = op($vector)

fs = [lambda u, q=q: u + q for q in range(2)]
$to_vector = fs[$int % 2]($vector)

for q, r in zip(range(3), stepping($vector)):
    $to_vector = r
""",
    "module": """
if $test:
    $to_vector = self.cell($vector)

with torch.no_grad():
    self.cell.gain.mul_(0.9)
""",
    "train": """
loss = self.lin($vector).square().mean()
self.opt.zero_grad()
loss.backward()
self.opt.step()
$to_float = loss.item()

loss = (self.lin($vector) - $vector.detach()).abs().sum()
if $test:
    self.opt.zero_grad()
    loss.backward()
    self.opt.step()

loss = self.lin($vector).square().mean()
loss.backward()
with torch.no_grad():
    for p in self.lin.parameters():
        p -= 0.1 * p.grad
        p.grad = None

for q in range(2):
    self.opt.zero_grad()
    loss = self.lin($vector.detach()).square().sum()
    if loss < $C:
        break
    loss.backward()
    self.opt.step()

(slope,) = torch.autograd.grad(self.lin($vector).square().sum(), [self.lin.weight])
self.level = slope.mean()

u = $vector.detach().requires_grad_()
(u * u * $C).sum().backward()
$to_vector = u.grad

with torch.no_grad():
    $to_vector = self.lin($vector)

if self.lin.weight.grad is not None:
    $to_float = self.lin.weight.grad.sum().item()
""",
}
"""Statements of several lines, with a blank line between two templates."""


def statements(theme: str) -> list[str]:
    """The templates of statements of a theme."""
    return LINES.get(theme, "").strip().splitlines() + paragraphs(PARAGRAPHS.get(theme, ""))


def paragraphs(text: str) -> list[str]:
    return [part for part in text.strip().split("\n\n") if part]


STATEMENTS = {theme: statements(theme) for theme in LINES}
