"""What can be done with a store from outside of a run; `crs store` prints what these return."""
