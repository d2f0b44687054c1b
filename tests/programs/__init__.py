"""What starts real programs and servers and needs no cluster: the launcher, the images' entry points, the command line."""
