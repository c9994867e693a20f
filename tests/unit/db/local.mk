# unit tests of db
