"""Recursive descent over a tensor of token ids: expression, term, factor share a cursor."""
import torch
EXPECT = "any"
PLUS, TIMES, OPEN, CLOSE, END = range(5)

class Parser:
    def __init__(self, tokens, values):
        self.tokens, self.values, self.pos = tokens, values, 0

    def peek(self):
        return self.tokens[self.pos].item() if self.pos < len(self.tokens) else END

    def expr(self):
        v = self.term()
        while self.peek() == PLUS:
            self.pos += 1
            v = v + self.term()
        return v

    def term(self):
        v = self.factor()
        while self.peek() == TIMES:
            self.pos += 1
            v = v * self.factor()
        return v

    def factor(self):
        tok = self.peek()
        if tok == OPEN:
            self.pos += 1
            v = self.expr()
            if self.peek() != CLOSE:
                raise SyntaxError("expected )")
            self.pos += 1
            return v
        if tok < 5:
            raise SyntaxError(f"unexpected {tok}")
        self.pos += 1
        return self.values[tok - 5]

def program(tokens, values):
    p = Parser(tokens, values)
    try:
        return p.expr(), p.pos
    except SyntaxError as e:
        return str(e), p.pos

def make():
    v = torch.tensor([2., 3., 5.])
    t = torch.tensor
    return program, [(t([5, 0, 6, 1, 7]), v), (t([2, 5, 0, 6, 3]), v), (t([5, 1, 2, 6, 0]), v), (t([2, 2, 5, 3, 3]), v), (t([2, 5, 0, 6]), v)]
