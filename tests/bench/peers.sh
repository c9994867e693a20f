#!/bin/sh
# peers.sh [ELECTROSCOPE] [PRESET:BATCH...]: training steps of electroscope and of Hugging Face's
# ELECTRA on PyTorch in turn, in one table. Needs a Python environment that has them:
#   python3 -m venv DIR && DIR/bin/pip install torch transformers numpy
#   PEERS_VENV=DIR tests/bench/peers.sh build/electroscope tiny:8 small:8
set -eu
here=$(dirname "$0")
program=${1:-build/electroscope}
[ $# = 0 ] || shift
if [ -z "${PEERS_VENV-}" ] || ! "$PEERS_VENV/bin/python" -c 'import torch, transformers' 2>/dev/null; then
    echo "peers: PyTorch is not measured: set PEERS_VENV to an environment with torch and transformers"
    exit 0
fi
[ $# != 0 ] || set -- tiny:8 tiny:32 small:8 small:32 base:8
exec "$PEERS_VENV/bin/python" "$here/peers.py" "$program" "$@"
