"""The other side of exchange.c: loads what it wrote, compares, and writes models back.

exchange.py load DIR         every DIR/KIND into transformers, outputs to 1e-5, tokens equal
exchange.py save DIR SHAPES  models of transformers' own into DIR/KIND, shaped as those in SHAPES
"""
import os
import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import (AutoConfig, AutoModel, AutoTokenizer, ElectraForMaskedLM,
                          ElectraForPreTraining, ElectraForQuestionAnswering,
                          ElectraForSequenceClassification)

KINDS = {"pretraining": ElectraForPreTraining, "mlm": ElectraForMaskedLM,
         "class": ElectraForSequenceClassification, "qa": ElectraForQuestionAnswering}


def outputs(model, io):
    model = model.double().eval()
    with torch.no_grad():
        o = model(input_ids=io["input_ids"].long(), attention_mask=io["attention_mask"].long(),
                  token_type_ids=io["token_type_ids"].long())
    if hasattr(o, "start_logits"):
        return torch.stack([o.start_logits, o.end_logits], -1)
    return o.logits


def compare(kind, got, io):
    mask = io["attention_mask"].bool()
    want = io["out"].double()
    got = got.reshape(-1)
    assert got.numel() == want.numel(), (kind, got.shape, want.shape)
    ratio = (got - want).abs() / (1e-5 + 1e-5 * want.abs())
    if kind != "class":
        ratio = ratio.reshape(mask.numel(), -1)[mask.reshape(-1)]
    print(f"transformers {kind}: {ratio.max().item():.3g} of the tolerance")
    assert ratio.max() <= 1, kind


def load(root):
    for kind, cls in KINDS.items():
        path = os.path.join(root, kind)
        model, info = cls.from_pretrained(path, output_loading_info=True)
        for what in ("missing_keys", "unexpected_keys", "mismatched_keys"):
            assert not info[what], (kind, what, info[what])
        assert AutoConfig.from_pretrained(path).architectures == [cls.__name__]
        io = load_file(os.path.join(path, "io.safetensors"))
        compare(kind, outputs(model, io), io)
        AutoModel.from_pretrained(path)
        fast = AutoTokenizer.from_pretrained(path)
        lines = open(os.path.join(path, "tokens.txt"), encoding="utf-8").read().split("\n")
        for ids, text in zip(lines[0::2], lines[1::2]):
            want = [int(x) for x in ids.split()]
            if "[MASK]" in text:  # ours takes special tokens in text as text
                continue
            assert fast(text)["input_ids"] == [2] + want + [3], (text, fast(text)["input_ids"], want)
        assert fast("cat", "sat")["token_type_ids"] == [0, 0, 0, 1, 1]
        if kind == "class":
            assert model.config.id2label == {0: "no", 1: "perhaps", 2: "yes"}


def save(root, shapes):
    torch.manual_seed(5)
    for kind, cls in KINDS.items():
        config = AutoConfig.from_pretrained(os.path.join(shapes, kind))
        io = load_file(os.path.join(shapes, kind, "io.safetensors"))
        model = cls(config)
        with torch.no_grad():
            for name, p in model.named_parameters():  # as enlarge_heads there
                if not name.startswith("electra.") and p.dim() == 2:
                    p *= 10
        path = os.path.join(root, kind)
        # the first two in one file, the others in shards with an index
        size = sum(p.numel() for p in model.parameters()) * 4 // 5
        model.save_pretrained(path, **({} if kind in ("pretraining", "mlm") else {"max_shard_size": size}))
        io["out"] = outputs(model, io).reshape(-1).float()
        save_file(io, os.path.join(path, "io.safetensors"))
        one = os.path.exists(os.path.join(path, "model.safetensors"))
        assert one == (kind in ("pretraining", "mlm")), path


if __name__ == "__main__":
    load(sys.argv[2]) if sys.argv[1] == "load" else save(sys.argv[2], sys.argv[3])
