"""The stager: the interpreter that turns a transformed program into one symbolic graph that holds all its paths."""
