"""The checks of `axonhub doctor`: each module looks at one area and gives findings."""
