-- An identity number behind an application identifier, twice in a row, with the year apart or in groups of four is one too.

CREATE OR REPLACE FUNCTION udi.masked(p_text text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    weights constant integer[] := ARRAY[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    gap     constant text := '[ .-]{0,2}';
    form    constant text := '[1-9][0-9]{5}' || gap || '(?:(?:18|19|20)[0-9]{6}|(?:18|19|20)[0-9]{2}' || gap || '[0-9]{4})' || gap || '[0-9]{3}[0-9Xx]'
                             || '|[1-9][0-9]{3}' || gap || '[0-9]{2}(?:18|19|20)' || gap || '[0-9]{4}' || gap || '[0-9]{4}' || gap || '[0-9][0-9Xx]';
    before  constant text := '(?:(?<![0-9])|(?<=\][A-Za-z][0-9])|(?<=\\[0-9]{6}))';
    element constant text := '(?:10|2[12]|235|24[013]|25[0134]|40[013]|71[0-6]|80(?:02|04|1[023]|20)|9[0-9])?';
    found   text;
    digits  text;
    total   integer;
BEGIN
    FOR found IN
        SELECT number FROM regexp_matches(p_text, before || element || '(' || form || ')(' || form || ')?(?![0-9])', 'g') m, unnest(m) number
        WHERE number IS NOT NULL
    LOOP
        digits := translate(found, ' .-', '');
        SELECT sum(substr(digits, place, 1)::integer * weights[place]) INTO total FROM generate_series(1, 17) place;
        CONTINUE WHEN substr('10X98765432', total % 11 + 1, 1) <> upper(right(digits, 1));
        BEGIN
            PERFORM make_date(substr(digits, 7, 4)::integer, substr(digits, 11, 2)::integer, substr(digits, 13, 2)::integer);
        EXCEPTION WHEN datetime_field_overflow THEN
            CONTINUE;
        END;
        p_text := replace(p_text, found, left(found, 3) || repeat('*', length(found) - 3));
    END LOOP;
    RETURN p_text;
END $$;
