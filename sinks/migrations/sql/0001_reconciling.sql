-- The HIS's own charge lines, and how they differ from the books.
SELECT;
