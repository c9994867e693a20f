# parity program
