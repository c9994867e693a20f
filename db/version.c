/* The version of SQLite that is linked in: see store.h. */
#include <sqlite3.h>

#include "db/store.h"

const char *store_sqlite_version(void)
{
    return sqlite3_libversion();
}
