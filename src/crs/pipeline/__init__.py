"""From a configuration to results: the stages, the plan, and how it is carried out."""
