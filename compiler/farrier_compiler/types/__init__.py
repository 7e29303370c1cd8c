"""Types of tensors, and properties of data types, elements and windows."""
