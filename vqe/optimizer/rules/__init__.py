"""One rule a file; a rule is a function `(node, whole plan, context) → node` of its file's name."""
