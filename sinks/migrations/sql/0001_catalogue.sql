-- The catalogue as people look at it.
SELECT;
