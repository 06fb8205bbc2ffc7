"""Built-in functions of Python and a few of torch, for values that only the graph knows: one file a family."""

from diptych.capture.staging.builtin import arrays as arrays
from diptych.capture.staging.builtin import checkpointing as checkpointing
from diptych.capture.staging.builtin import collecting as collecting
from diptych.capture.staging.builtin import containers as containers
from diptych.capture.staging.builtin import grad_mode as grad_mode
from diptych.capture.staging.builtin import iteration as iteration
from diptych.capture.staging.builtin import numbers as numbers
from diptych.capture.staging.builtin import objects as objects
from diptych.capture.staging.builtin import ordering as ordering
from diptych.capture.staging.builtin import telling as telling
from diptych.capture.staging.builtin import tensor_methods as tensor_methods
from diptych.capture.staging.builtin import tensors as tensors
from diptych.capture.staging.builtin import text as text
from diptych.capture.staging.builtin import training as training
from diptych.capture.staging.builtin.registry import HANDLERS as HANDLERS
from diptych.capture.staging.builtin.registry import TENSOR_METHODS as TENSOR_METHODS
from diptych.capture.staging.builtin.registry import meaning as meaning
