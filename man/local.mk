# man page and its generated parts
