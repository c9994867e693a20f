# Turns db/schema/*.sql into C string constants: schema_NAME[].
FNR == 1 {
    if (open) print "    ;"
    name = FILENAME
    sub(/.*\//, "", name)
    sub(/\.sql$/, "", name)
    print "static const char schema_" name "[] ="
    open = 1
}
{
    gsub(/\\/, "\\\\")
    gsub(/"/, "\\\"")
    print "    \"" $0 "\\n\""
}
END { if (open) print "    ;" }
