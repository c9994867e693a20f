#!/usr/bin/env python3
"""Reference numbers at small's real shape (V 30522, D 256, T 128), from PyTorch in float64.

Needs torch and transformers; run rarely. Weights follow a stated counter formula, so only about
a thousand sampled numbers are kept:

    mix(x): x ^= x >> 16; x *= 0x7feb352d; x ^= x >> 15; x *= 0x846ca68b; x ^= x >> 16   (32 bits)
    u(t, i) = mix(i + mix(t + 1)) / 2^32            t: number of the tensor, i: element
    weight  = float32(0.08 (u - 0.5)); layer norm weights 1 + that

Tensors are numbered in the order printed into tensors.tsv. Token ids: 1000 + mix(i + mix(7777)) mod 29000,
[CLS] 101 first, [SEP] 102 last; masked positions 3 + 7k (18 a row) read [MASK] 103; the sampled
token is 1000 + mix(i + mix(8888)) mod 29000, every third sample is the original.
Usage: make_small.py OUTDIR
"""
import sys

import numpy as np
import torch
from transformers import ElectraConfig, ElectraForMaskedLM, ElectraForPreTraining

B, T, V = 2, 128, 30522


def mix(x):
    x = np.asarray(x, dtype=np.uint64) & 0xFFFFFFFF
    x ^= x >> np.uint64(16)
    x = (x * np.uint64(0x7FEB352D)) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(15)
    x = (x * np.uint64(0x846CA68B)) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(16)
    return x


def weights(t, n):
    base = mix(np.uint64(t + 1))
    h = mix((np.arange(n, dtype=np.uint64) + base) & np.uint64(0xFFFFFFFF))
    return (0.08 * (h / 2.0**32 - 0.5)).astype(np.float32)


def config(hidden, heads):
    return ElectraConfig(vocab_size=V, embedding_size=128, hidden_size=hidden, num_hidden_layers=12,
                         num_attention_heads=heads, intermediate_size=4 * hidden,
                         hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
                         attn_implementation="eager")


def main():
    out = sys.argv[1]
    disc, gen = ElectraForPreTraining(config(256, 4)), ElectraForMaskedLM(config(64, 1))
    disc, gen = disc.double().eval(), gen.double().eval()
    shared = disc.electra.embeddings
    gen.electra.embeddings.word_embeddings.weight = shared.word_embeddings.weight
    gen.electra.embeddings.position_embeddings.weight = shared.position_embeddings.weight
    gen.electra.embeddings.token_type_embeddings.weight = shared.token_type_embeddings.weight
    gen.electra.embeddings.LayerNorm.weight = shared.LayerNorm.weight
    gen.electra.embeddings.LayerNorm.bias = shared.LayerNorm.bias
    gen.generator_lm_head.weight = shared.word_embeddings.weight
    tensors, seen = [], set()
    for prefix, net in (("discriminator.", disc), ("generator.", gen)):
        for name, p in net.named_parameters():
            if id(p) in seen or name == "generator_lm_head.weight":
                continue
            seen.add(id(p))
            tensors.append((prefix + name, p))
    with torch.no_grad():
        for t, (name, p) in enumerate(tensors):
            w = weights(t, p.numel()).astype(np.float64)
            if "LayerNorm.weight" in name:
                w = (1 + w).astype(np.float32).astype(np.float64)
            p.copy_(torch.from_numpy(w).view_as(p))

    i = np.arange(B * T, dtype=np.uint64)
    ids = (1000 + mix(i + mix(np.uint64(7777))) % np.uint64(29000)).astype(np.int64).reshape(B, T)
    other = (1000 + mix(i + mix(np.uint64(8888))) % np.uint64(29000)).astype(np.int64).reshape(B, T)
    ids[:, 0], ids[:, -1] = 101, 102
    pos = np.array([3 + 7 * k for k in range(18)])
    gen_ids, disc_ids = ids.copy(), ids.copy()
    gen_ids[:, pos] = 103
    for b in range(B):
        for k, p in enumerate(pos):
            if k % 3:
                disc_ids[b, p] = other[b, p]
    labels = torch.from_numpy((disc_ids != ids).astype(np.float64))
    t_ids, t_gen, t_disc = (torch.from_numpy(x) for x in (ids, gen_ids, disc_ids))

    g = gen(input_ids=t_gen, output_hidden_states=True)
    logits = g.logits[:, pos]
    n = B * len(pos)
    gen_loss = torch.nn.functional.cross_entropy(logits.reshape(n, V), t_ids[:, pos].reshape(n), reduction="sum") / (n + 1e-6)
    d = disc(input_ids=t_disc, output_hidden_states=True)
    z = d.logits.double()
    disc_loss = torch.nn.functional.binary_cross_entropy_with_logits(z, labels, reduction="sum") / (B * T + 1e-6)
    total = gen_loss + 50 * disc_loss
    total.backward()
    norm = torch.sqrt(sum((p.grad**2).sum() for _, p in tensors))

    with open(out + "/tensors.tsv", "w") as f:
        for name, p in tensors:
            f.write(f"{name}\t{p.numel()}\n")
    rows = [("gen_loss", 0, 0, gen_loss.item()), ("disc_loss", 0, 0, disc_loss.item()),
            ("total_loss", 0, 0, total.item()), ("grad_norm", 0, 0, norm.item())]
    rng = np.random.default_rng(1)
    for b in range(B):
        for p in rng.integers(0, T, 60):
            rows.append(("disc_logit", b, int(p), z[b, p].item()))
    for t, (name, p) in enumerate(tensors):
        rows.append(("grad_l2", t, 0, p.grad.norm().item()))
        flat = p.grad.reshape(-1)
        for i in rng.integers(0, p.numel(), 1):
            rows.append(("grad", t, int(i), flat[int(i)].item()))
    with open(out + "/expected.tsv", "w") as f:
        f.write("what\ta\tb\tvalue\n")
        for what, a, b, v in rows:
            f.write(f"{what}\t{a}\t{b}\t{v:.9g}\n")
    print(len(rows), "numbers; losses", gen_loss.item(), disc_loss.item(), "norm", norm.item())


main()
