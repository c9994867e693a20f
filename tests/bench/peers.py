"""peers.py ELECTROSCOPE PRESET:BATCH[:infer]...: see peers.sh.

Each row is a process that waits for a number of steps; rounds go through the rows in turn, so
that a busy machine slows all alike. PyTorch runs eagerly in fp32 with dropout 0.1, the masked
positions gathered before the output head (as electroscope does), AdamW and clipping; variants
differ in attention and optimiser. Ratios are medians over rounds against PyTorch's fastest row.
"""
import json, os, statistics, subprocess, sys, time

SIZES = {  # layers, hidden, ffn, heads, embedding, generator hidden, its ffn, its heads
    "tiny": (2, 128, 512, 2, 128, 64, 256, 1), "mini": (4, 256, 1024, 4, 128, 64, 256, 1),
    "small": (12, 256, 1024, 4, 128, 64, 256, 1), "base": (12, 768, 3072, 12, 768, 256, 1024, 4)}
VOCAB, SEQ, ROUNDS = 30522, 128, 5
THREADS = len(os.sched_getaffinity(0))


def worker(preset, batch, infer, attention, fused):
    import resource, torch, transformers
    from torch.nn import functional as F
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(THREADS)
    layers, hidden, ffn, heads, embedding, gh, gf, ga = SIZES[preset]

    def config(h, f, n):
        return transformers.ElectraConfig(
            vocab_size=VOCAB, embedding_size=embedding, hidden_size=h, num_hidden_layers=layers,
            num_attention_heads=n, intermediate_size=f, max_position_embeddings=512,
            hidden_dropout_prob=.1, attention_probs_dropout_prob=.1)
    disc = transformers.ElectraForPreTraining._from_config(config(hidden, ffn, heads),
                                                           attn_implementation=attention)
    mask = torch.ones(batch, SEQ, dtype=torch.long)
    if not infer:
        gen = transformers.ElectraForMaskedLM._from_config(config(gh, gf, ga),
                                                           attn_implementation=attention)
        gen.generator_lm_head.weight = gen.electra.embeddings.word_embeddings.weight
        disc.electra.embeddings = gen.electra.embeddings
        params = list({id(p): p for p in [*gen.parameters(), *disc.parameters()]}.values())
        adam = torch.optim.AdamW(params, lr=5e-4, eps=1e-6, weight_decay=.01, fused=fused)
        gen.train()
    disc.train(not infer)

    def step():
        ids = torch.randint(1000, VOCAB, (batch, SEQ))
        if infer:
            with torch.inference_mode():
                return disc(ids, attention_mask=mask).logits
        at = torch.rand(batch, SEQ).argsort(1)[:, :int(.15 * SEQ + .5)]
        target = ids.gather(1, at)
        h = gen.electra(ids.scatter(1, at, 103), attention_mask=mask)[0]
        h = h.gather(1, at.unsqueeze(-1).expand(-1, -1, gh))
        logits = gen.generator_lm_head(gen.generator_predictions(h))
        loss = F.cross_entropy(logits.view(-1, VOCAB), target.view(-1))
        with torch.no_grad():
            u = torch.rand(logits.shape).clamp_(1e-9, 1 - 1e-7)
            ids2 = ids.scatter(1, at, (logits - torch.log(-torch.log(u))).argmax(-1))
        said = disc(ids2, attention_mask=mask).logits
        loss = loss + 50 * F.binary_cross_entropy_with_logits(said, (ids2 != ids).float())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        adam.step()
        adam.zero_grad(set_to_none=True)
    step()
    print("{}", flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            step()
            times.append(time.perf_counter() - start)
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024e-6
        print(json.dumps({"times": times, "rss_mb": rss}), flush=True)


class Row:
    def __init__(self, name, command):
        self.name, self.rounds, self.best, self.rss = name, [], 1e9, 0
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        if not self.process.stdout.readline():
            sys.exit("peers: does not start: " + " ".join(command))

    def run(self, steps):
        self.process.stdin.write("%d\n" % steps)
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        self.rounds.append(statistics.median(answer["times"]))
        self.best, self.rss = min(self.best, *answer["times"]), answer["rss_mb"]


def compare(program, spec):
    preset, batch, *rest = spec.split(":")
    infer = "infer" in rest
    torch_row = [sys.executable, __file__, "--worker", preset, batch, str(int(infer))]
    rows = [Row("PyTorch " + a + (", fused AdamW" if f == "1" else ""), torch_row + [a, f])
            for a, f in ([("sdpa", "0"), ("eager", "0")] if infer else
                         [("sdpa", "0"), ("sdpa", "1"), ("eager", "1")])]
    rows.append(Row("electroscope", [program, "bench", "--serve", "--preset", preset, "--batch",
                                     batch, "--seq", str(SEQ), "--threads", str(THREADS)] +
                    (["--infer"] if infer else [])))
    steps = {"tiny": 6, "mini": 4}.get(preset, 2)
    for _ in range(ROUNDS):
        for row in rows:
            row.run(steps)
    fastest = min(rows[:-1], key=lambda r: statistics.median(r.rounds))
    for row in rows:
        median = statistics.median(row.rounds)
        ratio = statistics.median(a / b for a, b in zip(fastest.rounds, row.rounds))
        print("%-18s %-26s %10.1f %10.1f %9.0f %8.2f %8.0f" % (
            spec, row.name, median * 1e3, row.best * 1e3, int(batch) * SEQ / median, ratio,
            row.rss), flush=True)
        row.process.stdin.close()
        row.process.wait()


if sys.argv[1] == "--worker":
    worker(sys.argv[2], int(sys.argv[3]), sys.argv[4] == "1", sys.argv[5], sys.argv[6] == "1")
else:
    print("%d threads, sequences of %d; ratio: tokens/s against the fastest PyTorch row"
          % (THREADS, SEQ))
    print("%-18s %-26s %10s %10s %9s %8s %8s" % ("preset:batch", "program", "median ms", "best ms",
                                                 "tokens/s", "ratio", "RSS MB"))
    for spec in sys.argv[2:]:
        compare(sys.argv[1], spec)
