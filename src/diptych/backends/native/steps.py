"""All operations of ATen that have native code; importing this fills the registry."""

from diptych.backends.native import elementwise_steps as elementwise_steps
from diptych.backends.native import product_steps as product_steps
from diptych.backends.native import reduction_steps as reduction_steps
from diptych.backends.native import view_steps as view_steps
from diptych.backends.native.registry import STEPS as STEPS
from diptych.backends.native.registry import supported as supported
