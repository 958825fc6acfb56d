select name from sqlite_master
