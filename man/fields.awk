# Turns the rows of config.def into man page entries (mdoc).
/^F\(/ {
    row = $0
    sub(/^F\(/, "", row)
    n = 0
    rest = row
    # split at commas outside quotes
    field = ""; quoted = 0
    for (i = 1; i <= length(rest); i++) {
        c = substr(rest, i, 1)
        if (c == "\"") { quoted = !quoted; continue }
        if (c == "," && !quoted) { f[++n] = field; field = ""; continue }
        field = field c
    }
    sub(/\)[^)]*$/, "", field); f[++n] = field
    for (i = 1; i <= n; i++) sub(/^ +/, "", f[i])
    type = f[1]; name = f[2]; def = f[3]; choices = f[6]; unit = f[7]; help = f[9]
    gsub(/_/, "-", name); gsub(/\\/, "\\\\", help)
    gsub(/-/, "\\-", name)
    printf ".It Fl \\-%s Ar %s\n", name, type == "CHOICE" ? choices : type == "TEXT" ? "text" : type == "BOOL" ? "yes|no" : unit != "" ? unit : "number"
    printf "%s%s.", toupper(substr(help, 1, 1)), substr(help, 2)
    if (def != "") printf "\nDefault: %s.", def
    printf "\n"
}
