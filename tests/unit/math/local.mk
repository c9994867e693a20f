# unit tests of math
