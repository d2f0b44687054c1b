"""What starts real programs and needs no cluster: the launcher, the images' entry points, the command line."""
