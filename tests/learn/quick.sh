#!/bin/sh
# The quickest objective learns (all of them: make check-learn).
exec tests/learn/learn bert_mlm
