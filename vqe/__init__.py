"""vqe: a query engine for video."""
