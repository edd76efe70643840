"""How operations whose sizes are known only at run time are expressed in Linalg, Tensor and Arith."""
