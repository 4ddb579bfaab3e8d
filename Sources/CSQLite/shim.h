#pragma once
#include <sqlite3.h>

/// Makes names in double quotes that name no column errors instead of texts (SQLite's quirk 8).
static inline int magnet_sqlite_quotes_are_names(sqlite3 *database) {
  int status = sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, 0, (int *)0);
  return status != SQLITE_OK ? status : sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DDL, 0, (int *)0);
}
