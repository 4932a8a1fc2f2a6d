"""The living picture: ten digits with their present answers, and the network whose filters take shape."""
