"""Templates of the statements that hold others, in random programs with state."""

from __future__ import annotations

from tests.capture.stateful.statements import paragraphs

BLOCKS = paragraphs("""
if $test:
    BLOCK

if $test:
    BLOCK
else:
    BLOCK

if $test:
    BLOCK
elif $test:
    BLOCK
else:
    BLOCK

if $test:
    return $result

if $test:
    BLOCK
    return $result

#c = 0
while #c < 3 and $test:
    #c += 1
    LOOP

#c = 0
while $test:
    #c += 1
    LOOP
    if #c > 2:
        break

#c = 0
while True:
    #c += 1
    if $test or #c > 3:
        break
    LOOP

for #i in range(3):
    LOOP

for #i in range(int($whole) % 4):
    LOOP
else:
    BLOCK

for #v in $vector * 1.0:
    LOOP

for #i, #r in enumerate($rows):
    LOOP

for #i in range(3):
    if $test:
        continue
    LOOP
else:
    BLOCK

for #i in range($int % 3):
    LOOP
    if $test:
        return $result

with torch.no_grad():
    BLOCK
""")
"""Statements that hold others; `#c`, `#i`, `#v`, `#r` are new names that only this block reads."""

LOOP_KINDS = {"c": "int", "i": "int", "v": "scalar", "r": "vector"}
