/* The schema: an application id, a version (major * 1000 + minor) and a list of migrations. */
#ifndef ES_DB_SCHEMA_H
#define ES_DB_SCHEMA_H
#include "db/sql.h"

struct err;

#define SCHEMA_APPLICATION 0x45534350 /* "ESCP" */

/* Newest version this program knows. */
int schema_newest(void);
/* Brings the store to version `upto` in one transaction, then adds columns for fields of
 * config.def that are missing. Refuses what is not a run store and what is newer. */
int schema_migrate(struct sql *s, int upto, struct err *err);
/* For readers: *version; E_NOTFOUND for an empty file, E_INPUT for what is no run store or has a
 * major version that this program does not know. */
int schema_check(struct sql *s, int *version, struct err *err);
/* The type of the SQL column of a config field. */
struct config_field;
const char *schema_column_type(const struct config_field *f);
#endif
