"""Tables of one recording, and the movement that they are made from."""
