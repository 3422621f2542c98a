"""MIP-SAD: two towers over history and accepted attributes, warmed up by two tasks."""
