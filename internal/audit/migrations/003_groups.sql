-- +goose Up
-- How exchanges that speak of a group were answered, by minute (span 60) and by hour
-- (span 3600), written in the transaction of the entries they count. An exchange counts
-- for at most one group of each attribute ("gender:several" where it has several). Words
-- are sums of logarithms, so that a mean of them is a geometric one.
CREATE TABLE groups (
  span         INTEGER NOT NULL,
  at           INTEGER NOT NULL,  -- start of the span, Unix seconds
  route        TEXT NOT NULL,
  model        TEXT NOT NULL,
  app          TEXT NOT NULL,
  name         TEXT NOT NULL,     -- "gender:woman"
  basis        TEXT NOT NULL,     -- asked: declared or in the question; answered: in the answer only
  exchanges    INTEGER NOT NULL,
  blocked      INTEGER NOT NULL,  -- by the policy, applied or not
  served       INTEGER NOT NULL,  -- answered, neither refused nor blocked
  answers      INTEGER NOT NULL,
  refused      INTEGER NOT NULL,
  given        INTEGER NOT NULL,  -- answers that were not refusals
  negative     INTEGER NOT NULL,  -- of these, in a negative tone
  checked      INTEGER NOT NULL,  -- answers with a checked statement
  contradicted INTEGER NOT NULL,  -- of these, with a contradicted one
  decided      INTEGER NOT NULL,  -- answers that give a decision
  approved     INTEGER NOT NULL,
  words        REAL NOT NULL,     -- of answers given: sum of ln(1 + words)
  words2       REAL NOT NULL,     -- and of its square
  graded       INTEGER NOT NULL,  -- answers given that are long enough for a reading grade
  grade        REAL NOT NULL,
  grade2       REAL NOT NULL,
  PRIMARY KEY (span, at, route, model, app, name, basis)
) STRICT, WITHOUT ROWID;
