# unit tests of train
