# Makes unicode_table.c from the tables of the reference tokenizer:
#   LC_ALL=C awk -f gen_unicode.awk DIR/clean_removed.tsv DIR/clean_space.tsv DIR/chinese.tsv \
#       DIR/punctuation.tsv DIR/strip_removed.tsv DIR/split_space.tsv DIR/lower_map.tsv \
#       DIR/strip_map.tsv > unicode_table.c
# Ranges of code points are cut where the set of flags changes; lower-casing becomes runs of a
# constant step (1 or 2); an image of several code points goes to a table of its own.

function hex(s,    i, n) {
    n = 0
    for (i = 1; i <= length(s); i++)
        n = n * 16 + index("0123456789ABCDEF", toupper(substr(s, i, 1))) - 1
    return n
}
# Adds an item to the line being filled; a line holds at most 96 columns.
function put(item) {
    if (length(line) + length(item) + 1 > 96) {
        print line
        line = "   "
    }
    line = line " " item
}
function flush() {
    if (line != "   ")
        print line
    line = "   "
    print "};"
}
function more(n, parts,    text) {
    text = "{" hex(parts[1]) "," hex(parts[2]) "," (n > 2 ? hex(parts[3]) : 0) "}"
    many[nmany++] = text
    return 2147483648 + nmany - 1
}
function run_end() {
    if (count > 0)
        lower[nlower++] = sprintf( \
            "{%.0f,%.0f,%.0f,%.0f},", first, last, step, image)
    count = 0
}
function lower_add(from, to) {
    if (count > 0 && to < 2147483648 && to - from == delta) {
        if (count == 1 && from - last <= 2)
            step = from - last
        if (from - last == step) {
            last = from
            count++
            return
        }
    }
    run_end()
    first = last = from
    image = to
    delta = to - from
    step = 1
    count = 1
}
BEGIN {
    FS = "\t"
    line = "   "
}
FNR == 1 {
    name = FILENAME
    sub(/.*\//, "", name)
    sub(/\.tsv$/, "", name)
}
name == "lower_map" || name == "strip_map" {
    n = split($2, parts, " ")
    to = n > 1 ? more(n, parts) : hex($2)
    if (name == "lower_map")
        lower_add(hex($1), to)
    else
        strip[nstrip++] = sprintf("{%.0f,%.0f},", hex($1), to)
    next
}
{
    bit = name == "clean_removed" ? 1 : name == "clean_space" ? 2 : name == "chinese" ? 4 : \
          name == "punctuation" ? 8 : name == "strip_removed" ? 16 : 32
    a = hex($1)
    b = hex($2) + 1
    # A bit rises at a and falls at b.
    if (!(a in edge)) { edge[a] = 0; edges[nedges++] = a }
    if (!(b in edge)) { edge[b] = 0; edges[nedges++] = b }
    edge[a] += bit
    edge[b] -= bit
}
END {
    run_end()
    for (i = 1; i < nedges; i++) {
        key = edges[i]
        for (j = i - 1; j >= 0 && edges[j] > key; j--)
            edges[j + 1] = edges[j]
        edges[j + 1] = key
    }
    print "/* Made by gen_unicode.awk from the reference's tables; see unicode_table.h. */"
    print "#include \"src/text/unicode_table.h\"\n"
    print "const struct uni_range uni_ranges[] = {"
    flags = 0
    for (i = 0; i < nedges; i++) {
        flags += edge[edges[i]]
        if (flags) {
            put("{" edges[i] "," edges[i + 1] - 1 "," flags "},")
            nranges++
        }
    }
    flush()
    print "const unsigned uni_nranges = " nranges ";\n"
    print "const struct uni_run uni_lower[] = {"
    for (i = 0; i < nlower; i++)
        put(lower[i])
    flush()
    print "const unsigned uni_nlower = " nlower ";\n"
    print "const struct uni_pair uni_strip[] = {"
    for (i = 0; i < nstrip; i++)
        put(strip[i])
    flush()
    print "const unsigned uni_nstrip = " nstrip ";\n"
    print "const uint32_t uni_more[][3] = {"
    for (i = 0; i < nmany; i++)
        put(many[i] ",")
    flush()
}
