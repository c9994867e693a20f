# unit tests of experiments
