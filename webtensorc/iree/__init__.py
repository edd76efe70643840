"""The substrate: everything that touches IREE's compiler lives here or in a pass."""
