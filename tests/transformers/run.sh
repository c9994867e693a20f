#!/bin/sh
# Checkpoints to transformers and back: logits to 1e-5, tokens equal. Skipped where transformers is
# not installed. PYTHON: the interpreter that has it; SHAPES: presets to try (base takes a minute).
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
shapes=${SHAPES:-tiny small}
if ! "$python" -c 'import torch, safetensors.torch, transformers' 2>/dev/null; then
    echo "skipped: $python has no torch, safetensors and transformers"
    exit 77
fi
export HF_HUB_OFFLINE=1 HF_HUB_DISABLE_PROGRESS_BARS=1 TRANSFORMERS_VERBOSITY=error
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
for shape in $shapes; do
    echo "shape $shape"
    ./tests/transformers/exchange write "$tmp/$shape" "$shape" || exit 1
    "$python" "$here/exchange.py" load "$tmp/$shape" || exit 1
    "$python" "$here/exchange.py" save "$tmp/back-$shape" "$tmp/$shape" || exit 1
    ./tests/transformers/exchange check "$tmp/back-$shape" || exit 1
done
