"""Types of tensors, and what is known of data types, elements and windows."""
