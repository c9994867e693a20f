# Turns the rows of command.def into man page entries (mdoc): C(name, function, synopsis, help).
/^C\(/ {
    row = $0
    sub(/^C\(/, "", row); sub(/\)[^)]*$/, "", row)
    n = 0; field = ""; quoted = 0
    for (i = 1; i <= length(row); i++) {
        c = substr(row, i, 1)
        if (c == "\"") { quoted = !quoted; continue }
        if (c == "," && !quoted) { f[++n] = field; field = ""; continue }
        field = field c
    }
    f[++n] = field
    for (i = 1; i <= n; i++) { sub(/^ +/, "", f[i]); gsub(/-/, "\\-", f[i]) }
    if (f[4] == "") next
    printf ".It Cm %s %s\n%s%s.\n", f[1], f[3], toupper(substr(f[4], 1, 1)), substr(f[4], 2)
}
