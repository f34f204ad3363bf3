"""The mail corpus: real-shaped messages for the lab, and how to tell that one arrived unharmed."""
