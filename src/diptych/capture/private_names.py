"""Private names (`self.__x` in a class) spelled in a tree as Python spells them at run time (`self._Cls__x`)."""

from __future__ import annotations

import ast
from typing import Any, TypeVar, cast

Tree = TypeVar("Tree", bound=ast.AST)


def spell_private_names(tree: Tree, owner: str) -> Tree:
    """Spell the names inside `tree`, which stands in the class `owner`; the name of `tree` itself stays its own."""
    return cast(Tree, _Speller(owner).generic_visit(tree))


class _Speller(ast.NodeTransformer):
    def __init__(self, owner: str) -> None:
        self.prefix = "_" + owner.lstrip("_")

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for field, value in ast.iter_fields(node):
            if (type(node).__name__, field) in _NAME_FIELDS:
                setattr(node, field, self._spell(value))
        return super().generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self._spell(node.name)
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.name = self._spell(node.name)
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """A class inside spells the names in its body itself, by the name that it has in the text."""
        body, node.body = node.body, []
        own = self._spell(node.name)
        if own != node.name:
            body = [_Speller(node.name).visit(child) for child in body]
            node.name = own
        self.generic_visit(node)
        node.body = body
        return node

    def visit_alias(self, node: ast.alias) -> ast.AST:
        if node.asname is not None:
            node.asname = self._spell(node.asname)
        elif self._spell(node.name) != node.name:
            node.asname = self._spell(node.name)
        return node

    def _spell(self, name: Any) -> Any:
        if isinstance(name, list):
            return [self._spell(each) for each in cast(list[str], name)]
        private = isinstance(name, str) and name.startswith("__") and not name.endswith("__") and "." not in name
        if not private or self.prefix == "_":
            return name
        return f"{self.prefix}{name}"


_NAME_FIELDS = {
    ("Name", "id"), ("Attribute", "attr"), ("arg", "arg"), ("keyword", "arg"), ("Global", "names"),
    ("Nonlocal", "names"), ("ExceptHandler", "name"), ("MatchAs", "name"), ("MatchStar", "name"),
    ("MatchMapping", "rest"), ("TypeVar", "name"), ("ParamSpec", "name"), ("TypeVarTuple", "name"),
}  # fmt: skip
