"""peers.py ELECTROSCOPE PRESET:BATCH[:infer]|text:FILE...: see peers.sh.

Each row is a process that waits for a number of steps; rounds go through the rows in turn, so
that a busy machine slows all alike. PyTorch runs eagerly in fp32 with dropout 0.1, the masked
positions gathered before the output head (as electroscope does), AdamW and clipping; variants
differ in attention and optimiser. Ratios are medians over rounds against PyTorch's fastest row.
The row "default head" has logits at all positions, as ElectraForMaskedLM does; it is not compared.
Text: Hugging Face's tokenizers on one core, with the vocabulary that electroscope trained, and its
trainer for 30,000 tokens on the same 10 MB.
"""
import json, os, random, statistics, subprocess, sys, tempfile, time

SIZES = {  # layers, hidden, ffn, heads, embedding, generator hidden, its ffn, its heads
    "tiny": (2, 128, 512, 2, 128, 64, 256, 1), "mini": (4, 256, 1024, 4, 128, 64, 256, 1),
    "small": (12, 256, 1024, 4, 128, 64, 256, 1), "base": (12, 768, 3072, 12, 768, 256, 1024, 4)}
VOCAB, SEQ, ROUNDS = 30522, 128, 5
THREADS = len(os.sched_getaffinity(0))


def worker(preset, batch, infer, attention, fused, everywhere):
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
        if not everywhere:
            h = h.gather(1, at.unsqueeze(-1).expand(-1, -1, gh))
        logits = gen.generator_lm_head(gen.generator_predictions(h))
        if everywhere:
            labels = torch.full_like(ids, -100).scatter(1, at, target)
            loss = F.cross_entropy(logits.view(-1, VOCAB), labels.view(-1))
            logits = logits.detach().gather(1, at.unsqueeze(-1).expand(-1, -1, VOCAB))
        else:
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
    rows = [Row("PyTorch " + a + (", fused AdamW" if f == "1" else ""), torch_row + [a, f, "0"])
            for a, f in ([("sdpa", "0"), ("eager", "0")] if infer else
                         [("sdpa", "0"), ("sdpa", "1"), ("eager", "1")])]
    compared = len(rows)
    if not infer and int(batch) * SEQ <= 1024:
        rows.append(Row("PyTorch, default head", torch_row + ["eager", "1", "1"]))
    rows.append(Row("electroscope", [program, "bench", "--serve", "--preset", preset, "--batch",
                                     batch, "--seq", str(SEQ), "--threads", str(THREADS)] +
                    (["--infer"] if infer else [])))
    steps = {"tiny": 6, "mini": 4}.get(preset, 2)
    for _ in range(3 if preset == "base" else ROUNDS):
        for row in rows:
            row.run(steps)
    fastest = min(rows[:compared], key=lambda r: statistics.median(r.rounds))
    for row in rows:
        median = statistics.median(row.rounds)
        ratio = statistics.median(a / b for a, b in zip(fastest.rounds, row.rounds))
        print("%-18s %-26s %10.1f %10.1f %9.0f %8.2f %8.0f" % (
            spec, row.name, median * 1e3, row.best * 1e3, int(batch) * SEQ / median, ratio,
            row.rss), flush=True)
        row.process.stdin.close()
        row.process.wait()


def text_worker(path, vocab):
    from tokenizers import BertWordPieceTokenizer
    lines = open(path, encoding="utf-8", errors="replace").read().split("\n")
    part = open(path, "rb").read(10000000).decode("utf-8", "ignore").split("\n")
    tokenizer = BertWordPieceTokenizer(vocab, lowercase=True)
    print("{}", flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        encoded = tokenizer._tokenizer.encode_batch_fast(lines, add_special_tokens=False)
        middle = time.perf_counter()
        tokens = sum(len(e) for e in encoded)
        del encoded
        began = time.perf_counter()
        BertWordPieceTokenizer(lowercase=True).train_from_iterator(
            part, vocab_size=30000, min_frequency=2, show_progress=False)
        print(json.dumps({"encode": middle - start, "train": time.perf_counter() - began,
                          "tokens": tokens}), flush=True)


def compare_text(program, path):
    env = dict(os.environ, TOKENIZERS_PARALLELISM="false", RAYON_NUM_THREADS="1")
    with tempfile.TemporaryDirectory() as folder:
        vocab, part = folder + "/vocab.txt", folder + "/part.txt"
        open(part, "wb").write(open(path, "rb").read(10000000))
        subprocess.run([program, "vocab", "--size", "30000", "-o", vocab, part], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        peer = subprocess.Popen([sys.executable, __file__, "--text-worker", path, vocab],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        peer.stdout.readline()
        ours, theirs = [], []
        for _ in range(3):
            answers = [json.loads(subprocess.run(
                [program, "bench", "--json", "--text", path] + more, check=True, text=True,
                stdout=subprocess.PIPE).stdout) for more in ([], ["--vocab", vocab])]
            ours.append(dict(answers[1], train_s=answers[0]["train_s"]))
            peer.stdin.write("1\n")
            peer.stdin.flush()
            theirs.append(json.loads(peer.stdout.readline()))
        peer.stdin.close()
        peer.wait()
    mb, median = ours[0]["mb"], statistics.median
    speed, peer_speed = median(o["tokenize_mb_per_s"] for o in ours), mb / median(t["encode"] for t in theirs)
    train, peer_train = median(o["train_s"] for o in ours), median(t["train"] for t in theirs)
    print("%-34s %9.2f %9.2f %8.1f %9.2f %9.2f %8.1f%s" % (
        os.path.basename(path), speed, peer_speed, speed / peer_speed, train, peer_train, peer_train / train,
        "" if ours[0]["tokens"] == theirs[0]["tokens"] else
        "  (%d tokens against %d)" % (ours[0]["tokens"], theirs[0]["tokens"])), flush=True)


def made_up(folder, korean):
    """About 5 MB of words of syllables, by Zipf's law, for a machine without text."""
    chance = random.Random(1)
    parts = ([chr(0xac00 + chance.randrange(11172)) for _ in range(900)] if korean else
             [a + b for a in "b c d f g h l m n p r s t w st th".split()
              for b in "a e i o u an en er in on al es ing ed ou ai".split()])
    words = ["".join(chance.choices(parts, k=1 + (i > 60) + (i > 2000) + chance.randrange(2)))
             for i in range(60000)]
    path = folder + ("/made-up-korean" if korean else "/made-up-english")
    with open(path, "w", encoding="utf-8") as f:
        for _ in range(20000 if korean else 45000):
            f.write(" ".join(words[int(60000 ** chance.random()) - 1] for _ in range(16)) + ".\n")
    return path


if sys.argv[1] == "--worker":
    worker(sys.argv[2], int(sys.argv[3]), sys.argv[4] == "1", sys.argv[5], sys.argv[6] == "1",
           sys.argv[7] == "1")
elif sys.argv[1] == "--text-worker":
    text_worker(sys.argv[2], sys.argv[3])
else:
    specs = [s for s in sys.argv[2:] if not s.startswith("text:")]
    texts = [s[5:] for s in sys.argv[2:] if s.startswith("text:")]
    if specs:
        print("%d threads, sequences of %d; ratio: tokens/s against the fastest PyTorch row"
              % (THREADS, SEQ))
        print("%-18s %-26s %10s %10s %9s %8s %8s" % ("preset:batch", "program", "median ms",
                                                     "best ms", "tokens/s", "ratio", "RSS MB"))
    for spec in specs:
        compare(sys.argv[1], spec)
    if texts:
        print("%-34s %9s %9s %8s %9s %9s %8s" % ("text, one core", "MB/s", "peer MB/s", "ratio",
                                                 "train s", "peer s", "ratio"))
    with tempfile.TemporaryDirectory() as made:
        for path in texts:
            compare_text(sys.argv[1], path if path else made_up(made, False))
            if not path:
                compare_text(sys.argv[1], made_up(made, True))
